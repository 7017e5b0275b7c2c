/* SPDX: no licence chosen yet, see README */
/*
 * format.h - numbers and names as people read them: sizes in powers of 1024 with one decimal,
 * durations, names cut to a width. Pure functions over caller's buffers.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MW_FORMAT_BYTES 24 /* enough for every number below */

/** mw_format_size() - "512 B", "1.5 KiB", "-3.0 MiB"; returns @buffer. */
const char *mw_format_size(char buffer[static MW_FORMAT_BYTES], int64_t bytes);

/** mw_format_margin() - what is not known better: "512 B", "1.5 KiB", "34 MiB"; @bytes >= 0. */
const char *mw_format_margin(char buffer[static MW_FORMAT_BYTES], int64_t bytes);

/** mw_format_duration() - "0.042 s", "12.3 s", "1:02:03"; returns @buffer. */
const char *mw_format_duration(char buffer[static MW_FORMAT_BYTES], double seconds);

/**
 * mw_format_clean() - make text safe for a terminal, in place
 *
 * Names come from the programs of the job. Each byte of a control character (C0, DEL, C1), of a
 * sign that turns the direction of text, and of what is not UTF-8 becomes '?'.
 */
void mw_format_clean(char *text);

/** mw_format_clean_source() - the same for a line of a source file: tabs and form feeds stay. */
void mw_format_clean_source(char *text);

/** mw_format_utf8_bytes() - length of the well-formed UTF-8 sequence at @text, 0 = none. Never
 * looks behind a NUL. Source: RFC 3629; Unicode 15, table 3-7. */
size_t mw_format_utf8_bytes(const char *text);

/**
 * mw_format_ellipsize() - cut the middle out of a text that is too wide
 * @text:      what to show; bytes count as columns except UTF-8 continuation bytes
 * @n_columns: room; the result never is wider
 * @out:       @out_bytes bytes; 4 * @n_columns + 4 always do
 *
 * Keeps more of the end than of the start: a path's last part names the file and line.
 * Return: @out.
 */
const char *mw_format_ellipsize(const char *text, size_t n_columns, char *out, size_t out_bytes);

/** mw_format_cut() - the same, but cut at the end: for names and commands. */
const char *mw_format_cut(const char *text, size_t n_columns, char *out, size_t out_bytes);

/**
 * mw_format_path() - the same for paths: the first directory and as many last parts as fit,
 * "/usr/.../vector.tcc:12"
 */
const char *mw_format_path(const char *path, size_t n_columns, char *out, size_t out_bytes);

/** mw_format_columns() - columns a text takes (UTF-8 code points, no wide characters). */
size_t mw_format_columns(const char *text);

/** mw_format_basename() - after the last slash; never NULL for non-NULL. */
const char *mw_format_basename(const char *path);
