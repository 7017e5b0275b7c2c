/* SPDX: no licence chosen yet, see README */
/*
 * text_profiles.c - which functions get a `@profile` table: those --function names, else the
 * few that held most at the tree's peak and whose source is on disk.
 */
#include "report/render/profile_table.h"

#include <errno.h>
#include <stdlib.h>

#include "report/model/functions.h"

#define N_CHOSEN 5 /* without --function */

static bool is_candidate(const struct mw_view *view, const struct mw_function *function)
{
	if (function->file == 0 || function->first_line == 0)
		return false;
	return mw_text_is_wanted(view, function);
}

/* Prints the table of a function if it is one to print; false if not. */
static bool print_function(struct mw_text *text, const struct mw_view *view, uint32_t function_idx)
{
	const struct mw_profile *profile = &view->profile;
	const struct mw_function *function = &profile->functions.items[function_idx];
	if (!is_candidate(view, function))
		return false;
	struct mw_source source = { 0 };
	int error = view->wants_source ? mw_source_open(mw_profile_text(profile, function->file),
						 mw_profile_owner(profile), &source)
				       : -ENOENT;
	bool has_source = error == 0;
	text->has_failed |= error == -ENOMEM;
	bool is_printed = has_source || view->regex || !view->wants_source;
	if (is_printed) {
		mw_profile_table_print(text, profile, function_idx, has_source ? &source : NULL);
		if (!has_source && view->wants_source)
			mw_text_caption(text, "(source not on disk: only lines with numbers)");
	}
	mw_source_close(&source);
	return is_printed;
}

size_t mw_text_profile_tables(struct mw_text *text, const struct mw_view *view)
{
	size_t n, n_printed = 0;
	uint32_t *order = mw_functions_rank(&view->profile, MW_FUNCTION_ORDER_AT_PEAK, &n);
	text->has_failed |= !order;
	unsigned limit = view->regex ? view->top : N_CHOSEN;
	for (size_t i = 0; order && i < n && n_printed < limit; i++)
		n_printed += print_function(text, view, order[i]);
	free(order);
	return n_printed;
}

void mw_text_profiles(struct mw_text *text, const struct mw_view *view)
{
	mw_text_heading(text, "Line by line");
	if (mw_text_profile_tables(text, view) == 0)
		mw_text_item(text, view->regex ? "no function with source lines matches"
					       : "no function with debug lines and source on disk");
	else
		mw_profile_table_explain(text, &view->profile);
}
