/* SPDX: no licence chosen yet, see README */
/*
 * counters.h - what an event does to a record (format.h) and to the totals.
 */
#pragma once

#include <stdint.h>

#include "preload/format.h"
#include "preload/zone/task.h"

/* A block of @bytes was born at @record, which is of @class. */
void mw_counters_alloc(
	struct mw_task *task, struct mwd_record *record, enum mwd_class class, uint64_t bytes);

/* Bytes born at @record's stack died; @n_blocks is 0 while a part of the block lives on. */
void mw_counters_free(struct mw_task *task, struct mwd_record *record, enum mwd_class class,
	uint64_t bytes, uint64_t n_blocks);

/* @bytes of @class were freed by a call from @record's stack; the totals are without them already.
 */
void mw_counters_freed_here(struct mw_task *task, struct mwd_record *record, enum mwd_class class,
	uint64_t bytes, uint64_t n_blocks);
