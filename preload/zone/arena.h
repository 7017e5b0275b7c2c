/* SPDX: no licence chosen yet, see README */
/*
 * arena.h - this process's part of the run's dump file: opening it, and claiming segments.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "preload/format.h"

/* The control page, mapped shared; NULL until mw_arena_open() succeeded. */
extern struct mwd_control *mw_control;

/**
 * mw_arena_open() - map the control page of the run in @run_dir, and claim a first piece
 * @bytes, @offset_out: as for mw_arena_claim(); one open serves both
 *
 * Refuses a file that is not a dump of this version.
 * Context: zone, at boot. Nothing stays open.
 * Return: the claim, or NULL when there is nothing (or nothing safe) to record into.
 */
void *mw_arena_open(const char *run_dir, size_t bytes, uint64_t *offset_out);

/** mw_arena_run_dir() - the directory given to mw_arena_open(); "" before. Lives for ever. */
const char *mw_arena_run_dir(void);

/**
 * mw_arena_claim() - a new piece of the dump, zeroed, mapped shared
 * @bytes:      multiple of MWD_PAGE
 * @offset_out: where it lies in the file
 *
 * Disk blocks are allocated before it is touched, so a full disk is a NULL here, not a SIGBUS.
 * Context: zone; lock-free. Opens and closes the file: start and table growth only.
 * Return: address, or NULL.
 */
void *mw_arena_claim(size_t bytes, uint64_t *offset_out);

/**
 * mw_arena_reserve() - claim ahead what is claimed after mw_is_sandboxed is set, when the file
 * cannot be opened any more. 1 MiB of the dump; touched as used.
 */
void mw_arena_reserve(void);

/**
 * mw_arena_map() - map what another process claimed at @offset
 * Return: address, or NULL; also when the file is shorter than that.
 */
void *mw_arena_map(uint64_t offset, size_t bytes);

/** mw_arena_unmap() - forget a claim that was not published; its space stays empty. */
void mw_arena_unmap(void *claim, size_t bytes);

/**
 * mw_arena_publish_segment() - make a claimed segment visible to readers
 * @segment: all fields but magic filled in
 */
void mw_arena_publish_segment(struct mwd_segment *segment);

/**
 * mw_arena_reach() - @bytes more of a claim that is not dense are being touched
 *
 * Whoever fills such a claim says so page by page; dense claims (32 KiB and more, the first of a
 * process among them) are touched all over at once, and counted then.
 */
void mw_arena_reach(uint64_t bytes);
#define MW_ARENA_DENSE_BYTES 32768u

/** mw_arena_resident_bytes() - of the dump, what this process has touched: an upper bound, for
 * shared rules count in full. */
uint64_t mw_arena_resident_bytes(void);

/** mw_arena_bytes() - bytes this image has claimed. mw_arena_restart() zeroes it after fork. */
uint64_t mw_arena_bytes(void);
void mw_arena_restart(void);
