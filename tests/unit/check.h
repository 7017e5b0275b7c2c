/* SPDX: no licence chosen yet, see README */
/*
 * check.h - CHECK() for the unit tests: says what did not hold and where, goes on, and counts.
 * A test program ends with `return mw_check_tally("name");`: one line, and 1 if anything failed.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static unsigned mw_check_n_passed;
static unsigned mw_check_n_failed;
static unsigned mw_check_n_skipped;

#define CHECK(condition) mw_check((condition), #condition, __FILE__, __LINE__)

/* Both may be NULL. */
#define CHECK_TEXT(actual, expected)                                                               \
	mw_check_text((actual), (expected), #actual, __FILE__, __LINE__)

#define CHECK_NUMBER(actual, expected)                                                             \
	mw_check_number((long long)(actual), (long long)(expected), #actual, __FILE__, __LINE__)

static inline bool mw_check(bool is_good, const char *what, const char *file, int line)
{
	if (is_good)
		mw_check_n_passed++;
	else
		mw_check_n_failed++;
	if (!is_good)
		fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	return is_good;
}

static inline bool mw_check_text(
	const char *actual, const char *expected, const char *what, const char *file, int line)
{
	bool is_good = actual && expected ? strcmp(actual, expected) == 0 : actual == expected;

	if (!is_good)
		fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", file, line, what,
			actual ? actual : "(null)", expected ? expected : "(null)");
	return mw_check(is_good, what, file, line);
}

static inline bool mw_check_number(
	long long actual, long long expected, const char *what, const char *file, int line)
{
	if (actual != expected)
		fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", file, line, what, actual,
			expected);
	return mw_check(actual == expected, what, file, line);
}

/* A part that cannot run here, and why. */
static inline void mw_check_skip(const char *what, const char *reason)
{
	printf("skip: %s: %s\n", what, reason);
	mw_check_n_skipped++;
}

static inline int mw_check_tally(const char *name)
{
	printf("%s: %u checks passed, %u failed, %u parts skipped\n", name, mw_check_n_passed,
		mw_check_n_failed, mw_check_n_skipped);
	return mw_check_n_failed > 0 || mw_check_n_passed == 0;
}
