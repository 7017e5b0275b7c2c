/* SPDX: no licence chosen yet, see README */
/* mem_arena.c - memory whose idle chunks are compressed. See mem_arena.h. */
#include "workloads/lab/mem_arena.h"

#include <lz4.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define CHUNK MEM_ARENA_CHUNK_BYTES
#define ALIGNMENT 8
#define NONE SIZE_MAX

struct chunk {
	size_t at;	/* in the pool; NONE = raw */
	uint32_t bytes; /* compressed */
	uint64_t tick;	/* when it was compressed */
};

/* Free extents: by offset, none touches the next. */
struct extent {
	size_t at, bytes;
	struct extent *next;
};

struct mem_arena {
	uint8_t *region, *pool;
	size_t region_bytes, capacity_bytes;
	int min_savings_pct;
	struct chunk *chunks;
	size_t n_chunks;
	struct extent *free; /* sum of bytes == stats.pool_bytes_free */
	uint64_t tick;
	struct mem_arena_stats stats;
};

static size_t slot_bytes(uint32_t bytes)
{
	return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static struct extent *make_extent(size_t at, size_t bytes, struct extent *next)
{
	struct extent *extent = malloc(sizeof(*extent));
	if (extent == NULL)
		abort();
	*extent = (struct extent){ at, bytes, next };
	return extent;
}

/* First fit. Return: offset, or NONE. */
static size_t take(struct mem_arena *arena, size_t bytes)
{
	for (struct extent **link = &arena->free; *link != NULL; link = &(*link)->next) {
		struct extent *extent = *link;
		if (extent->bytes < bytes)
			continue;
		size_t at = extent->at;
		extent->at += bytes;
		extent->bytes -= bytes;
		if (extent->bytes == 0) {
			*link = extent->next;
			free(extent);
		}
		arena->stats.pool_bytes_free -= bytes;
		arena->stats.pool_bytes_live += bytes;
		return at;
	}
	return NONE;
}

static void join_next(struct extent *extent)
{
	struct extent *next = extent->next;
	if (next == NULL || extent->at + extent->bytes != next->at)
		return;
	extent->bytes += next->bytes;
	extent->next = next->next;
	free(next);
}

static void give_back(struct mem_arena *arena, size_t at, size_t bytes)
{
	struct extent *before = NULL;
	for (struct extent *it = arena->free; it != NULL && it->at < at; it = it->next)
		before = it;
	struct extent **link = before != NULL ? &before->next : &arena->free;
	*link = make_extent(at, bytes, *link);
	join_next(*link);
	if (before != NULL)
		join_next(before);
	arena->stats.pool_bytes_free += bytes;
	arena->stats.pool_bytes_live -= bytes;
}

static void make_raw(struct mem_arena *arena, size_t chunk_idx)
{
	struct chunk *chunk = &arena->chunks[chunk_idx];
	char *raw = (char *)arena->region + chunk_idx * CHUNK;
	const char *from = (const char *)arena->pool + chunk->at;
	if (LZ4_decompress_safe(from, raw, (int)chunk->bytes, CHUNK) != CHUNK)
		abort(); /* the pool was overwritten */
	give_back(arena, chunk->at, slot_bytes(chunk->bytes));
	arena->stats.compressed_bytes_live -= chunk->bytes;
	arena->stats.decompress_ops++;
	chunk->at = NONE;
}

static int by_offset(const void *left, const void *right)
{
	const struct chunk *const *a = left, *const *b = right;
	return ((*a)->at > (*b)->at) - ((*a)->at < (*b)->at);
}

/* All that is live to the front of the pool, in order, so that nothing is overwritten. */
static void compact(struct mem_arena *arena)
{
	struct chunk **live = malloc(arena->n_chunks * sizeof(struct chunk *));
	size_t n_live = 0, at = 0;
	if (live == NULL)
		return;
	for (size_t i = 0; i < arena->n_chunks; i++) {
		if (arena->chunks[i].at != NONE)
			live[n_live++] = &arena->chunks[i];
	}
	qsort(live, n_live, sizeof(struct chunk *), by_offset);
	for (size_t i = 0; i < n_live; i++) {
		memmove(arena->pool + at, arena->pool + live[i]->at, live[i]->bytes);
		live[i]->at = at;
		at += slot_bytes(live[i]->bytes);
	}
	free(live);
	while (arena->free != NULL) {
		struct extent *next = arena->free->next;
		free(arena->free);
		arena->free = next;
	}
	if (at < arena->capacity_bytes)
		arena->free = make_extent(at, arena->capacity_bytes - at, NULL);
	arena->stats.pool_compactions++;
}

/* Return: false if there is no compressed chunk. */
static bool evict(struct mem_arena *arena)
{
	size_t oldest = NONE;
	for (size_t i = 0; i < arena->n_chunks; i++) {
		const struct chunk *chunk = &arena->chunks[i];
		if (chunk->at != NONE &&
			(oldest == NONE || chunk->tick < arena->chunks[oldest].tick))
			oldest = i;
	}
	if (oldest == NONE)
		return false;
	make_raw(arena, oldest);
	arena->stats.evictions_lru++;
	return true;
}

/* Room for @bytes, made if need be. Return: offset, or NONE. */
static size_t find_room(struct mem_arena *arena, size_t bytes)
{
	size_t at;
	while ((at = take(arena, bytes)) == NONE) {
		if (arena->stats.pool_bytes_free >= bytes)
			compact(arena);
		else if (!evict(arena))
			return NONE;
	}
	return at;
}

static void compress_chunk(struct mem_arena *arena, size_t chunk_idx)
{
	struct mem_arena_stats *stats = &arena->stats;
	char *raw = (char *)arena->region + chunk_idx * CHUNK, packed[CHUNK];
	stats->total_input_bytes_attempted += CHUNK;
	int n_bytes = LZ4_compress_fast(raw, packed, CHUNK, sizeof(packed), 1);
	if (n_bytes <= 0) {
		stats->incompressible_chunks++;
		return;
	}
	if ((CHUNK - n_bytes) * 100 / CHUNK < arena->min_savings_pct) {
		stats->compression_reject_small_gain++;
		return;
	}
	size_t at = find_room(arena, slot_bytes((uint32_t)n_bytes));
	if (at == NONE)
		return;
	memcpy(arena->pool + at, packed, (size_t)n_bytes);
	arena->chunks[chunk_idx] = (struct chunk){ at, (uint32_t)n_bytes, arena->tick++ };
	madvise(raw, CHUNK, MADV_DONTNEED);
	stats->chunks_admitted++;
	stats->compress_ops++;
	stats->logical_input_bytes += CHUNK;
	stats->compressed_bytes_live += (uint64_t)n_bytes;
}

void mem_arena_compress(struct mem_arena *arena)
{
	for (size_t i = 0; i < arena->n_chunks; i++) {
		if (arena->chunks[i].at == NONE)
			compress_chunk(arena, i);
	}
}

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

volatile uint8_t *mem_arena_touch(struct mem_arena *arena, size_t chunk_idx)
{
	if (arena->chunks[chunk_idx].at == NONE) {
		arena->stats.access_hits_raw++;
	} else {
		uint64_t begin_ns = now_ns();
		make_raw(arena, chunk_idx);
		arena->stats.access_hits_decompressed++;
		arena->stats.decompress_stall_ns += now_ns() - begin_ns;
	}
	return arena->region + chunk_idx * CHUNK;
}

struct mem_arena *mem_arena_create(size_t region_bytes, size_t capacity_bytes, int min_savings_pct)
{
	struct mem_arena *arena = calloc(1, sizeof(*arena));
	if (arena == NULL)
		return NULL;
	arena->region_bytes = region_bytes;
	arena->capacity_bytes = capacity_bytes;
	arena->min_savings_pct = min_savings_pct;
	arena->n_chunks = region_bytes / CHUNK;
	arena->chunks = malloc(arena->n_chunks * sizeof(*arena->chunks));
	arena->pool = calloc(1, capacity_bytes);
	arena->region = mmap(
		NULL, region_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena->chunks == NULL || arena->pool == NULL || arena->region == MAP_FAILED)
		return mem_arena_destroy(arena);
	for (size_t i = 0; i < arena->n_chunks; i++)
		arena->chunks[i] = (struct chunk){ .at = NONE };
	arena->free = make_extent(0, capacity_bytes, NULL);
	arena->stats.pool_bytes_free = capacity_bytes;
	return arena;
}

const struct mem_arena_stats *mem_arena_stats(const struct mem_arena *arena)
{
	return &arena->stats;
}

struct mem_arena *mem_arena_destroy(struct mem_arena *arena)
{
	if (arena == NULL)
		return NULL;
	while (arena->free != NULL) {
		struct extent *next = arena->free->next;
		free(arena->free);
		arena->free = next;
	}
	if (arena->region != NULL && arena->region != MAP_FAILED)
		munmap(arena->region, arena->region_bytes);
	free(arena->pool);
	free(arena->chunks);
	free(arena);
	return NULL;
}
