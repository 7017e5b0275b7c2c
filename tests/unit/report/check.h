/* SPDX: no licence chosen yet, see README */
/*
 * check.h - the smallest thing that makes a unit test of report/: says what differed, goes on,
 * and mw_check_status() is main()'s return value.
 */
#pragma once

#include <stdio.h>
#include <string.h>

static int n_failed_checks;

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			n_failed_checks++;                                                         \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
		}                                                                                  \
	} while (0)

#define CHECK_INT(actual, expected)                                                                \
	do {                                                                                       \
		long long got_ = (long long)(actual), want_ = (long long)(expected);               \
		if (got_ != want_) {                                                               \
			n_failed_checks++;                                                         \
			fprintf(stderr, "%s:%d: %s is %lld, expected %lld\n", __FILE__, __LINE__,  \
				#actual, got_, want_);                                             \
		}                                                                                  \
	} while (0)

#define CHECK_TEXT(actual, expected)                                                               \
	do {                                                                                       \
		const char *got_ = (actual), *want_ = (expected);                                  \
		if (got_ == NULL || strcmp(got_, want_) != 0) {                                    \
			n_failed_checks++;                                                         \
			fprintf(stderr, "%s:%d: %s is \"%s\", expected \"%s\"\n", __FILE__,        \
				__LINE__, #actual, got_ ? got_ : "(null)", want_);                 \
		}                                                                                  \
	} while (0)

static inline int mw_check_status(void)
{
	return n_failed_checks != 0;
}
