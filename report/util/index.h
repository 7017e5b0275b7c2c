/* SPDX: no licence chosen yet, see README */
/*
 * index.h - a hash index over elements that live in somebody's array.
 *
 * Holds element numbers and their hashes only; the owner compares. Every "intern" of the report
 * (strings, modules, stacks, functions, lines) is an array plus one of these.
 * Invariant: n <= capacity / 2, so a probe always meets an empty slot.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mw_index_slot {
	uint32_t element_plus_1; /* 0 = empty */
	uint32_t hash;
};

struct mw_index {
	struct mw_index_slot *slots; /* owned */
	size_t n, capacity;	     /* capacity is a power of two, or 0 */
};

/* Does @element of the owner's array (@context) have this @key? */
typedef bool mw_index_equal(const void *context, uint32_t element, const void *key);

void mw_index_deinit(struct mw_index *index);

/** mw_index_find() - 0 and the element's number, or -ENOENT. */
int mw_index_find(const struct mw_index *index, uint64_t hash, mw_index_equal *equal,
	const void *context, const void *key, uint32_t *element_out);

/** mw_index_add() - add an element known not to be there; 0 or -ENOMEM. */
int mw_index_add(struct mw_index *index, uint64_t hash, uint32_t element);

/* inline helpers */

#define MW_HASH_START 0xcbf29ce484222325ull

/* FNV-1a: byte order of the input matters, so ids made of it are stable over runs. */
static inline uint64_t mw_hash_bytes(uint64_t hash, const void *bytes, size_t n_bytes)
{
	const uint8_t *at = bytes;
	for (size_t i = 0; i < n_bytes; i++)
		hash = (hash ^ at[i]) * 0x100000001b3ull;
	return hash;
}

/* Cheap mix of one word into a hash, for keys of integers. */
static inline uint64_t mw_hash_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ (hash >> 29);
}
