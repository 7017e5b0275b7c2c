/* SPDX: no licence chosen yet, see README */
/*
 * source.h - lines of source files, read from disk when a table wants them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "report/util/array.h"

struct mw_source {
	char *text;		 /* owned; each line ends with a NUL instead of its newline */
	MW_ARRAY(size_t) starts; /* offset of line i + 1 */
};

/**
 * mw_source_open() - a source file that debug information names
 * @path:      a hostile program's word: only a regular file is read, never waited for
 * @run_owner: who owns the run; root reads nothing for him that he could not read
 *
 * Lines are cleaned for a terminal. close in every case.
 * Return: 0, or negative errno (-EFBIG above 64 MiB).
 */
int mw_source_open(const char *path, uid_t run_owner, struct mw_source *source);
void mw_source_close(struct mw_source *source);

/** mw_source_line() - a line's text without newline, NULL if there is no such line. From 1. */
const char *mw_source_line(const struct mw_source *source, uint32_t line);

/* A file that stays open between lines of it: readers come file by file. Starts as { 0 }. */
struct mw_open_source {
	const char *path; /* borrowed; NULL = none */
	struct mw_source source;
};

/**
 * mw_open_source_line() - a line's text without indentation, of a file opened when it is another
 * one
 * @path:     NULL = unknown; as @run_owner see mw_source_open(); lives until the next call or close
 * @text_out: NULL when there is no such file or line; valid until the next call
 *
 * Return: 0, or -ENOMEM.
 */
int mw_open_source_line(struct mw_open_source *open, const char *path, uid_t run_owner,
	uint32_t line, const char **text_out);
void mw_open_source_close(struct mw_open_source *open);

/**
 * mw_source_find_function() - the line a function's definition begins at
 * @function:   name as demangled, with or without parameters
 * @first_line: its first line known to hold code
 *
 * Debug data of code lines does not tell it, so this looks upwards in the text for the name and
 * a parenthesis, and gives up at the end of the function above.
 * Return: a line <= @first_line; @first_line itself when not found.
 */
uint32_t mw_source_find_function(
	const struct mw_source *source, const char *function, uint32_t first_line);
