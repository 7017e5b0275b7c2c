/* SPDX: no licence chosen yet, see README */
/*
 * live_table.h - address of a live heap block -> (record, size).
 *
 * A shadow of the address space: every granule of 32 bytes (8 under a foreign allocator) has a
 * slot of 8 bytes in lazily mapped leaves. A live address belongs to one allocation and one
 * thread changes it at a time, so slots need no lock and no atomic read-modify-write; glibc's
 * smallest chunk is 32 bytes, so two live blocks never share a slot.
 *
 *     slot = record id (26 bits) << 38 | requested bytes (38 bits);   0 = no block
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MW_LIVE_MAX_RECORD_ID ((1u << 26) - 1)
#define MW_LIVE_MAX_BYTES (((uint64_t)1 << 38) - 1)

/* One leaf, remembered by its user: blocks of one thread lie near each other. Zero = none. */
struct mw_live_leaf {
	uintptr_t number; /* granule number >> leaf bits, plus one */
	uint64_t *slots;
};

/** mw_live_table_init() - @granule_shift: 5 for glibc's allocator, else 3. Once, at boot. */
void mw_live_table_init(unsigned granule_shift);

/**
 * mw_live_table_slot() - where @block is or would be, its cache miss begun
 *
 * Return: NULL while there is no leaf for it. Valid for ever.
 */
uint64_t *mw_live_table_slot(struct mw_live_leaf *leaf, uintptr_t block);

/**
 * mw_live_table_put() - remember a block
 * @slot: by mw_live_table_slot(), NULL included
 *
 * Context: zone; lock-free; maps a leaf now and then.
 * Return: false when it cannot be kept (no memory, address or size out of range).
 */
bool mw_live_table_put(uint64_t *slot, uintptr_t block, uint32_t record_id, uint64_t bytes);

/**
 * mw_live_table_take() - forget the block of @slot, which can be NULL
 *
 * Return: whether it was known.
 */
bool mw_live_table_take(uint64_t *slot, uint32_t *record_id_out, uint64_t *bytes_out);

/** mw_live_table_has() - whether @block is known. */
bool mw_live_table_has(uintptr_t block);
