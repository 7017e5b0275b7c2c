/* SPDX: no licence chosen yet, see README */
/*
 * diff.h - two runs side by side, for people and as JSON.
 */
#pragma once

#include "report/compare/match.h"
#include "report/render/text.h"

struct mw_diff_options {
	enum mw_ledger_value value; /* what rows are sorted by */
	enum mw_ledger_kind by;	    /* LINE or FUNCTION */
	unsigned top;		    /* UINT_MAX = all */
	const char *names[2];	    /* as the user named the two runs */
};

/** mw_diff_render() - text: the tree, programs, then what changed most. */
void mw_diff_render(struct mw_text *text, const struct mw_matches *matches,
	const struct mw_diff_options *options);

/** mw_diff_write_json() - every row that changed in any value; 0 or -EIO. */
int mw_diff_write_json(
	FILE *out, const struct mw_matches *matches, const struct mw_diff_options *options);

/** mw_diff_count() - rows of @kind that differ in @value. */
size_t mw_diff_count(
	const struct mw_matches *matches, enum mw_ledger_kind kind, enum mw_ledger_value value);
