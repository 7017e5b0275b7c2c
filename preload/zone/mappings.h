/* SPDX: no licence chosen yet, see README */
/*
 * mappings.h - address ranges the program mapped itself: who mapped what is still there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A range, or what is left of one, and the record that counts it. */
struct mw_mapping {
	uintptr_t low, high;
	uint32_t record_id;
	uint32_t group; /* pieces of one mmap call share it */
};

/* Pieces cut out of the table by one call, until it is known whether the call succeeded. */
#define MW_CUT_MAX 24u
struct mw_cut {
	unsigned n;
	struct mw_mapping pieces[MW_CUT_MAX];
	uint8_t is_last[MW_CUT_MAX]; /* no piece of its group is left */
};

/** mw_mappings_add() - a new mapping. Return: false when it cannot be kept (counted as lost). */
bool mw_mappings_add(uintptr_t low, uintptr_t high, uint32_t record_id);

/**
 * mw_mappings_cut() - take [low, high) out of the table
 * @cut: pieces are appended; up to MW_CUT_MAX in all, further ones are counted as lost
 *
 * Context: zone; a short spin lock, given up after a bounded wait (counted as lost).
 */
void mw_mappings_cut(uintptr_t low, uintptr_t high, struct mw_cut *cut);

/** mw_mappings_find() - record of the mapping at @address. Return: false when there is none. */
bool mw_mappings_find(uintptr_t address, uint32_t *record_id_out);

/** mw_mappings_restore() - the call failed: put the pieces back. */
void mw_mappings_restore(const struct mw_cut *cut);

/** mw_mappings_reset() - a forked child starts with nothing of its own. */
void mw_mappings_reset(void);
