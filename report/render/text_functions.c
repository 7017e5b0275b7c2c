/* SPDX: no licence chosen yet, see README */
/*
 * text_functions.c - per-function peaks. Callers have their callees' bytes, so rows overlap and
 * do not add up.
 */
#include "report/render/text.h"

#include <stdlib.h>

#include "report/model/columns.h"
#include "report/model/functions.h"

static const enum mw_column_id shown_columns[] = {
	MW_COLUMN_TREE_PEAK_BYTES,
	MW_COLUMN_MAX_TOTAL_BYTES,
	MW_COLUMN_ALLOCATED_BYTES,
	MW_COLUMN_ALLOCATED_BLOCKS,
};

#define N_SHOWN (sizeof(shown_columns) / sizeof(shown_columns[0]))
#define FIXED_COLUMNS (N_SHOWN * 11 + 1)

static void print_header(struct mw_text *text, unsigned name_columns)
{
	for (size_t i = 0; i < N_SHOWN; i++)
		fprintf(text->out, "%10s ", mw_columns[shown_columns[i]].title);
	fprintf(text->out, " %-*s %s\n", (int)name_columns, "Function", "Defined in");
}

static void print_row(struct mw_text *text, const struct mw_profile *profile,
	const struct mw_function *function, unsigned name_columns, unsigned place_columns)
{
	char place[4200];
	for (size_t i = 0; i < N_SHOWN; i++) {
		const struct mw_column *column = &mw_columns[shown_columns[i]];
		int64_t value = column->get(&function->through[MWD_CLASS_HEAP]);
		if (column->unit == MW_UNIT_BYTES)
			mw_text_size(text, value);
		else
			fprintf(text->out, "%10lld", (long long)value);
		fputc(' ', text->out);
	}
	fputc(' ', text->out);
	mw_text_cell(text, mw_profile_text(profile, function->name), name_columns, mw_format_cut);
	fputc(' ', text->out);
	mw_text_last_cell(text, mw_text_place(profile, function, 0, place, sizeof(place)),
		place_columns, mw_format_path);
}

void mw_text_functions(struct mw_text *text, const struct mw_view *view)
{
	const struct mw_profile *profile = &view->profile;
	size_t n, n_printed = 0, n_more = 0;
	uint32_t *order = mw_functions_rank(profile, MW_FUNCTION_ORDER_AT_PEAK, &n);
	unsigned room = text->width > FIXED_COLUMNS + 20 ? text->width - FIXED_COLUMNS - 1 : 20;
	unsigned name_columns = room / 2;
	text->has_failed |= !order;
	mw_text_heading(text, "Functions");
	mw_text_caption(text,
		"At peak: bytes of stacks through it at the tree's heap peak. Peak: highest live "
		"heap of a process while it was on the stack.%s%s",
		mw_text_is_asked(view) ? "" : " Functions of the C/C++ libraries left out.",
		profile->is_sampled ? " All but the peak are estimates." : "");
	print_header(text, name_columns);
	for (size_t i = 0; order && i < n; i++) {
		const struct mw_function *function = &profile->functions.items[order[i]];
		if (!mw_text_is_wanted(view, function) || function->is_region)
			continue;
		if (n_printed == view->top) {
			n_more++;
			continue;
		}
		print_row(text, profile, function, name_columns, room - name_columns);
		n_printed++;
	}
	if (n_more > 0)
		mw_text_item(text, "... and %zu more", n_more);
	free(order);
}
