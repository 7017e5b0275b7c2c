/* SPDX: no licence chosen yet, see README */
/*
 * oracle.h - compare symbolize/ with addr2line of binutils or LLVM, implementations of their own.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

struct oracle_result {
	size_t n_addresses;
	size_t n_equal;
	size_t n_padding;   /* after the end of a symbol: only addr2line gives a function */
	size_t n_with_file; /* addresses to which addr2line gave a file */
	size_t n_inlined;   /* addresses with more than one level */
	double our_seconds;
	double oracle_seconds;
};

/**
 * oracle_compare() - look up every @step bytes of @path's .text both ways
 * @tool:            "addr2line" of binutils or "llvm-addr2line"
 * @max_addresses:   0 = all
 * @max_differences: how many to print on @differences (NULL = none)
 *
 * Return: 0, or -1 when addr2line or readelf could not be run.
 */
int oracle_compare(const char *tool, const char *path, unsigned step, size_t max_addresses,
	FILE *differences, size_t max_differences, struct oracle_result *result_out);
