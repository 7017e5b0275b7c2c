/* SPDX: no licence chosen yet, see README */
/*
 * private_memory.h - anonymous memory of the zone: what can be rebuilt and need not survive the
 * process (hash indexes, live table, trace caches). Copied by fork like all private memory.
 */
#pragma once

#include <stdbool.h>
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

/** mw_private_map_sequential() - the same, for a table that will be filled from its beginning. */
void *mw_private_map_sequential(size_t bytes);

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

/** mw_private_discard() - what is in it reads as zero from now on, and takes no memory until it is
 * written again. Return: false if the kernel would not (locked memory). */
bool mw_private_discard(void *memory, size_t bytes);

/** mw_private_unmap() - give back what mw_private_map() returned with the same @bytes. */
void mw_private_unmap(void *memory, size_t bytes);

/** mw_private_bytes() - bytes mapped now, whether touched or not. */
uint64_t mw_private_bytes(void);

/**
 * mw_private_resident_bytes() - of that, and of our object itself (code, data, static tables), what
 * is in memory and therefore in the process's RSS
 *
 * Asks the kernel, a system call for each map that was not touched all over at once: some 5 us in a
 * small process, 1 us where nothing was allocated. What it does not tell (in a sandbox; more maps
 * than there is room to note) counts as in memory.
 */
uint64_t mw_private_resident_bytes(void);
