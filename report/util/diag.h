/* SPDX: no licence chosen yet, see README */
/*
 * diag.h - one line about what went wrong. Library code fills it; only commands print it.
 */
#pragma once

#include <stdio.h>

struct mw_diag {
	char text[512]; /* "<file>: <what>", no newline; empty = nothing to say */
};

/* Later messages do not overwrite the first: the first one is the cause. */
#define mw_diag_set(diag, ...)                                                                     \
	do {                                                                                       \
		if ((diag)->text[0] == '\0')                                                       \
			(void)snprintf((diag)->text, sizeof((diag)->text), __VA_ARGS__);           \
	} while (0)
