/* SPDX: no licence chosen yet, see README */
/*
 * live_table.h - address of a live heap block -> (record, size).
 *
 * A shadow of the address space: every granule of 32 bytes (8 under a foreign allocator) has a
 * slot of 4 bytes in lazily mapped leaves. A live address belongs to one allocation and one
 * thread changes it at a time, so slots need no lock and no atomic read-modify-write; glibc's
 * smallest chunk is 32 bytes, so two live blocks never begin in the same slot. A block of more
 * than SMALL bytes takes 64 bytes at least (16 under a foreign allocator): the next slot is its
 * own, too, and has the rest of its size; of a huge one, the slot after that.
 *
 *     small   record id (25 bits) << 7 | requested bytes (6) << 1 | 1       0 = no block
 *     large   record id << 7 | lowest 5 bits of the size << 2
 *     more    is there a third? (1) | next 29 bits << 2 | 2                 the second slot
 *             next 28 bits << 2 | 2                                         the third
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MW_LIVE_RECORD_BITS 25
#define MW_LIVE_MAX_RECORD_ID ((1u << MW_LIVE_RECORD_BITS) - 1)

/* One leaf, remembered by its user: blocks of one thread lie near each other. Zero = none. */
struct mw_live_leaf {
	uintptr_t number; /* granule number >> leaf bits, plus one */
	uint32_t *slots;
};

/** mw_live_table_init() - granules of the allocator that blocks come from. Once, at boot. */
void mw_live_table_init(bool is_glibc);

/**
 * mw_live_table_slot() - where @block is or would be, its cache miss begun
 *
 * Return: NULL while there is no leaf for it. Valid for ever.
 */
uint32_t *mw_live_table_slot(struct mw_live_leaf *leaf, uintptr_t block);

/**
 * mw_live_table_put() - remember a block
 * @slot: by mw_live_table_slot(), NULL included; taken
 *
 * Context: zone; lock-free; maps a leaf now and then.
 * Return: false when it cannot be kept (no memory, address or size out of range).
 */
bool mw_live_table_put(uint32_t *slot, uintptr_t block, uint32_t record_id, uint64_t bytes);

/**
 * mw_live_table_take() - forget the block of @slot, which can be NULL
 *
 * A slot that is the rest of another block's tells of that one: it must have gone unseen.
 *
 * Return: whether it was known.
 */
bool mw_live_table_take(uint32_t *slot, uint32_t *record_id_out, uint64_t *bytes_out);

/** mw_live_table_is_vacant() - nothing is known to live there; false for slots that are not. */
static inline bool mw_live_table_is_vacant(const uint32_t *slot)
{
	return slot && !*slot;
}

/** mw_live_table_has() - whether @block is known. */
bool mw_live_table_has(uintptr_t block);
