/* SPDX: no licence chosen yet, see README */
/*
 * comebacks.h - a thread's records by what they count, for stacks that come back after a dlclose().
 * Zone; account. Of use only once a module was unloaded: path hashes are new then, and the records
 * of the same stacks would be, too, with each round of a program that loads and unloads plug-ins.
 * Nodes are not (stack_table.c), so node and class find the record again.
 */
#pragma once

#include <stdint.h>

struct mw_comeback;

/* All 0 = empty. Written by one thread; private memory. */
struct mw_comebacks {
	struct mw_comeback *slots; /* [mask + 1], open addressing */
	uint64_t mask, n_used;
};

/* What a record counts. */
struct mw_site_kind {
	uint32_t node;
	uint16_t class;
	uint8_t size_class;
};

/**
 * mw_comebacks_take() - the record of @kind, which is known by @key from now on
 * @old_key_out: what it was known by before
 * Return: its id, 0 = there is none.
 */
uint32_t mw_comebacks_take(struct mw_comebacks *comebacks, struct mw_site_kind kind, uint64_t key,
	uint64_t *old_key_out);

/** mw_comebacks_add() - a new record; without memory it is forgotten, which is safe. */
void mw_comebacks_add(
	struct mw_comebacks *comebacks, struct mw_site_kind kind, uint64_t key, uint32_t id);

/** mw_comebacks_reset() - forget all */
void mw_comebacks_reset(struct mw_comebacks *comebacks);
