/* SPDX: no licence chosen yet, see README */
/* mem_arena_none.c - mem_arena.h where there is no LZ4: no arena can be made. */
#include "workloads/lab/mem_arena.h"

#include <errno.h>
#include <stdlib.h>

struct mem_arena *mem_arena_create(size_t region_bytes, size_t capacity_bytes, int min_savings_pct)
{
	(void)region_bytes, (void)capacity_bytes, (void)min_savings_pct;
	errno = ENOTSUP;
	return NULL;
}

volatile uint8_t *mem_arena_touch(struct mem_arena *arena, size_t chunk_idx)
{
	(void)arena, (void)chunk_idx;
	abort();
}

void mem_arena_compress(struct mem_arena *arena)
{
	(void)arena;
	abort();
}

const struct mem_arena_stats *mem_arena_stats(const struct mem_arena *arena)
{
	(void)arena;
	abort();
}

struct mem_arena *mem_arena_destroy(struct mem_arena *arena)
{
	(void)arena;
	return NULL;
}
