/* SPDX: no licence chosen yet, see README */
/*
 * smaps.h - /proc/PID/smaps as sums: what kinds of memory a process's RSS is made of. Hosted;
 * serves the sampler. The parser is fed pieces of text and opens nothing, so tests can feed it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Resident bytes; each page of RSS in exactly one of them. */
struct mw_smaps_sums {
	uint64_t anonymous_bytes; /* malloc's and mmap's memory, shared with children or not */
	uint64_t stack_bytes;	  /* [stack], and what lies behind a small guard area */
	uint64_t file_bytes;	  /* pages of files, unchanged: code, constants, mapped data */
	uint64_t data_bytes;	  /* changed pages of file mappings, and .bss behind them */
	uint64_t shared_bytes;	  /* shared memory with a name: System V, /dev/shm, memfd */
	uint64_t own_bytes;	  /* our shim and the dump */
	uint64_t n_mappings;
};

#define MW_SMAPS_LINE_BYTES 4352 /* a header with a path of PATH_MAX */

struct mw_smaps {
	struct mw_smaps_sums sums;
	const char *own_library, *own_directory; /* paths that are ours; borrowed */
	char line[MW_SMAPS_LINE_BYTES];		 /* begun, not ended yet */
	size_t n_line;
	/* The mapping whose lines are being read, and what came before it. */
	uint64_t start, end, rss_bytes, changed_bytes;
	bool is_open, is_guard, is_writable;
	int kind, kind_before; /* of the mapping; of the one right below it */
};

/** mw_smaps_begin() - @own_library: part of the shim's path; @own_directory: the run's */
void mw_smaps_begin(struct mw_smaps *smaps, const char *own_library, const char *own_directory);

/** mw_smaps_feed() - the next piece of the text, cut anywhere */
void mw_smaps_feed(struct mw_smaps *smaps, const char *bytes, size_t n_bytes);

/** mw_smaps_finish() - the text is over: sums are complete */
void mw_smaps_finish(struct mw_smaps *smaps);
