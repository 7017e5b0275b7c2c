/* SPDX: no licence chosen yet, see README */
/*
 * recent.h - a few stacks that a thread met, kept beside its last trace: a program often takes
 * turns among them. Zone; unwind.
 *
 * Such a stack is its top, a few frames, on a base: a frame of the trace. It is known again by the
 * argument of unwind_rules.c: the same (pc, sp), and fp if it counts, lead to the same words, which
 * are read innermost first and compared; then the base must be what it was, and so must the way out
 * of it. What comes back is the record. The trace itself stays that of another stack, which shares
 * the base.
 *
 * Only tops without HARD frames are kept: all that leads from one to the other is in links.
 */
#pragma once

#include "preload/zone/arch.h"
#include "preload/zone/unwind.h"

/* Two places for each (pc, sp), neighbours, so that a malloc and its free do not take turns in one.
 */
static inline struct mw_recent *mw_recent_set(struct mw_trace *trace, uintptr_t pc, uintptr_t sp)
{
	uint64_t hash = (pc ^ sp << 16) * 0x9e3779b97f4a7c15u;
	return &trace->recent[hash >> (65 - MW_RECENT_BITS) << 1];
}

/** mw_recent_find() - the stack that began at @pc, @sp the last time; NULL = none is kept. */
static inline const struct mw_recent *mw_recent_find(
	struct mw_trace *trace, uintptr_t pc, uintptr_t sp)
{
	if (!trace->has_recent)
		return NULL;
	const struct mw_recent *set = mw_recent_set(trace, pc, sp);
	if (set[0].pc == pc && set[0].sp == sp)
		return &set[0];
	return set[1].pc == pc && set[1].sp == sp ? &set[1] : NULL;
}

/** mw_recent_holds() - whether @recent leads from @regs to its base, frames[recent->base].
 * The way out of the base is the caller's to verify. */
static inline bool mw_recent_holds(
	const struct mw_recent *recent, const struct mw_trace *trace, const struct mw_regs *regs)
{
	if (recent->base >= trace->n_frames)
		return false;
	const struct mw_frame *base = &trace->frames[recent->base];
	if (base->path_hash != recent->base_hash || base->sp != recent->base_sp)
		return false;
	/* Found in another way it has another way out, with the same hash. */
	if (base->flags & MW_FRAME_OTHER_WAY)
		return false;
	if (recent->needs_fp && regs->fp != recent->fp)
		return false;
	for (unsigned i = 0; i < recent->n_links; i++)
		if (mw_arch_plain_pc(*(const uintptr_t *)recent->links[i].slot) !=
			recent->links[i].word)
			return false;
	return !(base->flags & MW_FRAME_NEEDS_FP) || base->fp == recent->base_fp;
}

/** mw_recent_keep() - the trace's stack, of which frames[base + 1] and up are new, has @record. */
void mw_recent_keep(struct mw_trace *trace, struct mwd_record *record, uint32_t record_id);
