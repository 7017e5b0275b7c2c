/* SPDX: no licence chosen yet, see README */
/*
 * lab_region.h - the pages that four of the lab's programs work on, plain or in an arena, and what
 * their lines of results have in common.
 */
#pragma once

#include "workloads/lab/lab_common.h"
#include "workloads/lab/mem_arena.h"

struct lab_region {
	const char *workload;
	size_t n_pages;
	volatile uint8_t *bytes; /* NULL with an arena */
	struct mem_arena *arena; /* owned; NULL = none */
	uint64_t n_triggers;	 /* compressions asked for from outside */
};

/**
 * lab_region_create() - as the flags say: in an arena, else by malloc (@is_heap) or mmap
 *
 * Enrolls with the controller if asked to. Exits 1 without memory, controller or LZ4.
 */
void lab_region_create(struct lab_region *region, const char *workload, int mb, bool is_heap);

static inline volatile uint8_t *lab_region_page(struct lab_region *region, size_t page)
{
	return region->arena != NULL ? mem_arena_touch(region->arena, page)
				     : region->bytes + page * LAB_PAGE_BYTES;
}

static inline void lab_region_increment(struct lab_region *region, size_t page)
{
	(*lab_region_page(region, page))++;
}

static inline void lab_region_xor(struct lab_region *region, size_t page)
{
	*lab_region_page(region, page) ^= 1;
}

/**
 * lab_region_offer() - a moment at which the region may be compressed
 * @is_due: the program itself would; else only if asked for from outside
 */
void lab_region_offer(struct lab_region *region, bool is_due);

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
void lab_line_region(
	const struct lab_region *region, struct lab_fact count, const struct lab_fact *shape);

/** lab_line_policy() - compress_policy, external_compress_triggers, and the arena's work */
void lab_line_policy(const struct lab_region *region);

/** lab_line_loops() - the arena's work, and that of its threads, which we have not: zeros */
void lab_line_loops(const struct lab_region *region);

/** lab_line_region_end() - the rest of the line; the arena's statistics to their file */
void lab_line_region_end(const struct lab_region *region);
