/* SPDX: no licence chosen yet, see README */
/* clang-format off */
/*
 * budget.h - limits that a run must keep, and who broke them: for CI.
 *
 * A budget file has a rule a line; '#' begins a comment; words with blanks stand in "quotes":
 *
 *     tree peak 64M                absolute: bytes, or K, M, G (powers of 1024; KiB, MiB, GiB too)
 *     tree leaked 0
 *     tree total +10%              over the baseline
 *     process cc1 peak 200M        a program; each of its processes for peak and rss
 *     function "parse_*" peak +1M  names are shell patterns (fnmatch(3)), each match by itself
 *     line pool.c:grow at-peak +5% FILE:FUNCTION or FILE:LINE
 *     task load peak 300M          a region marked in code or by a script, or a function
 *
 * What the baseline does not have counts as 0 there.
 */
/* clang-format on */
#pragma once

#include "report/compare/match.h"

struct mw_budget_rule {
	enum mw_ledger_kind kind;
	const char *pattern; /* "" for the tree; points into the budget's text */
	enum mw_ledger_value value;
	int64_t limit;	  /* bytes or blocks; over the baseline if is_relative */
	double percent;	  /* over the baseline, if is_percent */
	bool is_relative; /* limit was +SIZE */
	bool is_percent;
	unsigned line; /* in the budget file */
	size_t n_matched;
};

struct mw_breach {
	size_t rule_idx;
	const struct mw_match *match;
	int64_t limit, found;
};

struct mw_budget {
	char *text; /* owned */
	const char *name;
	MW_ARRAY(struct mw_budget_rule) rules;
	MW_ARRAY(struct mw_breach) breaches;
};

/**
 * mw_budget_parse() - a budget file's bytes
 * @name: for messages; borrowed
 * @text: NUL-terminated, owned by the budget from here on
 * Return: 0, -EINVAL (diag: "<name>:<line>: <what>") or -ENOMEM. deinit in every case.
 */
int mw_budget_parse(struct mw_budget *budget, const char *name, char *text, struct mw_diag *diag);

/** mw_budget_needs_baseline() - has it a rule relative to one? */
bool mw_budget_needs_baseline(const struct mw_budget *budget);

/** mw_budget_check() - find the breaches, in the order of rules; 0 or -ENOMEM. */
int mw_budget_check(struct mw_budget *budget, const struct mw_matches *matches);

/** mw_budget_print() - a line a breach, and for rules that match nothing; then the tally. */
void mw_budget_print(FILE *out, const struct mw_budget *budget);

/** mw_budget_write_junit() - JUnit XML: a test case a rule; 0 or -EIO. */
int mw_budget_write_junit(FILE *out, const struct mw_budget *budget);

/** mw_budget_print_annotations() - GitHub's "::error file=...,line=...::text". */
void mw_budget_print_annotations(FILE *out, const struct mw_budget *budget);

void mw_budget_deinit(struct mw_budget *budget);
