/* SPDX: no licence chosen yet, see README */
/*
 * regex.h - regular expressions, for --function, --include and --exclude: one dialect for all,
 * PCRE2, which takes what users of Rust, Perl and Python type (\d, (?i), lazy quantifiers).
 */
#pragma once

#include "report/util/diag.h"

struct mw_regex;

/**
 * mw_regex_create() - compile a pattern
 * @diag: on failure the reason alone, "missing closing parenthesis (at 4)"
 * Return: owned by the caller; NULL when the pattern is bad.
 */
struct mw_regex *mw_regex_create(const char *pattern, struct mw_diag *diag);

/** mw_regex_destroy() - NULL is allowed; returns NULL. */
struct mw_regex *mw_regex_destroy(struct mw_regex *regex);

/**
 * mw_regex_search() - does it match anywhere in @text? Bytes that are no UTF-8 match nothing.
 * Return: 1, 0, or -E2BIG when the search was given up (a pattern that explodes).
 */
int mw_regex_search(const struct mw_regex *regex, const char *text);
