/* SPDX: no licence chosen yet, see README */
/*
 * sites.h - (stack, class) -> this thread's record of it in the dump.
 */
#pragma once

#include <stdint.h>

#include "preload/format.h"
#include "preload/zone/task.h"

/** mw_sites_reset() - forget what belongs to a parent image, or to a dead thread's parent. */
void mw_sites_reset(struct mw_task *task);

/** mw_sites_next_id() - first record id no image before has used; record_base of a child. */
uint32_t mw_sites_next_id(void);

/** mw_sites_prefetch() - mw_sites_find() for the heap follows: begins its cache miss. */
void mw_sites_prefetch(struct mw_task *task);

/** mw_sites_find() - the record of the stack in task->trace */
struct mw_site mw_sites_find(struct mw_task *task, enum mwd_class class);

/** mw_sites_find_sampled() - the same for heap blocks of one size class, while sampling */
struct mw_site mw_sites_find_sampled(struct mw_task *task, uint8_t size_class);

/** mw_sites_find_unstacked() - the record of what gets no stack by choice (sample.h) */
struct mw_site mw_sites_find_unstacked(struct mw_task *task, enum mwd_class class);

/**
 * mw_sites_find_for_free() - the record in which this thread counts frees of blocks born at
 * record @id: the record itself if it is this thread's own, else one with the same stack.
 */
struct mwd_record *mw_sites_find_for_free(struct mw_task *task, uint32_t id);
