/* SPDX: no licence chosen yet, see README */
/* unwind_step.h - one frame outwards, of any kind. Zone; unwind. */
#pragma once

#include "preload/format.h"
#include "preload/zone/rule.h"
#include "preload/zone/unwind.h"

enum mw_step_outcome { MW_STEPPED, MW_STEP_OUTERMOST, MW_STEP_STOPPED };

/**
 * mw_step() - from frame @s to its caller, in its place
 * @rule:          of @s
 * @own_flags_out: what the step tells of the frame it leaves: NEEDS_FP when its CFA comes from fp,
 *                 HARD when more was read than (return address, saved fp), LAST
 *
 * s[-1] is the frame as it was, and before it all that lead to it.
 *
 * Context: zone; no locks, no allocation. If it did not step, @s is not to be used.
 */
enum mw_step_outcome mw_step(struct mw_trace *trace, struct mw_fresh_frame *s, struct mw_rule rule,
	unsigned *own_flags_out);

static inline uintptr_t mw_word_at(uintptr_t address)
{
	return *(const uintptr_t *)address;
}

static inline bool mw_is_on_known_stack(struct mw_trace *trace, uintptr_t sp)
{
	return sp - trace->stack_low < trace->stack_high - trace->stack_low ||
	       mw_stack_range_find(sp, &trace->stack_low, &trace->stack_high);
}

/*
 * What nobody called has no return address: where one would be the stack can end, and begin what
 * was mapped beside it when its mapping was found, and is no longer.
 */
static inline bool mw_is_first_in_page(uintptr_t ra_slot)
{
	return ra_slot % MWD_PAGE == 0;
}

/* No unwind data: the frame pointer convention is worth a bounded try, and marked as a guess. */
static inline struct mw_rule mw_guess_rule(void)
{
	return (struct mw_rule){ MW_RULE_FP, 1, 2, 16 };
}

/*
 * A guess beyond a page may lead to what was unmapped since the stack's mapping was found: code
 * without table can have any value in fp. So the kernel is asked, and asked again each time. In a
 * sandbox it is not followed.
 */
static inline bool mw_is_far(const struct mw_fresh_frame *s, uintptr_t cfa)
{
	return cfa - s->sp > MWD_PAGE;
}
