/* SPDX: no licence chosen yet, see README */
/*
 * compat.h - numbers, times and quoting exactly as memwatch prints them, for its layouts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define MW_COMPAT_BYTES 48 /* enough for every text below */

/** mw_compat_size() - "512 KiB", "1.0 MiB", "1.5 GiB"; returns @buffer. */
const char *mw_compat_size(char buffer[static MW_COMPAT_BYTES], int64_t kib);

/** mw_compat_clock() - "HH:MM:SS", cut down to whole seconds; returns @buffer. */
const char *mw_compat_clock(char buffer[static MW_COMPAT_BYTES], double seconds);

/**
 * mw_compat_timestamp() - RFC 3339, UTC, with 0, 3, 6 or 9 digits of a second, as few as do
 * @zone: "Z" (JSON) or "+00:00" (CSV)
 * Return: @buffer.
 */
const char *mw_compat_timestamp(
	char buffer[static MW_COMPAT_BYTES], int64_t realtime_ns, const char *zone);

/** mw_compat_put_quoted() - text as a quoted CSV cell: hello "world" -> "hello ""world""". */
void mw_compat_put_quoted(FILE *out, const char *text);
