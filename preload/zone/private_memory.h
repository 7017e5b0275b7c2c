/* SPDX: no licence chosen yet, see README */
/*
 * private_memory.h - anonymous memory of the zone: what can be rebuilt and need not survive the
 * process (hash indexes, live table, trace caches). Copied by fork like all private memory.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/**
 * mw_private_map() - zeroed pages of their own
 * @bytes: rounded up to pages
 *
 * Context: zone; lock-free; signal-safe.
 * Return: page-aligned memory, or NULL.
 */
void *mw_private_map(size_t bytes);

/**
 * mw_private_map_dense() - the same, for a table that will be touched all over: its pages come at
 * once, at a third of the price of one fault each
 */
void *mw_private_map_dense(size_t bytes);

/**
 * mw_private_map_huge() - the same in one huge page, where the kernel gives one
 * @bytes: multiple of 2 MiB; the memory is aligned to that
 */
void *mw_private_map_huge(size_t bytes);

/** mw_private_unmap() - give back what mw_private_map() returned with the same @bytes. */
void mw_private_unmap(void *memory, size_t bytes);

/** mw_private_bytes() - bytes mapped now, whether touched or not. */
uint64_t mw_private_bytes(void);
