/* SPDX: no licence chosen yet, see README */
/*
 * record.h - the recorder: what each hook reports. THE SEAM between hooks, which only guard and
 * forward, and everything that measures. No exported symbols here; usable without LD_PRELOAD.
 *
 * Context of all: zone, between mw_task_enter() and mw_task_leave(); errno is not touched.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "preload/zone/mappings.h"
#include "preload/zone/task.h"

/** mw_record_prepare() - mw_record_alloc() or mw_record_realloc_done() follows: takes the stack,
 * and begins the cache misses of its record. Before the real call, which has misses of its own. */
void mw_record_prepare(struct mw_task *task, const struct mw_regs *regs);

/** mw_record_alloc() - @block of @bytes requested was handed out. After the real call. */
void mw_record_alloc(
	struct mw_task *task, const struct mw_regs *regs, const void *block, size_t bytes);

/** mw_record_free() - @block is freed. Before the real call, for afterwards another thread can get
 * the same address; after it when there is no other thread, see free_from() in hook_alloc.c. */
void mw_record_free(struct mw_task *task, const struct mw_regs *regs, const void *block);

/** mw_record_free_soon() - mw_record_freed() follows, with what this returns: begins its misses. */
uint32_t *mw_record_free_soon(struct mw_task *task, const void *block);
void mw_record_freed(struct mw_task *task, const struct mw_regs *regs, uint32_t *slot);

/* What realloc takes out of the live table while the real call runs. */
struct mw_record_moved {
	uint32_t record_id;
	uint64_t bytes;
	bool is_known;
};

/** mw_record_realloc_begin() - @block may be about to move. Before the real call. */
void mw_record_realloc_begin(
	struct mw_task *task, const void *block, struct mw_record_moved *moved_out);

/** mw_record_realloc_done() - it became @block of @bytes; NULL = freed by size 0. */
void mw_record_realloc_done(struct mw_task *task, const struct mw_regs *regs,
	const struct mw_record_moved *moved, const void *block, size_t bytes);

/** mw_record_realloc_failed() - @block lives on as it was. */
void mw_record_realloc_failed(
	struct mw_task *task, const void *block, const struct mw_record_moved *moved);

/* Ranges are as the kernel sees them: the caller rounds up to pages. */

/** mw_record_map() - [address, address + bytes) was mapped. */
void mw_record_map(struct mw_task *task, const struct mw_regs *regs, const void *address,
	size_t bytes, enum mwd_class class);

/** mw_record_unmap_begin() - the range is about to be unmapped or mapped over. */
void mw_record_unmap_begin(const void *address, size_t bytes, struct mw_cut *cut);

/** mw_record_unmap_done() - it was. The failed call is undone by mw_mappings_restore(). */
void mw_record_unmap_done(
	struct mw_task *task, const struct mw_regs *regs, const struct mw_cut *cut);

/** mw_record_class_at() - class of the mapping at @address, or @otherwise when it is not known. */
enum mwd_class mw_record_class_at(
	struct mw_task *task, const void *address, enum mwd_class otherwise);
