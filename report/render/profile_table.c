/* SPDX: no licence chosen yet, see README */
/*
 * profile_table.c - the `@profile` table: line, memory, increment, occurrences, source.
 *
 * Layout (memory_profiler 0.61, byte for byte): '{0:>6} {1:>12} {2:>12}  {3:>10}   {4:<}', 61
 * equal signs, cells "%*.*f MiB" of precision + 4 columns, blank where nothing was allocated.
 *
 *   Mem usage    highest live heap of a process seen right after one of the line's events
 *   Increment    allocated - freed while the line is on the stack; without stacks of frees:
 *                allocated - freed of the blocks allocated through it
 *   Occurrences  allocations; of a line that only frees, the blocks it freed
 */
#include "report/render/profile_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TERMINAL_TAB 4	  /* columns; half of the usual, as the numbers take most of a line */
#define PREFIX_COLUMNS 47 /* of a row before the source text */

struct row {
	uint32_t line;
	const struct mw_sums *heap;
};

static int compare_rows(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	return a->line < b->line ? -1 : a->line > b->line;
}

/* The function's lines with numbers, by line; owned by the caller. */
static struct row *collect_rows(
	const struct mw_profile *profile, uint32_t function_idx, size_t *n_out)
{
	size_t n = 0, capacity = 0;
	for (size_t i = 0; i < profile->lines.n; i++)
		capacity += profile->lines.items[i].function_idx == function_idx;
	struct row *rows = malloc((capacity + 1) * sizeof(*rows));
	for (size_t i = 0; rows && i < profile->lines.n; i++) {
		const struct mw_line *line = &profile->lines.items[i];
		const struct mw_sums *heap = &line->through[MWD_CLASS_HEAP];
		if (line->function_idx != function_idx || line->line == 0)
			continue;
		if (heap->allocated_blocks || heap->freed_here_blocks || heap->freed_blocks)
			rows[n++] = (struct row){ line->line, heap };
	}
	if (rows)
		qsort(rows, n, sizeof(*rows), compare_rows);
	*n_out = n;
	return rows;
}

static void format_mib(char out[static 40], const struct mw_text *text, int64_t bytes)
{
	snprintf(out, 40, "%*.*f MiB", (int)text->precision + 4, (int)text->precision,
		(double)bytes / 0x1p20);
}

/* On a terminal: tabs expanded, cut at the right edge. Elsewhere: as it is. */
static void print_contents(struct mw_text *text, const char *contents)
{
	if (text->has_exact_tables) {
		fprintf(text->out, "%s\n", contents);
		return;
	}
	unsigned room = text->width > PREFIX_COLUMNS + 8 ? text->width - PREFIX_COLUMNS : 8;
	char line[1024];
	unsigned n = 0;
	for (; *contents && n < sizeof(line) - 9; contents++) {
		if (*contents == '\t')
			do
				line[n++] = ' ';
			while (n % TERMINAL_TAB != 0);
		else
			line[n++] = *contents;
	}
	line[n] = '\0';
	mw_format_clean(line);
	if (n > room)
		memcpy(line + room - 3, "...", 4);
	fprintf(text->out, "%s\n", line);
}

static void print_row(struct mw_text *text, uint32_t number, const struct mw_sums *heap,
	bool has_free_stacks, const char *contents)
{
	char usage[40] = "", increment[40] = "", occurrences[24] = "";
	if (heap) {
		uint64_t freed = has_free_stacks ? heap->freed_here_bytes : heap->freed_bytes;
		uint64_t n_frees = has_free_stacks ? heap->freed_here_blocks : 0;
		uint64_t n_events = heap->allocated_blocks ? heap->allocated_blocks : n_frees;
		if (n_events != 0) /* else nothing here told the total */
			format_mib(usage, text, (int64_t)heap->max_total_bytes);
		format_mib(increment, text, (int64_t)(heap->allocated_bytes - freed));
		snprintf(occurrences, sizeof(occurrences), "%" PRIu64, n_events);
	}
	fprintf(text->out, "%6" PRIu32 " %12s %12s  %10s   ", number, usage, increment,
		occurrences);
	print_contents(text, contents ? contents : "");
}

static void print_head(struct mw_text *text, const char *file)
{
	static const char rule[] = "=============================================================";
	_Static_assert(sizeof(rule) - 1 == 61, "memory_profiler's rule");
	fprintf(text->out, "Filename: ");
	if (text->has_exact_tables)
		mw_text_whole(text, file);
	else
		mw_text_last_cell(
			text, file, text->width > 20 ? text->width - 10 : 10, mw_format_path);
	fprintf(text->out, "\n%6s %12s %12s  %10s   %s\n%s\n", "Line #", "Mem usage", "Increment",
		"Occurrences", "Line Contents", rule);
}

void mw_profile_table_print(struct mw_text *text, const struct mw_profile *profile,
	uint32_t function_idx, const struct mw_source *source)
{
	const struct mw_function *function = &profile->functions.items[function_idx];
	const char *name = mw_profile_text(profile, function->name);
	size_t n;
	struct row *rows = collect_rows(profile, function_idx, &n);
	text->has_failed |= !rows;
	print_head(text, mw_profile_text(profile, function->file));
	size_t next = 0;
	uint32_t last = n > 0 ? function->last_line : 0;
	uint32_t at =
		source && rows ? mw_source_find_function(source, name, function->first_line) : 0;
	for (; source && rows && at <= last && mw_source_line(source, at); at++) {
		bool has_numbers = next < n && rows[next].line == at;
		print_row(text, at, has_numbers ? rows[next].heap : NULL, profile->has_free_stacks,
			mw_source_line(source, at));
		next += has_numbers;
	}
	/* Lines the source on disk does not have (any more), or all of them without source. */
	for (; rows && next < n; next++)
		print_row(text, rows[next].line, rows[next].heap, profile->has_free_stacks, NULL);
	fputs("\n\n", text->out);
	free(rows);
}
