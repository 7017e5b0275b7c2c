/* SPDX: no licence chosen yet, see README */
/*
 * mem_arena.h - a region of memory whose idle chunks are kept compressed (LZ4) in a pool. Known
 * input for the profiler: RSS that falls while the program has lost nothing. Not thread safe.
 *
 * A chunk is raw or compressed. Compressing one that saves enough gives its pages back to the
 * kernel; touching it makes it raw again. A full pool is compacted if that helps, else the chunk
 * compressed longest ago goes back to raw.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MEM_ARENA_CHUNK_BYTES 4096

struct mem_arena_stats {
	uint64_t total_input_bytes_attempted, chunks_admitted;
	uint64_t logical_input_bytes;	/* of all chunks ever admitted */
	uint64_t compressed_bytes_live; /* without what alignment adds */
	uint64_t pool_bytes_live, pool_bytes_free, pool_compactions;
	uint64_t compress_ops, decompress_ops, evictions_lru;
	uint64_t incompressible_chunks, compression_reject_small_gain;
	uint64_t access_hits_raw, access_hits_decompressed;
	uint64_t decompress_stall_ns; /* of touches that had to wait for decompression */
};

struct mem_arena;

/**
 * mem_arena_create() - a region of zeros and its pool
 * @region_bytes:    multiple of the chunk size
 * @capacity_bytes:  of the pool; all of it is allocated now
 * @min_savings_pct: a chunk that saves less stays raw
 *
 * Return: owned; NULL without memory (errno).
 */
struct mem_arena *mem_arena_create(size_t region_bytes, size_t capacity_bytes, int min_savings_pct);

/** mem_arena_touch() - the bytes of a chunk, raw; valid until the next compression */
volatile uint8_t *mem_arena_touch(struct mem_arena *arena, size_t chunk_idx);

/** mem_arena_compress() - all raw chunks, as far as they and the pool allow */
void mem_arena_compress(struct mem_arena *arena);

/** mem_arena_stats() - borrowed; changes with the arena */
const struct mem_arena_stats *mem_arena_stats(const struct mem_arena *arena);

/** mem_arena_destroy() - also takes NULL. Return: NULL. */
struct mem_arena *mem_arena_destroy(struct mem_arena *arena);
