/* SPDX: no licence chosen yet, see README */
/*
 * process_commands.c - what a row of the process table is called: short and safe for a terminal,
 * or the whole command line. See processes.h.
 */
#include "report/model/processes.h"

#include <stdlib.h>
#include <string.h>

#include "report/util/format.h"

static const struct mw_image *image_of(
	const struct mw_profile *profile, const struct mw_process_row *row)
{
	return row->image_idx == MW_NONE ? NULL : &profile->images.items[row->image_idx];
}

static size_t cmdline_bytes(const struct mw_image *image)
{
	size_t n = image->head->cmdline_bytes;
	return n < MWD_CMDLINE_BYTES ? n : MWD_CMDLINE_BYTES;
}

/* NUL separated words to blanks; the first to its base name. */
static void copy_cmdline(const char *words, size_t n_bytes, char *out, size_t out_bytes)
{
	while (n_bytes > 0 && words[n_bytes - 1] == '\0')
		n_bytes--;
	size_t n_first = strnlen(words, n_bytes);
	const char *slash = memrchr(words, '/', n_first);
	size_t skipped = slash ? (size_t)(slash - words) + 1 : 0;
	size_t n = n_bytes - skipped;
	if (n >= out_bytes)
		n = out_bytes - 1;
	memcpy(out, words + skipped, n);
	out[n] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (out[i] == '\0')
			out[i] = ' ';
	}
}

const char *mw_processes_unfollowed_command(
	const struct mw_profile *profile, const struct mw_process_row *row)
{
	const char *command =
		row->seen ? row->seen->command : profile->runs.items[row->run_idx].info.command;
	return command ? command : "?";
}

const char *mw_processes_command(const struct mw_profile *profile, const struct mw_process_row *row,
	char *out, size_t out_bytes)
{
	const struct mw_image *image = image_of(profile, row);
	out[0] = '\0';
	if (image) {
		copy_cmdline(image->head->cmdline, cmdline_bytes(image), out, out_bytes);
		if (out[0] == '\0')
			snprintf(out, out_bytes, "%s", mw_profile_text(profile, image->program));
	} else {
		const char *command = mw_processes_unfollowed_command(profile, row);
		size_t n_first = strcspn(command, " ");
		const char *slash = memrchr(command, '/', n_first);
		snprintf(out, out_bytes, "%s", slash ? slash + 1 : command);
	}
	mw_format_clean(out);
	return out;
}

/* The launcher reads more of a command line than an image has room for. */
static bool is_cut(const struct mw_image *image, const char *words, const char *seen)
{
	size_t n = strlen(words);
	return cmdline_bytes(image) >= MWD_CMDLINE_BYTES - 1 && n > 0 &&
	       strncmp(words, seen, n) == 0;
}

char *mw_processes_whole_command(const struct mw_profile *profile, const struct mw_process_row *row)
{
	const struct mw_image *image = image_of(profile, row);
	if (!image)
		return strdup(mw_processes_unfollowed_command(profile, row));
	char words[MWD_CMDLINE_BYTES + 1];
	size_t n = cmdline_bytes(image);
	memcpy(words, image->head->cmdline, n);
	while (n > 0 && words[n - 1] == '\0')
		n--;
	words[n] = '\0';
	for (size_t i = 0; i < n; i++) {
		if (words[i] == '\0' || words[i] == '\n')
			words[i] = ' ';
	}
	if (row->seen && row->seen->command && is_cut(image, words, row->seen->command))
		return strdup(row->seen->command);
	return strdup(n > 0 ? words : mw_profile_text(profile, image->program));
}
