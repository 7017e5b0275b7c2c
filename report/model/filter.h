/* SPDX: no licence chosen yet, see README */
/*
 * filter.h - --include, --exclude, --process: which processes the outputs show. Totals never
 * change.
 */
#pragma once

#include <stdbool.h>

#include "report/util/diag.h"

struct mw_regex;

struct mw_filter {
	const char *include, *exclude;			/* patterns; NULL = none; borrowed */
	struct mw_regex *include_regex, *exclude_regex; /* owned */
	/* --process, by which other things are filtered, too; set after init; borrowed, NULL = none
	 */
	const char *process;
	const struct mw_regex *process_regex;
};

/**
 * mw_filter_init() - compile what is given
 * @diag: "Invalid exclude pattern '[[x': must be valid regex: <reason>"
 * Return: 0 or -EINVAL. deinit in every case.
 */
int mw_filter_init(struct mw_filter *filter_out, const char *include, const char *exclude,
	struct mw_diag *diag);
void mw_filter_deinit(struct mw_filter *filter);

/** mw_filter_is_active() - is there any pattern? */
bool mw_filter_is_active(const struct mw_filter *filter);

/**
 * mw_filter_shows() - include and process, then exclude, each anywhere in the whole command line
 * Return: 1 shown, 0 hidden, -E2BIG: a pattern was too costly for this text.
 */
int mw_filter_shows(const struct mw_filter *filter, const char *command);
