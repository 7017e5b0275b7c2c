/* SPDX: no licence chosen yet, see README */
/*
 * test_mem_arena.c - the lab's compressing arena loses nothing, whatever is compressed, moved,
 * evicted and touched. Trick: each byte of a chunk follows from its number and how often it was
 * changed, and some chunks hold more noise than others, so that sizes differ and the pool breaks
 * into pieces.
 */
#include "workloads/lab/mem_arena.h"

#include "tests/unit/check.h"

#define N_CHUNKS 512
#define CHUNK MEM_ARENA_CHUNK_BYTES

static unsigned version[N_CHUNKS];

static uint8_t noise(size_t chunk, unsigned round, size_t at)
{
	uint32_t x = (uint32_t)(chunk * 7919 + round * 104729 + at) * 2654435761u;
	return (uint8_t)((x ^ x >> 15) * 2246822519u >> 24);
}

/* The first part of a chunk is noise, the rest zero. Return: its length. */
static size_t noisy_bytes(size_t chunk, unsigned round)
{
	return (chunk * 37 + round * 501) % (CHUNK + 1);
}

static void write_chunk(struct mem_arena *arena, size_t chunk)
{
	volatile uint8_t *bytes = mem_arena_touch(arena, chunk);
	unsigned round = ++version[chunk];
	size_t n_noisy = noisy_bytes(chunk, round);
	for (size_t at = 0; at < CHUNK; at++)
		bytes[at] = at < n_noisy ? noise(chunk, round, at) : 0;
}

static int is_intact(struct mem_arena *arena, size_t chunk)
{
	volatile uint8_t *bytes = mem_arena_touch(arena, chunk);
	unsigned round = version[chunk];
	size_t n_noisy = round ? noisy_bytes(chunk, round) : 0;
	for (size_t at = 0; at < CHUNK; at++) {
		if (bytes[at] != (at < n_noisy ? noise(chunk, round, at) : 0))
			return 0;
	}
	return 1;
}

static void check_books(const struct mem_arena *arena, size_t capacity_bytes)
{
	const struct mem_arena_stats *stats = mem_arena_stats(arena);
	CHECK_NUMBER(stats->pool_bytes_live + stats->pool_bytes_free, capacity_bytes);
	CHECK(stats->compressed_bytes_live <= stats->pool_bytes_live);
	CHECK_NUMBER(stats->logical_input_bytes, stats->chunks_admitted * CHUNK);
	CHECK_NUMBER(stats->decompress_ops, stats->access_hits_decompressed + stats->evictions_lru);
	CHECK(stats->compress_ops >= stats->decompress_ops);
}

/* Write, compress, read, in an order that follows no order of the pool. */
static void use(size_t capacity_bytes, int must_evict)
{
	struct mem_arena *arena = mem_arena_create(N_CHUNKS * CHUNK, capacity_bytes, 5);
	size_t n_damaged = 0;
	memset(version, 0, sizeof(version));
	for (unsigned round = 0; round < 20; round++) {
		mem_arena_compress(arena);
		check_books(arena, capacity_bytes);
		for (size_t i = 0; i < N_CHUNKS; i += 3)
			write_chunk(arena, (i * 101 + round) % N_CHUNKS);
		for (size_t i = 0; i < N_CHUNKS; i += 7)
			n_damaged += !is_intact(arena, (i * 211 + round) % N_CHUNKS);
	}
	for (size_t i = 0; i < N_CHUNKS; i++)
		n_damaged += !is_intact(arena, i);
	check_books(arena, capacity_bytes);
	const struct mem_arena_stats *stats = mem_arena_stats(arena);
	CHECK_NUMBER(n_damaged, 0);
	CHECK_NUMBER(stats->pool_bytes_live, 0);
	CHECK_NUMBER(stats->compress_ops, stats->decompress_ops);
	CHECK(stats->compression_reject_small_gain + stats->incompressible_chunks > 0);
	CHECK(!must_evict || stats->evictions_lru > 0);
	CHECK(!must_evict || stats->pool_compactions > 0);
	mem_arena_destroy(arena);
}

int main(void)
{
	use(N_CHUNKS * CHUNK, 0);
	use(N_CHUNKS * CHUNK / 8, 1);
	use(CHUNK, 1);
	return mw_check_tally("test_mem_arena");
}
