/* SPDX: no licence chosen yet, see README */
/*
 * text_waste.c - what was leaked, what was allocated only to be freed again, what realloc moved
 * about: the first lines of each in the report, all of them with their stacks under --leaks.
 */
#include "report/render/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/model/functions.h"
#include "report/model/sampled.h"

#define FIXED_COLUMNS 22 /* bytes, blocks */
#define SHORT_ROWS 3
#define STACKS_PER_LINE 3
#define STACK_INDENT 24

static const struct {
	const char *heading;
	bool is_short; /* in the report, too */
} tables[MW_N_WASTE] = {
	[MW_WASTE_LEAKED] = { "Never freed", true },
	[MW_WASTE_CUT_OFF] = { "Live when cut off", false },
	[MW_WASTE_CHURN] = { "Freed again", true },
	[MW_WASTE_MOVED] = { "Moved by realloc", true },
};

struct table {
	struct mw_text *text;
	const struct mw_view *view;
	enum mw_waste_kind kind;
	bool is_whole; /* --leaks */
};

static void print_numbers(const struct table *table, const struct mw_waste_count *count)
{
	mw_text_size(table->text, count->bytes);
	fprintf(table->text->out, " %9" PRId64 "  ", count->blocks);
}

static void print_sum(
	const struct table *table, const struct mw_waste_count *count, const char *what)
{
	print_numbers(table, count);
	mw_text_last_cell(table->text, what, table->text->width - FIXED_COLUMNS, mw_format_cut);
}

static void print_line(const struct table *table, uint32_t line_idx)
{
	struct mw_text *text = table->text;
	const struct mw_profile *profile = &table->view->profile;
	const struct mw_line *line = &profile->lines.items[line_idx];
	unsigned room = text->width - FIXED_COLUMNS - 1, name_columns = room * 45 / 100;
	char place[4200];
	print_numbers(table, &table->view->waste.lines[line_idx].of[table->kind]);
	mw_text_line_name(text, profile, line, name_columns);
	fputc(' ', text->out);
	mw_text_place(profile, &profile->functions.items[line->function_idx], line->line, place,
		sizeof(place));
	mw_text_last_cell(text, place, room - name_columns, mw_format_path);
}

/* Frames up to the outermost one that is nobody's library; all, if there is none. */
static size_t count_frames(const struct mw_profile *profile, uint32_t stack)
{
	struct mw_frame_walk walk = { .stack = stack };
	size_t n = 0, n_own = 0;
	uint32_t line_idx;
	while (mw_profile_next_frame(profile, &walk, &line_idx)) {
		uint32_t function_idx = profile->lines.items[line_idx].function_idx;
		n++;
		if (!profile->functions.items[function_idx].is_library)
			n_own = n;
	}
	return n_own ? n_own : n;
}

/* "push < grow < main": callers to the right, in as many lines as it takes. */
static void print_frames(const struct table *table, uint32_t stack, unsigned at)
{
	const struct mw_profile *profile = &table->view->profile;
	struct mw_frame_walk walk = { .stack = stack };
	unsigned room = table->text->width - STACK_INDENT;
	size_t n = count_frames(profile, stack);
	char name[600], cut[600];
	uint32_t line_idx;
	for (size_t i = 0; i < n && mw_profile_next_frame(profile, &walk, &line_idx); i++) {
		mw_functions_name(profile, &profile->lines.items[line_idx], name, sizeof(name));
		mw_format_clean(name);
		mw_format_cut(name, room - 4, cut, sizeof(cut));
		unsigned columns = (unsigned)mw_format_columns(cut) + (i ? 3 : 1);
		bool is_new = at + columns > room;
		if (is_new)
			fprintf(table->text->out, "\n%*s", STACK_INDENT, "");
		fprintf(table->text->out, " %s%s", i ? "< " : "", cut);
		at = is_new ? columns : at + columns;
	}
	fputc('\n', table->text->out);
}

static void print_stack(const struct table *table, uint32_t site_idx)
{
	const struct mw_waste_count *count = &table->view->waste.sites[site_idx].of[table->kind];
	char head[64], size[MW_FORMAT_BYTES];
	snprintf(head, sizeof(head), "%s in %" PRId64 ":", mw_format_size(size, count->bytes),
		count->blocks);
	fprintf(table->text->out, "%*s%s", STACK_INDENT, "", head);
	print_frames(table, table->view->profile.sites.items[site_idx].stack,
		(unsigned)mw_format_columns(head));
}

static void print_stacks(const struct table *table, uint32_t line_idx)
{
	size_t n;
	uint32_t *sites = mw_waste_rank_sites(
		&table->view->profile, &table->view->waste, table->kind, line_idx, &n);
	table->text->has_failed |= !sites;
	for (size_t i = 0; sites && i < n && i < STACKS_PER_LINE; i++)
		print_stack(table, sites[i]);
	if (sites && n > STACKS_PER_LINE)
		fprintf(table->text->out, "%*s... and %zu more\n", STACK_INDENT, "",
			n - STACKS_PER_LINE);
	free(sites);
}

static void print_lines(const struct table *table)
{
	const struct mw_waste *waste = &table->view->waste;
	unsigned top = table->is_whole		       ? table->view->top
		       : table->view->top < SHORT_ROWS ? table->view->top
						       : SHORT_ROWS;
	struct mw_waste_count rest = { 0 };
	size_t n, n_rest = 0;
	uint32_t *order = mw_waste_rank_lines(&table->view->profile, waste, table->kind, &n);
	table->text->has_failed |= !order;
	for (size_t i = 0; order && i < n; i++) {
		const struct mw_waste_count *count = &waste->lines[order[i]].of[table->kind];
		if (i < top) {
			print_line(table, order[i]);
			if (table->is_whole)
				print_stacks(table, order[i]);
			continue;
		}
		rest.bytes = mw_plus(rest.bytes, count->bytes);
		rest.blocks = mw_plus(rest.blocks, count->blocks);
		n_rest++;
	}
	if (n_rest > 0) {
		char what[64];
		snprintf(what, sizeof(what), "... and %zu more%s", n_rest,
			table->is_whole ? "" : " (--leaks)");
		print_sum(table, &rest, what);
	}
	free(order);
}

static bool has_some(const struct mw_waste_count *count)
{
	return count->bytes != 0 || count->blocks != 0;
}

/* A row in all, or one for each thing that they keep. */
static void print_library(const struct table *table)
{
	const struct mw_waste *waste = &table->view->waste;
	char what[256] = "the C library's own: ";
	size_t used = strlen(what);
	for (size_t i = 0; i < waste->kept.n && used < sizeof(what); i++) {
		const char *comma = i && !table->is_whole ? ", " : "";
		int n = snprintf(
			what + used, sizeof(what) - used, "%s%s", comma, waste->kept.items[i].what);
		if (table->is_whole)
			print_sum(table, &waste->kept.items[i].count, what);
		else
			used += (size_t)n;
	}
	if (waste->kept.n > 0 && !table->is_whole)
		print_sum(table, &waste->total.of[MW_WASTE_LIBRARY], what);
}

/* What is live, but no line's leak; with the sum of all that was live at the end. */
static void print_rest_of_live(const struct table *table)
{
	const struct mw_waste *waste = &table->view->waste;
	const struct mw_waste_tally *total = &waste->total;
	struct mw_waste_count live = { 0 };
	print_library(table);
	if (has_some(&total->of[MW_WASTE_CUT_OFF])) {
		char what[128];
		snprintf(what, sizeof(what),
			"no leak: %zu process%s killed, exec'd or still running", waste->n_cut_off,
			waste->n_cut_off == 1 ? "" : "es");
		print_sum(table, &total->of[MW_WASTE_CUT_OFF], what);
	}
	for (unsigned kind = MW_WASTE_LEAKED; kind <= MW_WASTE_CUT_OFF; kind++) {
		live.bytes = mw_plus(live.bytes, total->of[kind].bytes);
		live.blocks = mw_plus(live.blocks, total->of[kind].blocks);
	}
	print_sum(table, &live, "sum, all live at the end");
}

static void print_table(const struct table *table)
{
	struct mw_text *text = table->text;
	const struct mw_waste *waste = &table->view->waste;
	const char *rest_name = mw_sampled_rest_name(&table->view->profile);
	bool is_leaked = table->kind == MW_WASTE_LEAKED;
	bool has_live = is_leaked && (has_some(&waste->total.of[MW_WASTE_LIBRARY]) ||
					     has_some(&waste->total.of[MW_WASTE_CUT_OFF]));
	if (!has_some(&waste->total.of[table->kind]) && !has_live)
		return;
	unsigned name_columns = (text->width - FIXED_COLUMNS - 1) * 45 / 100;
	fprintf(text->out, "     Bytes    Blocks  %-*s File:line\n", (int)name_columns,
		tables[table->kind].heading);
	print_lines(table);
	if (has_some(&waste->unattributed.of[table->kind]))
		print_sum(table, &waste->unattributed.of[table->kind], "unattributed");
	if (rest_name && has_some(&waste->unstacked.of[table->kind]))
		print_sum(table, &waste->unstacked.of[table->kind], rest_name);
	if (is_leaked)
		print_rest_of_live(table);
	else
		print_sum(table, &waste->total.of[table->kind], "sum");
}

static void print_all(struct mw_text *text, const struct mw_view *view, bool is_whole)
{
	mw_text_heading(text, "Leaks and waste");
	mw_text_caption(text,
		"Never freed: of processes that ended by themselves. Freed again: all that came "
		"and went. Moved: blocks that realloc was given, %s.%s",
		view->waste.has_moved ? "and their sizes before"
				      : "not known without stacks of frees",
		view->profile.is_sampled ? " Lines are estimates." : "");
	for (enum mw_waste_kind kind = 0; kind < MW_N_WASTE; kind++)
		if (tables[kind].heading && (is_whole || tables[kind].is_short) &&
			(kind != MW_WASTE_MOVED || view->waste.has_moved))
			print_table(&(struct table){ text, view, kind, is_whole });
}

void mw_text_waste(struct mw_text *text, const struct mw_view *view)
{
	print_all(text, view, false);
}

void mw_text_leaks(struct mw_text *text, const struct mw_view *view)
{
	print_all(text, view, true);
}
