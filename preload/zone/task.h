/* SPDX: no licence chosen yet, see README */
/*
 * task.h - a thread block: what one thread writes without sharing. Found by one initial-exec TLS
 * pointer; the block of a thread that is gone serves the next new thread, counters and all, so
 * that short threads do not grow anything.
 *
 * Life of a process, in the one function that may see it all, mw_task_enter():
 *
 *   OFF --first event--> BOOTING --dump mapped--> ON --fork--> (child: wiped) --> BOOTING --> ON
 *                              \--nothing to record into--> DISABLED
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "preload/format.h"
#include "preload/zone/arch.h"
#include "preload/zone/comebacks.h"
#include "preload/zone/live_table.h"
#include "preload/zone/region.h"
#include "preload/zone/sample.h"
#include "preload/zone/unwind.h"

/* A record and its id; from sites.h: NULL and 0 when there is no space (counted). */
struct mw_site {
	struct mwd_record *record;
	uint32_t id;
};

#define MW_FIRST_SITES 64u /* slots of a thread's first index, inside its block */

struct mw_task {
	/* hot */
	uintptr_t busy; /* frame address of the hook that is at work here, 0 = none */
	/* The hook has called on, into the allocator or libunwind: events nested in that are not
	 * the program's. Others, of a signal handler that interrupted our accounting, are lost. */
	uint32_t is_forwarding;
	uint64_t
		*sites; /* [sites_mask + 1]: first_sites, or mapped; NULL = none yet; see sites.c */
	uint64_t sites_mask;
	uint64_t n_sites, max_sites;	      /* used slots, and how many before the index grows */
	int64_t pending_bytes[MWD_N_CLASSES]; /* not yet in the totals */
	int64_t region_peak_bytes; /* highest live heap seen in the innermost region; INT64_MAX =
				    * none is open */
	struct mw_live_leaf leaf;  /* where the last block was found */
	struct mw_sample sample;
	/* Records of what gets no stack by choice; in the dump; NULL = not made yet. */
	struct mw_site unstacked[MWD_N_CLASSES];
	/* warm */
	struct mwd_record *chunk; /* the records segment being filled: [0] is its header */
	uint32_t chunk_first_id;
	uint32_t next_slot;	 /* 128 = full */
	uint32_t n_spare_chunks; /* claimed with chunk, following it */
	uint32_t claim_chunks;
	bool is_claim_dense;	 /* the chunk's claim was touched all over, and is counted */
	uint32_t index_in_image; /* owner number in the dump, from 1 */
	uint32_t image_count;	 /* which image of this process (fork count) the block serves */
	int tid;
	struct mw_task *next; /* all blocks, newest first */
	struct mw_open_regions regions;
	struct mw_comebacks comebacks;
	uint64_t first_sites[MW_FIRST_SITES];
	/* large */
	struct mw_trace trace;
	struct mw_open_region region_stack[MW_MAX_OPEN_REGIONS];
};

/*
 * A hook by its frame address and, above bit 48, the end of where it returns to, which tells
 * whether it is still there. The return address lies above the saved frame pointer, on x86-64 and
 * aarch64 alike. One word, since a signal can come between two.
 */
#define MW_BUSY_OF(frame) ((uintptr_t)(frame) | ((const uintptr_t *)(frame))[1] << 48)
#define MW_BUSY_FRAME(busy) ((busy) & (((uintptr_t)1 << 48) - 1))

/**
 * mw_task_enter() - begin work for an event of this thread
 * @frame: __builtin_frame_address(0) of the hook
 *
 * Return: this thread's block, to be left with mw_task_leave(); or NULL: pass the call through,
 * record nothing (off, not ours, or inside one of our own calls).
 */
static inline struct mw_task *mw_task_enter(const void *frame);
static inline void mw_task_leave(struct mw_task *task);

/* Behind mw_task_enter(): */
extern __thread struct mw_task *mw_task_current __attribute__((tls_model("initial-exec")));
/* Reads 0 in a forked child: the page is wiped. NULL: not yet, see MW_SEEMS_BUSY_UNRELOCATED. */
extern const uint32_t *mw_process_is_on;
struct mw_task *mw_task_enter_slow(uintptr_t frame);

static inline struct mw_task *mw_task_enter(const void *frame)
{
	struct mw_task *task = mw_task_current;
	if (__builtin_expect(task && !task->busy &&
				     (MW_SEEMS_BUSY_UNRELOCATED || mw_process_is_on) &&
				     *(const volatile uint32_t *)mw_process_is_on,
		    1)) {
		task->busy = MW_BUSY_OF(frame);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		return task;
	}
	return mw_task_enter_slow((uintptr_t)frame);
}

static inline void mw_task_leave(struct mw_task *task)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	task->busy = 0;
}

/** mw_task_is_undisturbed() - no event that took the hook at @frame for abandoned came in between
 * (it lets itself be talked into that on stacks it cannot tell apart): task->trace is as it was.
 * Enters again if not. */
static inline bool mw_task_is_undisturbed(struct mw_task *task, const void *frame)
{
	uintptr_t busy = MW_BUSY_OF(frame);
	bool is_undisturbed = task->busy == busy;
	task->busy = busy;
	return is_undisturbed;
}

/* @call with nested events known to be none of the program's. */
#define MW_FORWARD(task, call)                                                                     \
	({                                                                                         \
		(task)->is_forwarding = 1;                                                         \
		__atomic_signal_fence(__ATOMIC_SEQ_CST);                                           \
		__typeof__(call) forwarded = (call);                                               \
		__atomic_signal_fence(__ATOMIC_SEQ_CST);                                           \
		(task)->is_forwarding = 0;                                                         \
		forwarded;                                                                         \
	})

/* The same for calls that return nothing. */
#define MW_FORWARD_VOID(task, call) MW_FORWARD(task, ((call), 0))

/** mw_process_is_recording() - the image exists and is this process's own. */
bool mw_process_is_recording(void);

/** mw_process_note_fork() - in a forked child: which pid it has, in case it vforks before its
 * first event. */
void mw_process_note_fork(void);

/** mw_process_note_vfork() - before a vfork: as mw_process_note_fork(), if nobody has told yet. */
void mw_process_note_vfork(void);
