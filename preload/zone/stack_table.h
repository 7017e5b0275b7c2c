/* SPDX: no licence chosen yet, see README */
/*
 * stack_table.h - the stack tree in the dump: (caller's node, frame) -> node id.
 */
#pragma once

#include <stdint.h>

#include "preload/format.h"
#include "preload/zone/unwind.h"

/** mw_stack_table_restart() - a forked child goes on with ids from @first_id, in segments of its
 * own. */
void mw_stack_table_restart(uint32_t first_id);

/** mw_stack_table_next_id() - first id no node has yet; where a forked child goes on. */
uint32_t mw_stack_table_next_id(void);

/**
 * mw_stack_table_intern() - node id of a whole stack
 * @trace: frames get their node ids filled in, so that the next call starts where stacks part
 *
 * The same stack may get two ids when two threads meet it first at the same time, or after a
 * module was unloaded; the reader merges by content.
 * Context: zone; lock-free; signal-safe.
 * Return: id >= 1, or 0 when there is no space (counted).
 */
uint32_t mw_stack_table_intern(struct mw_trace *trace);

/** mw_stack_table_add_marker() - a new node that is a whole stack by itself; id or 0 as above. */
uint32_t mw_stack_table_add_marker(enum mwd_marker marker);

/** mw_stack_table_add_region() - a new node that stacks in a region begin at; id or 0 as above.
 * @outer: the node of the region around it, 0 = none */
uint32_t mw_stack_table_add_region(uint32_t outer);
