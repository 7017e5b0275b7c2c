/* SPDX: no licence chosen yet, see README */
/*
 * lab_arena.h - the lab's flags for compressed memory, and the region of pages that four of its
 * programs work on. The flags, their ranges and rules are all here; the arena itself is not.
 */
#pragma once

#include "workloads/lab/lab_common.h"

enum lab_policy { LAB_POLICY_INTERNAL, LAB_POLICY_EXTERNAL, LAB_POLICY_BOTH };

struct lab_arena_options {
	bool is_used;
	int cap_mb, min_savings_pct;
	const char *stats_json; /* NULL = none */
	bool is_enrolled;
	const char *controller_sock;
	const char *policy_text;
	bool has_autoloops;
	int t_cold_ms, prefetch_distance, prefetch_batch;
	bool has_no_prefetch, has_no_compression;
};

extern struct lab_arena_options lab_arena_options;

/* Lists for lab_parse(). */
extern const struct lab_flag lab_arena_flags[], lab_controller_flags[], lab_autoloop_flags[];

/**
 * lab_arena_check() - after lab_parse(): flags that need the arena, the policy's name
 *
 * Exit 2 as for wrong usage; exit 1 for what this build cannot do.
 */
void lab_arena_check(void);

/** lab_arena_policy() - of a checked command line */
enum lab_policy lab_arena_policy(void);

/* Pages of anonymous memory. */
struct lab_region {
	volatile uint8_t *bytes;
	size_t n_pages;
};

/** lab_region_create() - by malloc (@is_heap) or mmap; exit 1 without memory */
struct lab_region lab_region_create(int mb, bool is_heap);

static inline void lab_region_increment(const struct lab_region *region, size_t page)
{
	region->bytes[page * LAB_PAGE_BYTES]++;
}

static inline void lab_region_xor(const struct lab_region *region, size_t page)
{
	region->bytes[page * LAB_PAGE_BYTES] ^= 1;
}

/* A number of the line of results. */
struct lab_fact {
	const char *key;
	uint64_t value;
};

/**
 * lab_line_region() - the line of results up to use_mem_arena
 * @count: what was done
 * @shape: of the workload, in the text's order; ends with a fact without key. The first one
 *         is in the JSON, too.
 */
void lab_line_region(const char *workload, struct lab_fact count, const struct lab_fact *shape);

/** lab_line_policy() - compress_policy and external_compress_triggers */
void lab_line_policy(void);

/** lab_line_region_end() - what comes after use_mem_arena and the program's own fields */
void lab_line_region_end(void);
