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
 *
 * --wide puts columns of columns.h between these and the source.
 */
#include "report/render/profile_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/model/columns.h"

#define TERMINAL_TAB 4	  /* columns; half of the usual, as the numbers take most of a line */
#define PREFIX_COLUMNS 47 /* of a row before the source text */

static int compare_rows(const void *left, const void *right)
{
	const struct mw_table_line *a = left, *b = right;
	return a->line < b->line ? -1 : a->line > b->line;
}

/* The function's lines with numbers, by line; owned by the caller. */
static struct mw_table_line *collect_rows(
	const struct mw_profile *profile, uint32_t function_idx, size_t *n_out)
{
	size_t n = 0, capacity = 0;
	for (size_t i = 0; i < profile->lines.n; i++)
		capacity += profile->lines.items[i].function_idx == function_idx;
	struct mw_table_line *rows = malloc((capacity + 1) * sizeof(*rows));
	for (size_t i = 0; rows && i < profile->lines.n; i++) {
		const struct mw_line *line = &profile->lines.items[i];
		const struct mw_sums *heap = &line->through[MWD_CLASS_HEAP];
		if (line->function_idx != function_idx || line->line == 0)
			continue;
		if (heap->allocated_blocks || heap->freed_here_blocks || heap->freed_blocks)
			rows[n++] = (struct mw_table_line){ line->line, heap };
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

/* The columns of --wide, and last of all the share of the peak. */
#define N_WIDE 4
#define WIDE_COLUMNS (N_WIDE * 13 + 8) /* on screen */

static const struct mw_column *wide_column(const struct mw_profile *profile, size_t i)
{
	/* Allocated minus the second one is the increment. */
	const enum mw_column_id ids[N_WIDE] = { MW_COLUMN_ALLOCATED_BYTES,
		profile->has_free_stacks ? MW_COLUMN_FREED_HERE_BYTES : MW_COLUMN_FREED_BYTES,
		MW_COLUMN_TREE_PEAK_BYTES, MW_COLUMN_TREE_PEAK_BLOCKS };
	return &mw_columns[ids[i]];
}

static void print_wide(
	struct mw_text *text, const struct mw_profile *profile, const struct mw_sums *heap)
{
	char cell[40] = "";
	for (size_t i = 0; i < N_WIDE; i++) {
		const struct mw_column *column = wide_column(profile, i);
		if (heap && column->unit == MW_UNIT_BYTES)
			format_mib(cell, text, column->get(heap));
		else if (heap)
			snprintf(cell, sizeof(cell), "%" PRId64, column->get(heap));
		fprintf(text->out, "%12s ", cell);
	}
	int64_t whole = mw_columns[MW_COLUMN_TREE_PEAK_BYTES].get(&profile->sums[MWD_CLASS_HEAP]);
	if (heap)
		snprintf(cell, sizeof(cell), "%.1f%%",
			whole ? 100.0 * (double)heap->peak_bytes[MWD_PEAK_TREE_HEAP] / (double)whole
			      : 0.0);
	fprintf(text->out, "%6s  ", cell);
}

/* On a terminal: tabs expanded, cut at the right edge. Elsewhere: as it is. */
static void print_contents(struct mw_text *text, const char *contents)
{
	if (text->has_exact_tables) {
		fprintf(text->out, "%s\n", contents);
		return;
	}
	unsigned prefix = PREFIX_COLUMNS + (text->is_wide ? WIDE_COLUMNS : 0);
	unsigned room = text->width > prefix + 8 ? text->width - prefix : 8;
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

static void print_row(struct mw_text *text, const struct mw_profile *profile, uint32_t number,
	const struct mw_sums *heap, const char *contents)
{
	char usage[40] = "", increment[40] = "", occurrences[24] = "";
	if (heap) {
		bool has_free_stacks = profile->has_free_stacks;
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
	if (text->is_wide)
		print_wide(text, profile, heap);
	print_contents(text, contents ? contents : "");
}

static void print_head(struct mw_text *text, const struct mw_profile *profile, const char *file)
{
	static const char rule[] = "=============================================================";
	_Static_assert(sizeof(rule) - 1 == 61, "memory_profiler's rule");
	_Static_assert(WIDE_COLUMNS < 61, "a second one is cut to this");
	fprintf(text->out, "Filename: ");
	if (text->has_exact_tables)
		mw_text_whole(text, file);
	else
		mw_text_last_cell(
			text, file, text->width > 20 ? text->width - 10 : 10, mw_format_path);
	fprintf(text->out, "\n%6s %12s %12s  %10s   ", "Line #", "Mem usage", "Increment",
		"Occurrences");
	for (size_t i = 0; text->is_wide && i < N_WIDE; i++)
		fprintf(text->out, "%12s ", wide_column(profile, i)->title);
	fprintf(text->out, "%sLine Contents\n%s%.*s\n", text->is_wide ? " Share  " : "", rule,
		text->is_wide ? WIDE_COLUMNS : 0, rule);
}

/* Source lines @first to @last with their numbers; lines that the source on disk does not have (any
 * more), or all of them without source. */
static void print_rows(struct mw_text *text, const struct mw_profile *profile,
	const struct mw_table_line *rows, size_t n, const struct mw_source *source, uint32_t first,
	uint32_t last)
{
	size_t next = 0;
	for (uint32_t at = first; source && at <= last && mw_source_line(source, at); at++) {
		bool has_numbers = next < n && rows[next].line == at;
		print_row(text, profile, at, has_numbers ? rows[next].heap : NULL,
			mw_source_line(source, at));
		next += has_numbers;
	}
	for (; next < n; next++)
		print_row(text, profile, rows[next].line, rows[next].heap, NULL);
}

void mw_profile_table_print(struct mw_text *text, const struct mw_profile *profile,
	uint32_t function_idx, const struct mw_source *source)
{
	const struct mw_function *function = &profile->functions.items[function_idx];
	const char *name = mw_profile_text(profile, function->name);
	size_t n;
	struct mw_table_line *rows = collect_rows(profile, function_idx, &n);
	text->has_failed |= !rows;
	print_head(text, profile, mw_profile_text(profile, function->file));
	uint32_t first =
		source && rows ? mw_source_find_function(source, name, function->first_line) : 0;
	print_rows(text, profile, rows, n, source, first, n > 0 ? function->last_line : 0);
	fputs("\n\n", text->out);
	free(rows);
}

void mw_profile_table_print_file(struct mw_text *text, const struct mw_profile *profile,
	const char *file, const struct mw_table_line *rows, size_t n,
	const struct mw_source *source)
{
	print_head(text, profile, file);
	print_rows(text, profile, rows, n, source, 1, UINT32_MAX);
	fputs("\n\n", text->out);
}

void mw_profile_table_explain(struct mw_text *text, const struct mw_profile *profile)
{
	const char *increment = profile->has_free_stacks
					? "Increment: allocated minus freed while the line was on "
					  "the stack."
					: "Increment: allocated minus freed of the blocks "
					  "allocated through the line (stacks of frees were not "
					  "recorded).";
	char wide[200] = "";
	if (text->is_wide)
		snprintf(wide, sizeof(wide),
			" %s and %s are its two parts. %s, Blocks, Share: allocated through the "
			"line and live at the tree's heap peak.",
			wide_column(profile, 0)->title, wide_column(profile, 1)->title,
			wide_column(profile, 2)->title);
	mw_text_caption(text, "%s%s%s", increment, wide,
		profile->is_sampled ? " All but Mem usage are estimates from samples." : "");
}
