/* SPDX: no licence chosen yet, see README */
/*
 * check.h - the smallest thing that makes a unit test: says what differed, goes on, and lets
 * main() return the verdict. Beside hook -> ... -> render; used by the tests of the launcher.
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
		long long got_ = (actual), want_ = (expected);                                     \
		if (got_ != want_) {                                                               \
			n_failed_checks++;                                                         \
			fprintf(stderr, "%s:%d: %s is %lld, expected %lld\n", __FILE__, __LINE__,  \
				#actual, got_, want_);                                             \
		}                                                                                  \
	} while (0)

#define CHECK_STRING(actual, expected)                                                             \
	do {                                                                                       \
		const char *got_ = (actual), *want_ = (expected);                                  \
		if (got_ == NULL || strcmp(got_, want_) != 0) {                                    \
			n_failed_checks++;                                                         \
			fprintf(stderr, "%s:%d: %s is \"%s\", expected \"%s\"\n", __FILE__,        \
				__LINE__, #actual, got_ ? got_ : "(null)", want_);                 \
		}                                                                                  \
	} while (0)
