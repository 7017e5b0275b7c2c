/* SPDX: no licence chosen yet, see README */
/* size.h - sizes as people write them, in options and in files; the way back from format.h. Also in
 * the launcher. */
#pragma once

#include <stdint.h>

/**
 * mw_size_parse() - "4096", "512K", "1.5G", "2GiB", "64mb": powers of 1024
 * @bytes_out: rounded down; only if the result is 0
 * Return: 0; -EINVAL: not a size; -ERANGE: more than 1 PiB.
 */
int mw_size_parse(const char *text, int64_t *bytes_out);
