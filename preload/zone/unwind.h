/* SPDX: no licence chosen yet, see README */
/*
 * unwind.h - the seam between the recorder and whatever walks stacks. One function; two unwinders
 * behind it: our own rules with verified prefix reuse (unwind_rules.c), and libunwind, the
 * reference (unwind_libunwind.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "preload/zone/arch.h"

struct mwd_record;

#define MW_TRACE_MAX 1024u /* frames of struct mw_trace; mwd_control.max_frames is below it */

/* What a frame's caller follows from. sp of a caller = canonical frame address of its callee. */
struct mw_regs {
	uintptr_t pc, sp, fp;
};

/* State of the function that called the hook this is written in. */
#define MW_CALLER_REGS()                                                                           \
	((struct mw_regs){ (uintptr_t)__builtin_return_address(0),                                 \
		(uintptr_t)__builtin_dwarf_cfa(), *(uintptr_t *)__builtin_frame_address(0) })

enum mw_frame_flag {
	MW_FRAME_EXACT = 1u << 0,    /* pc is the next instruction (above a signal frame) */
	MW_FRAME_GUESSED = 1u << 1,  /* found through the frame pointer chain */
	MW_FRAME_NEEDS_FP = 1u << 2, /* fp decides how this or an outer frame unwinds */
	MW_FRAME_HARD = 1u << 3,     /* its caller follows from more words than two: re-derive */
	MW_FRAME_MARKER = 1u << 4,   /* not a frame: pc is an enum mwd_marker */
	MW_FRAME_LAST = 1u << 5,     /* what lies where its return address belongs is none */
};

/* With these, the same (pc, sp, fp) has another way out. (LAST: or has one. Its callee's links
 * tell, so that one can be found again, and it not.) */
#define MW_FRAME_OTHER_WAY                                                                         \
	(MW_FRAME_EXACT | MW_FRAME_LAST | (MW_HAS_LINK_REGISTER ? MW_FRAME_GUESSED : 0u))

/* One cache line. */
struct mw_frame {
	uintptr_t pc, sp, fp;
	uint16_t fp_back; /* fp was loaded from sp - 8 * fp_back; 0 = taken over from below */
	uint16_t ra_back; /* pc was loaded from sp - 8 * ra_back */
	uint16_t flags;
	uint16_t last_hard;	   /* highest index <= this one that is HARD; 0 = none */
	uint64_t path_hash;	   /* of the outermost frame to this one: names the whole stack */
	struct mwd_record *record; /* of the stack that ends here, class heap; NULL = not known.
				    * For whoever counts by stacks; the unwinder clears it. */
	uint32_t record_id;	   /* its id */
	uint32_t node;		   /* id in the stack tree, 0 = not interned yet */
	uint16_t first_link;	   /* of the one or two that lead to it: its pc's, and its fp's if
				    * that was loaded and is needed; before them trace->end if it is
				    * LAST */
	uint16_t reserved[3];
};

/* A frame on its way from the stack into the trace. */
struct mw_fresh_frame {
	uintptr_t pc, sp, fp;
	uint16_t fp_back, ra_back; /* see struct mw_frame */
	uint16_t flags;		   /* EXACT, GUESSED, MARKER, and what step() adds */
};

/* A word that leads to a frame: where its pc, or its fp, was read, and what it was. */
struct mw_link {
	uintptr_t slot, word;
};

#define MW_MAX_LINKS (2 * (MW_TRACE_MAX + 1))
#define MW_NO_BASE UINT32_MAX /* all frames were new */
#define MW_RECENT_BITS 4
#define MW_RECENT_LINKS 12u
#define MW_SEEN_BITS 6

/* A stack that was met before; see recent.h. */
struct mw_recent {
	uintptr_t pc, sp, fp; /* of its innermost frame; pc 0 = none */
	uintptr_t base_sp, base_fp;
	uint64_t base_hash; /* path_hash of frames[base] */
	uint64_t path_hash; /* its own */
	struct mwd_record *record;
	uint32_t record_id;
	uint16_t base;	 /* the frame of the trace that it stands on */
	uint8_t n_links; /* from its innermost frame to the base */
	uint8_t needs_fp : 1;
	uint8_t is_second_newer : 1; /* of its set; in the first of two */
	struct mw_link links[MW_RECENT_LINKS];
};

/* A thread's last stack, outermost first; kept, because the next is mostly the same. */
struct mw_trace {
	uint32_t n_frames;
	uint32_t generation; /* of the modules, when it was taken */
	uint32_t n_markers;  /* 1 = frames[0] is a marker */
	/* The outermost frame that can be proven if nothing changed: frames[n_markers]; MW_NO_BASE
	 * where that one is HARD, so that each time it must be found again that the walk ends. */
	uint32_t all_proven;
	bool is_truncated; /* where it was cut depends on its depth: never reused */
	bool has_recent;   /* of most threads not: their pages of recent[] stay untouched */
	uintptr_t stack_low, stack_high; /* the mapping that sp lay in */
	uintptr_t link_register;	 /* of the frame a signal interrupted; while unwinding */
	struct mw_link end; /* what the walk ended at, if its outermost frame is LAST */
	/* What lies around the outermost frame: the thread's open region, see region.h. */
	uint64_t root_hash;		   /* where path hashes begin; 0 = none */
	uint32_t root_node;		   /* in the stack tree, 0 = none */
	const struct mw_recent *recalled;  /* not NULL: the stack is this one, not frames[] */
	uint32_t base;			   /* frames above it were new; or MW_NO_BASE */
	uint64_t seen[1u << MW_SEEN_BITS]; /* path hashes of the stacks before; see recent.c */
	/* What leads to frames[], apart to be read fast; four at a time, so pointers to them go
	 * further. */
	struct mw_link links[MW_MAX_LINKS + 4];
	struct mw_frame frames[MW_TRACE_MAX + 1] /* + marker */
		__attribute__((aligned(64)));
	struct mw_fresh_frame fresh[MW_TRACE_MAX + 1]; /* scratch: innermost first */
	struct mw_recent recent[1u << MW_RECENT_BITS];
};

/** mw_trace_forget() - what is kept of the last stack is not to be used again. */
static inline void mw_trace_forget(struct mw_trace *trace)
{
	trace->n_frames = trace->n_markers = 0;
	trace->is_truncated = false;
	trace->recalled = NULL;
	for (uint32_t i = 0; trace->has_recent && i < 1u << MW_RECENT_BITS; i++)
		trace->recent[i].pc = 0;
	trace->has_recent = false;
}

/**
 * mw_unwind_recall() - as mw_unwind_capture(), or a stack that was met before: recalled, then
 *
 * For who wants nothing but its record. Context: as mw_unwind_capture().
 * Return: whether it is the stack that frames[] had already; false = perhaps not.
 */
bool mw_unwind_recall(struct mw_trace *trace, const struct mw_regs *regs);

/**
 * mw_unwind_capture() - bring @trace up to the stack of @regs
 *
 * frames[n_frames - 1] is the caller of the hook. At least one frame; outermost may be a marker
 * (truncated, stopped).
 * Context: zone; no locks, no allocation; errno kept. Reads stack memory within the stack's own
 * mapping only.
 */
void mw_unwind_capture(struct mw_trace *trace, const struct mw_regs *regs);

/** mw_unwind_needs_library() - the run asks for libunwind, as unwinder or as reference. */
bool mw_unwind_needs_library(void);

/** mw_unwind_load_library() - load it and use it. Constructor only. */
void mw_unwind_load_library(void);

/** mw_stack_range_find() - the readable mapping around @sp; false when it is not known. */
bool mw_stack_range_find(uintptr_t sp, uintptr_t *low_out, uintptr_t *high_out);
