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

static size_t base_of(const char *command)
{
	const char *slash = memrchr(command, '/', strcspn(command, " "));
	return slash ? (size_t)(slash - command) + 1 : 0;
}

/* Seen before its exec, a process has the words of another program. */
static bool is_command_of(const char *command, const char *program)
{
	command += base_of(command);
	program += base_of(program);
	size_t n = strcspn(program, " ");
	return strcspn(command, " ") == n && memcmp(command, program, n) == 0;
}

const char *mw_processes_unfollowed_command(
	const struct mw_profile *profile, const struct mw_process_row *row)
{
	const struct mw_run_info *info = &profile->runs.items[row->run_idx].info;
	const char *program = row->program ? mw_profile_text(profile, row->program) : NULL;
	const char *command = row->seen			   ? row->seen->command
			      : row->pid == info->root_pid ? info->command
							   : NULL;
	bool has_words = command && command[0] != '\0';
	if (has_words && (!program || is_command_of(command, program)))
		return command;
	return program ? program : "?";
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
		snprintf(out, out_bytes, "%s", command + base_of(command));
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
