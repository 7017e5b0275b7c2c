/* SPDX: no licence chosen yet, see README */
/*
 * index.c - open addressing, linear probing; slots keep 32 bits of the hash so that growth and
 * most mismatches never touch the elements.
 */
#include "report/util/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void mw_index_deinit(struct mw_index *index)
{
	free(index->slots);
	memset(index, 0, sizeof(*index));
}

static uint32_t fold(uint64_t hash)
{
	hash *= 0x9e3779b97f4a7c15ull;
	return (uint32_t)(hash >> 32);
}

int mw_index_find(const struct mw_index *index, uint64_t hash, mw_index_equal *equal,
	const void *context, const void *key, uint32_t *element_out)
{
	if (index->capacity == 0)
		return -ENOENT;
	uint32_t folded = fold(hash);
	for (size_t i = folded & (index->capacity - 1);; i = (i + 1) & (index->capacity - 1)) {
		const struct mw_index_slot *slot = &index->slots[i];
		if (slot->element_plus_1 == 0)
			return -ENOENT;
		if (slot->hash == folded && equal(context, slot->element_plus_1 - 1, key)) {
			*element_out = slot->element_plus_1 - 1;
			return 0;
		}
	}
}

static void place(struct mw_index_slot *slots, size_t capacity, struct mw_index_slot slot)
{
	size_t i = slot.hash & (capacity - 1);
	while (slots[i].element_plus_1 != 0)
		i = (i + 1) & (capacity - 1);
	slots[i] = slot;
}

static int grow(struct mw_index *index)
{
	size_t capacity = index->capacity ? index->capacity * 2 : 64;
	struct mw_index_slot *slots = calloc(capacity, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < index->capacity; i++) {
		if (index->slots[i].element_plus_1 != 0)
			place(slots, capacity, index->slots[i]);
	}
	free(index->slots);
	index->slots = slots;
	index->capacity = capacity;
	return 0;
}

int mw_index_add(struct mw_index *index, uint64_t hash, uint32_t element)
{
	if (index->n + 1 > index->capacity / 2) {
		int error = grow(index);
		if (error)
			return error;
	}
	place(index->slots, index->capacity,
		(struct mw_index_slot){ .element_plus_1 = element + 1, .hash = fold(hash) });
	index->n++;
	return 0;
}
