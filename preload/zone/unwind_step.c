/* SPDX: no licence chosen yet, see README */
/* unwind_step.c - see unwind_step.h. Zone; unwind. The frames that unwind_rules.c does not leave by
 * itself, and the reasons to stop. */
#include "preload/zone/arch.h"
#include "preload/zone/probe.h"
#include "preload/zone/raw.h"
#include "preload/zone/rule_near.h"
#include "preload/zone/unwind_exotic.h"
#include "preload/zone/unwind_step.h"
#include "preload/zone/zone.h"

static bool is_readable(const struct mw_trace *trace, uintptr_t address, size_t bytes)
{
	return address >= trace->stack_low && address <= trace->stack_high - bytes &&
	       address % sizeof(uintptr_t) == 0;
}

static MW_COLD enum mw_step_outcome step_signal(
	struct mw_trace *trace, struct mw_fresh_frame *s, unsigned *hard_out)
{
	*hard_out = MW_FRAME_HARD;
	if (!is_readable(trace, s->sp, MW_SIGNAL_BYTES))
		return MW_STEP_STOPPED;
	uintptr_t frame = s->sp;
	*s = (struct mw_fresh_frame){ mw_word_at(frame + MW_SIGNAL_PC),
		mw_word_at(frame + MW_SIGNAL_SP), mw_word_at(frame + MW_SIGNAL_FP), 0, 0,
		MW_FRAME_EXACT };
	trace->link_register = mw_word_at(frame + MW_SIGNAL_LINK);
	/* At NULL somebody called it, who cannot be told from what else lies at sp. */
	return s->pc && mw_is_on_known_stack(trace, s->sp) ? MW_STEPPED : MW_STEP_STOPPED;
}

static MW_NOINLINE bool can_read_far(const struct mw_fresh_frame *s, unsigned *hard_out)
{
	*hard_out |= MW_FRAME_HARD;
	return !mw_is_sandboxed && mw_probe_words((const void *)s->fp, 2);
}

static MW_NOINLINE enum mw_step_outcome step_drap(
	struct mw_trace *trace, struct mw_fresh_frame *s, struct mw_rule rule, unsigned *hard_out)
{
	uintptr_t slot = s->fp + (uintptr_t)(intptr_t)rule.offset;
	*hard_out = MW_FRAME_HARD | MW_FRAME_NEEDS_FP;
	if (!is_readable(trace, slot, 8) || !is_readable(trace, s->fp, 8))
		return MW_STEP_STOPPED;
	uintptr_t cfa = mw_word_at(slot);
	if (cfa <= s->sp || !is_readable(trace, cfa - 8, 8))
		return MW_STEP_STOPPED;
	*s = (struct mw_fresh_frame){ mw_arch_plain_pc(mw_word_at(cfa - 8)), cfa, mw_word_at(s->fp),
		0, 1, 0 };
	return s->pc ? MW_STEPPED : MW_STEP_OUTERMOST;
}

/* A signal came before the function saved its return address, or in one that never does: linker
 * stubs among them, which have no table. */
static MW_COLD enum mw_step_outcome step_link(
	struct mw_trace *trace, struct mw_fresh_frame *s, uintptr_t cfa, unsigned *own_flags_out)
{
	uintptr_t pc = mw_arch_plain_pc(trace->link_register);
	if (!(s->flags & MW_FRAME_EXACT))
		return MW_STEP_STOPPED;
	*own_flags_out |= MW_FRAME_HARD;
	if (cfa < s->sp || pc >> MW_ADDRESS_BITS)
		return MW_STEP_STOPPED;
	*s = (struct mw_fresh_frame){ pc, cfa, s->fp, 0, 0, 0 };
	return pc ? MW_STEPPED : MW_STEP_OUTERMOST;
}

/* @s: a copy of the frame before it, as in mw_step(). */
static MW_COLD enum mw_step_outcome step_exotic(
	struct mw_trace *trace, struct mw_fresh_frame *s, unsigned *hard_out)
{
	*hard_out = MW_FRAME_HARD;
	if (!mw_unwind_exotic_step(trace->fresh, s - 1, s) || !mw_is_on_known_stack(trace, s->sp))
		return MW_STEP_STOPPED;
	return s->pc < MWD_PAGE ? MW_STEP_OUTERMOST : MW_STEPPED;
}

/*
 * What calls on a stack of its own finds the one it came from by fp: -fsplit-stack's __morestack,
 * Rust's psm. That one can be gone, and where a table is wrong fp is anything: so the kernel is
 * asked, each time, and a call must lie there that code with a table made.
 */
static MW_COLD bool leads_to_other_stack(
	struct mw_trace *trace, struct mw_rule rule, uintptr_t cfa, unsigned *hard_out)
{
	unsigned words = rule.ra_back > rule.fp_back ? rule.ra_back : rule.fp_back;
	uintptr_t ra_slot = cfa - 8u * rule.ra_back;
	if (rule.kind != MW_RULE_FP)
		return false;
	*hard_out |= MW_FRAME_HARD;
	return cfa % sizeof(uintptr_t) == 0 && !mw_is_sandboxed &&
	       mw_probe_words((const void *)(cfa - 8u * words), words) &&
	       mw_rule_find(mw_arch_plain_pc(mw_word_at(ra_slot)) - 1).kind != MW_RULE_NO_TABLE &&
	       mw_is_on_known_stack(trace, ra_slot);
}

MW_NOINLINE enum mw_step_outcome mw_step(struct mw_trace *trace, struct mw_fresh_frame *s,
	struct mw_rule rule, unsigned *own_flags_out)
{
	uint16_t flags = 0;
	uintptr_t cfa;
	*own_flags_out = 0;
	switch (rule.kind) {
	case MW_RULE_NO_TABLE:
		if (MW_HAS_LINK_REGISTER && (s->flags & MW_FRAME_EXACT))
			return step_link(trace, s, s->sp, own_flags_out);
		if (!(s->flags & MW_FRAME_EXACT) && rule.offset)
			return MW_STEP_OUTERMOST;
		*own_flags_out = MW_FRAME_NEEDS_FP;
		if (s->fp < s->sp)
			return MW_STEP_STOPPED;
		rule = mw_guess_rule();
		flags = MW_FRAME_GUESSED;
		/* fallthrough */
	case MW_RULE_FP:
		*own_flags_out = MW_FRAME_NEEDS_FP;
		cfa = s->fp + (uintptr_t)rule.offset;
		break;
	case MW_RULE_SP:
		cfa = s->sp + (uintptr_t)rule.offset;
		if (MW_HAS_LINK_REGISTER && (s->flags & MW_FRAME_GUESSED) && rule.fp_back) {
			/* The guess left sp at the frame record, not at the frame's bottom. */
			*own_flags_out = MW_FRAME_NEEDS_FP;
			cfa = s->fp + 8u * rule.fp_back;
		}
		break;
	case MW_RULE_DRAP:
		return step_drap(trace, s, rule, own_flags_out);
	case MW_RULE_SIGNAL:
		return step_signal(trace, s, own_flags_out);
	case MW_RULE_END:
		return MW_STEP_OUTERMOST;
	case MW_RULE_EXOTIC:
		return step_exotic(trace, s, own_flags_out);
	default:
		return MW_STEP_STOPPED;
	}
	if (MW_HAS_LINK_REGISTER && mw_unlikely(!rule.ra_back))
		return step_link(trace, s, cfa, own_flags_out);
	uintptr_t ra_slot = cfa - 8u * rule.ra_back;
	if (mw_unlikely(cfa <= s->sp || !is_readable(trace, ra_slot, 8)) &&
		(flags || !leads_to_other_stack(trace, rule, cfa, own_flags_out)))
		return MW_STEP_STOPPED;
	if (mw_unlikely(flags) && mw_is_far(s, cfa) && !can_read_far(s, own_flags_out))
		return MW_STEP_STOPPED;
	if (mw_unlikely(mw_is_first_in_page(ra_slot)) &&
		!mw_probe_words((const void *)ra_slot, 1)) {
		*own_flags_out |= MW_FRAME_HARD;
		return MW_STEP_STOPPED;
	}
	s->sp = cfa;
	if (rule.fp_back) {
		if (mw_unlikely(!is_readable(trace, cfa - 8u * rule.fp_back, 8)))
			return MW_STEP_STOPPED;
		s->fp = mw_word_at(cfa - 8u * rule.fp_back);
	}
	s->fp_back = rule.fp_back;
	s->ra_back = rule.ra_back;
	s->pc = mw_arch_plain_pc(mw_word_at(ra_slot));
	s->flags = flags;
	if (mw_likely(s->pc - MWD_PAGE < ((uintptr_t)1 << MW_ADDRESS_BITS) - MWD_PAGE))
		return MW_STEPPED;
	*own_flags_out |= mw_is_first_in_page(ra_slot) ? MW_FRAME_HARD : MW_FRAME_LAST;
	trace->end = (struct mw_link){ ra_slot, s->pc };
	return flags || s->pc >= MWD_PAGE ? MW_STEP_STOPPED : MW_STEP_OUTERMOST;
}
