/* SPDX: no licence chosen yet, see README */
/*
 * text_callers.c - --callers: one function between those that call it and those it calls.
 *
 * Of each stack that passes through the function, once however deep it recurses, the bytes are
 * those of the function, of the caller of its outermost call, and of the callee of its innermost
 * one: callers add up to it, and so do callees, where what it allocates itself is one of them.
 */
#include "report/render/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/model/columns.h"
#include "report/model/functions.h"

static const enum mw_column_id shown_columns[] = { MW_COLUMN_TREE_PEAK_BYTES, MW_COLUMN_LIVE_BYTES,
	MW_COLUMN_ALLOCATED_BYTES, MW_COLUMN_ALLOCATED_BLOCKS };

#define N_SHOWN (sizeof(shown_columns) / sizeof(shown_columns[0]))
#define FIXED_COLUMNS (N_SHOWN * 11 + 1)

/* By function, and at the end for none: nobody called it, or it called nobody. */
struct neighbours {
	struct mw_sums *callers, *callees; /* owned */
	size_t n;
	struct mw_sums self;
};

/* Where a function stands in a stack. */
struct place {
	bool is_there;
	uint32_t caller, callee; /* functions; @none if there is none */
};

static struct place find_place(
	const struct mw_profile *profile, uint32_t stack, uint32_t function_idx, uint32_t none)
{
	struct mw_frame_walk walk = { .stack = stack };
	struct place place = { false, none, none };
	uint32_t line_idx, inner = none;
	while (mw_profile_next_frame(profile, &walk, &line_idx)) {
		uint32_t at = profile->lines.items[line_idx].function_idx;
		if (at == function_idx && !place.is_there) {
			place.is_there = true;
			place.callee = inner;
		}
		if (inner == function_idx)
			place.caller = at;
		inner = at;
	}
	if (inner == function_idx)
		place.caller = none;
	return place;
}

static void count(const struct mw_profile *profile, uint32_t function_idx, struct neighbours *out)
{
	memset(out->callers, 0, (out->n + 1) * sizeof(*out->callers));
	memset(out->callees, 0, (out->n + 1) * sizeof(*out->callees));
	memset(&out->self, 0, sizeof(out->self));
	for (size_t i = 0; i < profile->sites.n; i++) {
		const struct mw_site *site = &profile->sites.items[i];
		if (site->class != MWD_CLASS_HEAP)
			continue;
		struct place place =
			find_place(profile, site->stack, function_idx, (uint32_t)out->n);
		if (!place.is_there)
			continue;
		mw_sums_add(&out->self, &site->sums);
		mw_sums_add(&out->callers[place.caller], &site->sums);
		mw_sums_add(&out->callees[place.callee], &site->sums);
	}
}

static void print_row(
	struct mw_text *text, const struct mw_sums *sums, const char *mark, const char *name)
{
	for (size_t i = 0; i < N_SHOWN; i++) {
		const struct mw_column *column = &mw_columns[shown_columns[i]];
		if (column->unit == MW_UNIT_BYTES)
			mw_text_size(text, column->get(sums));
		else
			fprintf(text->out, "%10" PRId64, column->get(sums));
		fputc(' ', text->out);
	}
	fprintf(text->out, " %s", mark);
	mw_text_last_cell(
		text, name, text->width - (unsigned)(FIXED_COLUMNS + strlen(mark)), mw_format_cut);
}

/* Most at the peak first, then most in all; for qsort(), which takes no context. */
static const struct mw_sums *ranked;

static int compare_rank(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	int64_t x = ranked[a].peak_bytes[MWD_PEAK_TREE_HEAP];
	int64_t y = ranked[b].peak_bytes[MWD_PEAK_TREE_HEAP];
	if (x != y)
		return x > y ? -1 : 1;
	if (ranked[a].allocated_bytes != ranked[b].allocated_bytes)
		return ranked[a].allocated_bytes > ranked[b].allocated_bytes ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void print_neighbours(struct mw_text *text, const struct mw_view *view,
	const struct mw_sums *sums, const char *mark, const char *none)
{
	const struct mw_profile *profile = &view->profile;
	size_t n = 0, n_functions = profile->functions.n;
	uint32_t *order = malloc((n_functions + 1) * sizeof(*order));
	struct mw_sums rest = { 0 };
	text->has_failed |= !order;
	for (uint32_t i = 0; order && i <= n_functions; i++)
		if (sums[i].allocated_blocks || sums[i].freed_here_blocks)
			order[n++] = i;
	ranked = sums;
	if (order)
		qsort(order, n, sizeof(*order), compare_rank);
	for (size_t i = 0; order && i < n; i++) {
		if (i >= view->top)
			mw_sums_add(&rest, &sums[order[i]]);
		else if (order[i] == n_functions)
			print_row(text, &sums[order[i]], mark, none);
		else
			print_row(text, &sums[order[i]], mark,
				mw_profile_text(profile, profile->functions.items[order[i]].name));
	}
	if (n > view->top) {
		char what[64];
		snprintf(what, sizeof(what), "... and %zu more", n - view->top);
		print_row(text, &rest, mark, what);
	}
	free(order);
}

static void print_function(struct mw_text *text, const struct mw_view *view, uint32_t function_idx,
	struct neighbours *neighbours)
{
	const struct mw_profile *profile = &view->profile;
	const struct mw_function *function = &profile->functions.items[function_idx];
	char place[4200], name[4800];
	count(profile, function_idx, neighbours);
	fputc('\n', text->out);
	for (size_t i = 0; i < N_SHOWN; i++)
		fprintf(text->out, "%10s ", mw_columns[shown_columns[i]].title);
	fputs(" Called by, function, calls\n", text->out);
	print_neighbours(text, view, neighbours->callers, "  < ", "(nobody known)");
	snprintf(name, sizeof(name), "%s  %s", mw_profile_text(profile, function->name),
		mw_format_basename(mw_text_place(
			profile, function, function->first_line, place, sizeof(place))));
	fputs(text->has_color ? "\033[1m" : "", text->out);
	print_row(text, &neighbours->self, "", name);
	fputs(text->has_color ? "\033[0m" : "", text->out);
	print_neighbours(text, view, neighbours->callees, "  > ", "(allocated here)");
}

void mw_callers_render(
	struct mw_text *text, const struct mw_view *view, const struct mw_regex *regex)
{
	const struct mw_profile *profile = &view->profile;
	size_t n, n_found = 0, n_functions = profile->functions.n;
	uint32_t *order = mw_functions_rank(profile, MW_FUNCTION_ORDER_AT_PEAK, &n);
	struct neighbours neighbours = { .n = n_functions };
	neighbours.callers = malloc((n_functions + 1) * sizeof(struct mw_sums));
	neighbours.callees = malloc((n_functions + 1) * sizeof(struct mw_sums));
	bool is_good = order && neighbours.callers && neighbours.callees;
	text->has_failed |= !is_good;
	for (size_t i = 0; is_good && i < n; i++) {
		const char *name =
			mw_profile_text(profile, profile->functions.items[order[i]].name);
		if (mw_regex_search(regex, name) <= 0)
			continue;
		if (n_found++ < view->top)
			print_function(text, view, order[i], &neighbours);
	}
	if (n_found > view->top)
		mw_text_item(text, "... and %zu more functions", n_found - view->top);
	if (is_good && n_found == 0)
		mw_text_item(text, "no function of that name allocated or freed anything");
	free(order);
	free(neighbours.callers);
	free(neighbours.callees);
}
