/* SPDX: no licence chosen yet, see README */
/*
 * functions.h - functions in the order tables show them.
 */
#pragma once

#include "report/model/profile.h"

enum mw_function_order {
	MW_FUNCTION_ORDER_AT_PEAK,   /* bytes through it at the tree's heap peak, then MAX_TOTAL */
	MW_FUNCTION_ORDER_MAX_TOTAL, /* highest live total of a process while it was on the stack */
};

/**
 * mw_functions_rank() - function indices with heap allocations or frees, first in order first
 * @n_out: how many
 * Return: owned by the caller (free()), NULL when out of memory.
 */
uint32_t *mw_functions_rank(
	const struct mw_profile *profile, enum mw_function_order order, size_t *n_out);

/**
 * mw_functions_name() - what a line's function is called: its name, or "cc1+0x1234" without symbol
 * Return: @out.
 */
const char *mw_functions_name(
	const struct mw_profile *profile, const struct mw_line *line, char *out, size_t out_bytes);
