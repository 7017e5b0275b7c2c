/* SPDX: no licence chosen yet, see README */
/*
 * fixture.h - programs compiled while the test runs, and one-call look-ups in them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "symbolize/symbolize.h"

/** fixture_directory() - a fresh directory, the same at each call; removed at exit. */
const char *fixture_directory(void);

/** fixture_run() - a shell command in that directory. Return: whether it exited with 0. */
__attribute__((format(printf, 1, 2))) bool fixture_run(const char *format, ...);

/** fixture_has() - is the program installed (and working: it must take --version)? */
bool fixture_has(const char *program);

/** fixture_path() - absolute path of @name in the directory; valid until the 8th next call. */
const char *fixture_path(const char *name);

/** fixture_symbol() - address of a symbol by nm, 0 if none; @size_out may be NULL. */
uint64_t fixture_symbol(const char *name, const char *symbol, uint64_t *size_out);

/** fixture_line() - the line of the source fixture that says "LINE: @tag", 0 if none. */
uint32_t fixture_line(const char *source, const char *tag);

/* One module and one address. */
struct lookup {
	struct mw_symbolizer *symbolizer; /* owned */
	struct mw_symbol symbol;
	enum mw_symbol_source source;
	const char *reason;
};

struct lookup_options {
	const char *debug_path;
	const uint8_t *build_id;
	size_t build_id_bytes;
	bool is_return_address;
};

/** lookup() - @options may be NULL; end with lookup_end(). Aborts when memory is short. */
struct lookup lookup(const char *path, uint64_t address, const struct lookup_options *options);

void lookup_end(struct lookup *lookup);

/** lookup_function() - of level @frame_idx; NULL when there are fewer. */
const char *lookup_function(const struct lookup *lookup, size_t frame_idx);

/** lookup_file() - the last part of the file name; NULL as above. */
const char *lookup_file(const struct lookup *lookup, size_t frame_idx);

uint32_t lookup_line(const struct lookup *lookup, size_t frame_idx);
