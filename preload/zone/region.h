/* SPDX: no licence chosen yet, see README */
/*
 * region.h - regions that the program marks (memwatch.h). Zone; between hook and account.
 *
 * An open region is a pseudo frame around the outermost frame of its thread's stacks: its node is
 * where they are interned, its hash where path hashes begin. So events in it find records of their
 * own in the ordinary way, and its bytes are the sum of what passes through that node. Begin and
 * end change the root and make the thread forget its last stack; nothing else is new to an event
 * but one comparison for the peak.
 *
 * A region belongs to the thread that began it. It is not inherited by a forked child; what is open
 * at exec or at a thread's end stays unfinished.
 */
#pragma once

#include <stdint.h>

#include "preload/format.h"

struct mw_task;

#define MW_MAX_OPEN_REGIONS 32u

struct mw_open_region {
	struct mwd_log_region *entry; /* NULL = not followed: no space */
	uint64_t outer_hash;	      /* the root to return to */
	uint32_t outer_node;
	int64_t outer_peak_bytes; /* task->region_peak_bytes of the region around it */
	int64_t start_ns, start_bytes;
	int64_t image_peak_bytes; /* when it began */
};

/* How many a thread has open; they are in task->region_stack, outermost first, which lies apart: a
 * thread without regions never touches it. */
struct mw_open_regions {
	uint32_t n;
	uint32_t n_beyond; /* begun deeper than there is room for */
};

/* Context of all: zone, between mw_task_enter() and mw_task_leave(); signal-safe. */

/** mw_region_begin() - @name: the program's, copied; NULL counts as "". */
void mw_region_begin(struct mw_task *task, const char *name);

/** mw_region_end() - the innermost open region of that name ends, and those in it. @name: NULL =
 * the innermost. Without one: counted, ignored. */
void mw_region_end(struct mw_task *task, const char *name);

/** mw_region_instant() - a moment, for the log. */
void mw_region_instant(struct mw_task *task, const char *name);

/** mw_region_forget_all() - no region is open in this thread, which begins anew. */
void mw_region_forget_all(struct mw_task *task);

/** mw_region_restart() - a forked child has regions of its own. */
void mw_region_restart(void);
