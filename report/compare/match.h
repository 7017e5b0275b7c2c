/* SPDX: no licence chosen yet, see README */
/*
 * match.h - which row of one ledger is which of another's: before and after, side by side.
 *
 * Rows of one name are added up first. Kinds other than lines are matched by name. Lines are
 * matched inside their function: same number and text; then same text (the line has moved); then,
 * if as many are left over on both sides, in their order (the line was edited), else by number.
 * Code without symbols is matched by address while both sides are one build, else by module.
 */
#pragma once

#include "report/compare/ledger.h"

enum { MW_BEFORE, MW_AFTER };

struct mw_match {
	enum mw_ledger_kind kind;
	/* Borrowed from the ledgers; "" = none. Of the later side where both have it. */
	const char *module, *function, *file, *path, *text;
	bool is_in[2];			       /* there at all */
	uint32_t line[2];		       /* 0 = unknown */
	int64_t values[2][MW_LEDGER_N_VALUES]; /* 0 on a side that lacks the row */
};

struct mw_matches {
	MW_ARRAY(struct mw_match) items; /* by kind, module, function, file, line */
};

/** mw_match_ledgers() - 0 or -ENOMEM; the result borrows from both; deinit in every case. */
int mw_match_ledgers(
	struct mw_matches *matches, const struct mw_ledger *before, const struct mw_ledger *after);
void mw_matches_deinit(struct mw_matches *matches);

/** mw_match_change() - after minus before, 0 where a side does not know the value. */
int64_t mw_match_change(const struct mw_match *match, enum mw_ledger_value value);
