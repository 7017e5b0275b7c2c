/* SPDX: no licence chosen yet, see README */
/*
 * file_lines.c - see file_lines.h. Lines of several functions have one number where code is
 * inlined, instantiated or made by a macro: their sums overlap, so they are not added up, but made
 * anew from the sites.
 */
#include "report/model/file_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/model/functions.h"
#include "report/util/format.h"

#define MAX_NAMED 4 /* candidates in a message */
#define NAME_COLUMNS 80

struct candidates {
	uint32_t files[MAX_NAMED];
	size_t n; /* may be more than are kept */
	bool is_exact;
};

static bool ends_with(const char *path, const char *name)
{
	size_t n = strlen(path), n_name = strlen(name);
	if (n_name == 0 || n_name > n || strcmp(path + n - n_name, name) != 0)
		return false;
	return n == n_name || name[0] == '/' || path[n - n_name - 1] == '/';
}

static void add_candidate(struct candidates *candidates, uint32_t file)
{
	for (size_t i = 0; i < candidates->n && i < MAX_NAMED; i++)
		if (candidates->files[i] == file)
			return;
	if (candidates->n < MAX_NAMED)
		candidates->files[candidates->n] = file;
	candidates->n++;
}

/* Files that end with @name; the one that is it, alone. */
static struct candidates find_all(const struct mw_profile *profile, const char *name)
{
	struct candidates found = { .n = 0 };
	for (size_t i = 0; i < profile->functions.n; i++) {
		uint32_t file = profile->functions.items[i].file;
		const char *path = mw_profile_text(profile, file);
		if (!path || !ends_with(path, name))
			continue;
		if (strcmp(path, name) == 0)
			return (struct candidates){ .files = { file }, .n = 1 };
		add_candidate(&found, file);
	}
	return found;
}

/* Files that the user may have meant: those that held most. */
static int find_largest(const struct mw_profile *profile, struct candidates *found)
{
	size_t n;
	uint32_t *order = mw_functions_rank(profile, MW_FUNCTION_ORDER_AT_PEAK, &n);
	for (size_t i = 0; order && i < n && found->n < MAX_NAMED; i++) {
		const struct mw_function *function = &profile->functions.items[order[i]];
		if (function->file && !function->is_library)
			add_candidate(found, function->file);
	}
	free(order);
	return order ? 0 : -ENOMEM;
}

static void name_all(const struct mw_profile *profile, const struct candidates *candidates,
	char *out, size_t out_bytes)
{
	char path[4 * NAME_COLUMNS + 1];
	size_t used = 0;
	out[0] = '\0';
	for (size_t i = 0; i < candidates->n && i < MAX_NAMED && used < out_bytes; i++) {
		mw_format_path(mw_profile_text(profile, candidates->files[i]), NAME_COLUMNS, path,
			sizeof(path));
		used += (size_t)snprintf(out + used, out_bytes - used, "%s%s", i ? ", " : "", path);
	}
	if (candidates->n > MAX_NAMED && used < out_bytes)
		snprintf(out + used, out_bytes - used, ", ...");
}

int mw_file_lines_find(const struct mw_profile *profile, const char *name, uint32_t *file_out,
	struct mw_diag *diag)
{
	char names[4 * MAX_NAMED * NAME_COLUMNS];
	while (strncmp(name, "./", 2) == 0)
		name += 2;
	struct candidates found = find_all(profile, name);
	if (found.n == 1) {
		*file_out = found.files[0];
		return 0;
	}
	bool is_ambiguous = found.n > 1;
	if (found.n == 0)
		found = find_all(profile, mw_format_basename(name));
	if (found.n == 0 && find_largest(profile, &found) != 0)
		return -ENOMEM;
	name_all(profile, &found, names, sizeof(names));
	if (is_ambiguous)
		mw_diag_set(diag, "--annotate: %.200s: could be %s", name, names);
	else if (found.n > 0)
		mw_diag_set(
			diag, "--annotate: %.200s: no file of the run; there are %s", name, names);
	else
		mw_diag_set(diag, "--annotate: %.200s: the run has no source lines", name);
	return -EINVAL;
}

static int compare_numbers(const void *left, const void *right)
{
	const struct mw_file_line *a = left, *b = right;
	return a->line < b->line ? -1 : a->line > b->line;
}

static bool is_of_file(const struct mw_profile *profile, const struct mw_line *line, uint32_t file)
{
	const struct mw_function *function = &profile->functions.items[line->function_idx];
	return line->line != 0 && function->file == file && mw_profile_shows(profile, function);
}

/* A row for each number. */
static int add_numbers(const struct mw_profile *profile, uint32_t file, struct mw_file_lines *lines)
{
	for (size_t i = 0; i < profile->lines.n; i++) {
		const struct mw_line *line = &profile->lines.items[i];
		if (!is_of_file(profile, line, file))
			continue;
		struct mw_file_line *row = mw_array_push(&lines->items);
		if (!row)
			return -ENOMEM;
		row->line = line->line;
	}
	size_t n = 0;
	if (lines->items.n > 1)
		qsort(lines->items.items, lines->items.n, sizeof(lines->items.items[0]),
			compare_numbers);
	for (size_t i = 0; i < lines->items.n; i++) {
		if (n == 0 || lines->items.items[n - 1].line != lines->items.items[i].line)
			lines->items.items[n++] = lines->items.items[i];
	}
	lines->items.n = n;
	return 0;
}

static void add_site(const struct mw_profile *profile, uint32_t file, struct mw_file_lines *lines,
	uint32_t site_idx)
{
	const struct mw_site *site = &profile->sites.items[site_idx];
	struct mw_frame_walk walk = { .stack = site->stack };
	uint32_t line_idx;
	while (mw_profile_next_frame(profile, &walk, &line_idx)) {
		const struct mw_line *line = &profile->lines.items[line_idx];
		if (!is_of_file(profile, line, file))
			continue;
		struct mw_file_line key = { .line = line->line };
		struct mw_file_line *row = bsearch(
			&key, lines->items.items, lines->items.n, sizeof(key), compare_numbers);
		if (row && row->stamp != site_idx + 1)
			mw_sums_add(&row->heap, &site->sums);
		if (row)
			row->stamp = site_idx + 1;
	}
}

int mw_file_lines_build(
	const struct mw_profile *profile, uint32_t file, struct mw_file_lines *lines)
{
	memset(lines, 0, sizeof(*lines));
	int error = add_numbers(profile, file, lines);
	for (uint32_t i = 0; !error && lines->items.n && i < profile->sites.n; i++) {
		if (profile->sites.items[i].class == MWD_CLASS_HEAP)
			add_site(profile, file, lines, i);
	}
	size_t n = 0;
	for (size_t i = 0; i < lines->items.n; i++) { /* of mappings only: no numbers */
		const struct mw_sums *heap = &lines->items.items[i].heap;
		if (heap->allocated_blocks || heap->freed_here_blocks || heap->freed_blocks)
			lines->items.items[n++] = lines->items.items[i];
	}
	lines->items.n = n;
	return error;
}

void mw_file_lines_deinit(struct mw_file_lines *lines)
{
	mw_array_deinit(&lines->items);
}
