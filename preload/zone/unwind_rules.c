/* SPDX: no licence chosen yet, see README */
/*
 * unwind_rules.c - walks the stack by compiled rules, and reuses the last trace. Zone; unwind.
 *
 * Unwinding is a deterministic function of (pc, sp, fp) and of the words it reads: each frame's
 * return address and, where an outer frame still depends on it, the saved frame pointer. So once a
 * frame equals one of the last trace, it is enough to re-read the words the unwinder would read
 * above it, innermost to outermost, and to compare: equal words mean an equal trace. The first
 * different word ends the comparison before anything beyond it is read, so exactly the addresses
 * the unwinder reads are read, and longjmp, exceptions, coroutines and signal stacks need no
 * special case: they fail to match.
 *
 * The frame pointer is an ordinary register to most code and changes all the time. It counts
 * only while NEEDS_FP: some outer frame computes its CFA from it before restoring it.
 */
#include <string.h>

#include "preload/zone/arch.h"
#include "preload/zone/arena.h"
#include "preload/zone/modules.h"
#include "preload/zone/recent.h"
#include "preload/zone/rule.h"
#include "preload/zone/rule_near.h"
#include "preload/zone/unwind.h"
#include "preload/zone/unwind_rules.h"
#include "preload/zone/unwind_step.h"
#include "preload/zone/zone.h"

/*
 * The step of nearly every frame: @s to @next, both in memory, word by word. What it reads lies
 * between sp, which is on the stack, and the CFA. Return: whether it was one of these; if not,
 * nothing is told of the frame, and step() knows.
 */
static inline bool step_plainly(const struct mw_trace *trace, struct mw_fresh_frame *s,
	struct mw_fresh_frame *next, struct mw_rule rule)
{
	uint16_t flags = 0;
	if (rule.kind == MW_RULE_NO_TABLE && !rule.offset && !(s->flags & MW_FRAME_EXACT)) {
		rule = mw_guess_rule();
		flags = MW_FRAME_GUESSED;
	}
	if (MW_HAS_LINK_REGISTER ? !rule.ra_back || (s->flags & MW_FRAME_GUESSED)
				 : rule.ra_back != 1)
		return false;
	uint16_t ra_back = MW_HAS_LINK_REGISTER ? rule.ra_back : 1;
	uintptr_t sp = s->sp, fp = s->fp, bytes, cfa;
	if (mw_likely(rule.kind == MW_RULE_SP)) {
		bytes = (uintptr_t)rule.offset;
		cfa = sp + bytes;
	} else if (mw_likely(rule.kind == MW_RULE_FP)) {
		cfa = fp + (uintptr_t)rule.offset;
		bytes = cfa - sp;
	} else {
		return false;
	}
	if (mw_unlikely(bytes - 1 >= trace->stack_high - sp || cfa % sizeof(uintptr_t) ||
			8u * rule.fp_back > bytes || 8u * ra_back > bytes ||
			(flags && mw_is_far(s, cfa)) || mw_is_first_in_page(cfa - 8u * ra_back)))
		return false;
	uintptr_t pc = mw_arch_plain_pc(mw_word_at(cfa - 8u * ra_back));
	if (mw_unlikely(pc - MWD_PAGE >= ((uintptr_t)1 << MW_ADDRESS_BITS) - MWD_PAGE))
		return false;
	if (rule.kind == MW_RULE_FP)
		s->flags |= MW_FRAME_NEEDS_FP;
	next->pc = pc;
	next->sp = cfa;
	next->fp = rule.fp_back ? mw_word_at(cfa - 8u * rule.fp_back) : fp;
	next->fp_back = rule.fp_back;
	next->ra_back = ra_back;
	next->flags = flags;
	return true;
}

static inline bool holds(const struct mw_link *link)
{
	return mw_likely(mw_arch_plain_pc(mw_word_at(link->slot)) == link->word);
}

/* The @link behind the last that holds, or @end, of those from there to before @link. */
static inline const struct mw_link *verify_links(
	const struct mw_link *link, const struct mw_link *end)
{
	for (const struct mw_link *last_four = end + 4; link >= last_four; link -= 4) {
		if (!holds(&link[-1]))
			return link;
		if (!holds(&link[-2]))
			return link - 1;
		if (!holds(&link[-3]))
			return link - 2;
		if (!holds(&link[-4]))
			return link - 3;
	}
	while (link > end && holds(&link[-1]))
		link--;
	return link;
}

/* The frame that links[at] leads to, or ends at, below frames[i]. */
static inline uint32_t frame_of_link(const struct mw_trace *trace, uint32_t at, uint32_t i)
{
	uint32_t n_second = trace->frames[i].first_link - i;
	uint32_t low = at > n_second ? at - n_second : 0, high = at < i ? at : i - 1;
	while (low < high) {
		uint32_t middle = (low + high + 1) / 2;
		if (trace->frames[middle].first_link <= at)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

/*
 * Whether the words that lead from frames[i], @outermost or above, outwards are what they were.
 * Return: index of the outermost frame that is still proven.
 */
static inline uint32_t verify(const struct mw_trace *trace, uint32_t i, uint32_t outermost)
{
	uint32_t hard = trace->frames[i].last_hard;
	uint32_t stop = hard > outermost ? hard : outermost;
	const struct mw_link *end = &trace->links[trace->frames[stop].first_link];
	const struct mw_link *link = verify_links(&trace->links[trace->frames[i].first_link], end);
	if (mw_likely(link == end))
		return stop;
	return frame_of_link(trace, (uint32_t)(link - 1 - trace->links), i) + 1;
}

static inline bool is_same(
	const struct mw_frame *frame, uintptr_t pc, uintptr_t sp, uintptr_t fp, uint16_t flags)
{
	return frame->sp == sp && frame->pc == pc &&
	       !((frame->flags ^ flags) & MW_FRAME_OTHER_WAY) &&
	       (!(frame->flags & MW_FRAME_NEEDS_FP) || frame->fp == fp);
}

static inline uint64_t extend_hash(uint64_t outer, uint64_t pc_and_marker)
{
	uint64_t x = (outer ^ pc_and_marker) * 0x9e3779b97f4a7c15u;
	return x ^ x >> 29;
}

/* Note at @link what leads to @frame. Return: the link behind it. */
static inline struct mw_link *add_links(struct mw_link *link, const struct mw_frame *frame)
{
	*link++ = (struct mw_link){ frame->sp - 8u * frame->ra_back, frame->pc };
	if (mw_unlikely(frame->flags & MW_FRAME_NEEDS_FP) && frame->fp_back)
		*link++ = (struct mw_link){ frame->sp - 8u * frame->fp_back, frame->fp };
	return link;
}

/* Put fresh[0..n_fresh) (innermost first) on top of the n_kept outer frames. */
static inline void append_fresh(struct mw_trace *trace, uint32_t n_kept, uint32_t n_fresh)
{
	struct mw_frame *frame = &trace->frames[n_kept];
	struct mw_link *link = trace->links;
	const struct mw_fresh_frame *fresh = &trace->fresh[n_fresh];
	uint64_t hash = 0x6d656d7761746368u + trace->generation + trace->root_hash;
	uint16_t last_hard = 0;
	bool passes_fp = false; /* unchanged through a frame to an outer one that wants it */
	if (n_kept) {
		link = add_links(&link[frame[-1].first_link], &frame[-1]);
		hash = frame[-1].path_hash;
		last_hard = frame[-1].last_hard;
		passes_fp = (frame[-1].flags & MW_FRAME_NEEDS_FP) && !frame[-1].fp_back;
	}
	for (; fresh-- > trace->fresh; frame++) {
		uint16_t flags = fresh->flags;
		frame->first_link = (uint16_t)(link - trace->links);
		if (mw_unlikely(flags | passes_fp)) {
			if (flags & MW_FRAME_LAST)
				*link++ = trace->end;
			if (flags & MW_FRAME_HARD)
				last_hard = (uint16_t)(frame - trace->frames);
			else if (passes_fp)
				flags |= MW_FRAME_NEEDS_FP;
		}
		hash = extend_hash(hash, fresh->pc ^ (uint64_t)(flags & MW_FRAME_MARKER) << 56);
		frame->pc = fresh->pc;
		frame->sp = fresh->sp;
		frame->fp = fresh->fp;
		frame->path_hash = hash;
		frame->fp_back = fresh->fp_back;
		frame->ra_back = fresh->ra_back;
		frame->flags = flags;
		frame->last_hard = last_hard;
		frame->record = NULL;
		frame->node = 0;
		link = add_links(link, frame);
		passes_fp = (flags & MW_FRAME_NEEDS_FP) && !fresh->fp_back;
	}
}

/*
 * The words above frames[proven] changed: what lies below is still true. Move frames[from..proven]
 * to fresh from @s on, where the first is, following fp through the words themselves, since a kept
 * fp that nobody needed can be stale. None of them is HARD, and so none below EXACT. Return: the
 * outermost proven frame there.
 */
static MW_NOINLINE struct mw_fresh_frame *move_proven(
	struct mw_trace *trace, uint32_t from, uint32_t proven, struct mw_fresh_frame *s)
{
	const struct mw_frame *frames = trace->frames;
	for (uint32_t i = from; i > proven; i--, s++) {
		s->flags |= frames[i].flags & MW_FRAME_NEEDS_FP;
		const struct mw_frame *outer = &frames[i - 1];
		s[1].pc = outer->pc;
		s[1].sp = outer->sp;
		s[1].fp = outer->fp_back ? mw_word_at(outer->sp - 8u * outer->fp_back) : s->fp;
		s[1].fp_back = outer->fp_back;
		s[1].ra_back = outer->ra_back;
		s[1].flags = outer->flags & MW_FRAME_GUESSED;
	}
	return s;
}

/* The trace as it stands is the answer: the usual case in a loop. */
static inline bool is_unchanged(const struct mw_trace *trace, const struct mw_regs *regs)
{
	uint32_t n = trace->n_frames;
	return n > trace->n_markers && trace->generation == mw_modules_generation() &&
	       is_same(&trace->frames[n - 1], regs->pc, regs->sp, regs->fp, 0) &&
	       verify(trace, n - 1, trace->n_markers) == trace->all_proven;
}

/* The walk ended at @s, which is not counted. Return: how many are fresh, with the marker. */
static inline uint32_t end_walk(
	struct mw_trace *trace, struct mw_fresh_frame *s, enum mw_step_outcome outcome)
{
	if (s == trace->fresh)
		s++;
	trace->is_truncated = outcome == MW_STEPPED;
	trace->n_markers = outcome != MW_STEP_OUTERMOST;
	bool is_hard = outcome != MW_STEPPED && (s[-1].flags & MW_FRAME_HARD);
	trace->all_proven = is_hard ? MW_NO_BASE : trace->n_markers;
	if (trace->n_markers)
		*s++ = (struct mw_fresh_frame){ .pc = outcome == MW_STEPPED ? MWD_MARKER_TRUNCATED
									    : MWD_MARKER_STOPPED,
			.sp = UINTPTR_MAX,
			.flags = MW_FRAME_MARKER | MW_FRAME_HARD };
	return (uint32_t)(s - trace->fresh);
}

/*
 * @frame stays, but another callee leads to it from here on: it is that one's frame which has the
 * return address and, somewhere else, the saved fp. Or none, if it is the innermost now.
 */
static inline void lead_to(struct mw_frame *frame, const struct mw_fresh_frame *s)
{
	frame->ra_back = s->ra_back;
	frame->fp_back = s->fp_back;
	frame->flags &= (uint16_t)~MW_FRAME_GUESSED;
	frame->flags |= s->flags & MW_FRAME_GUESSED;
}

/*
 * Unwind from @regs until a frame of the old trace proves true, or to the end. Return: how many of
 * the old frames stay; the new ones are in fresh[0..*n_fresh).
 */
static inline uint32_t walk(struct mw_trace *trace, const struct mw_regs *regs, uint32_t *n_fresh)
{
	struct mw_fresh_frame *s = trace->fresh, *end = s + mw_control->max_frames;
	*s = (struct mw_fresh_frame){ regs->pc, regs->sp, regs->fp, 0, 0, 0 };
	uint32_t outermost = trace->n_markers;
	/* Old frames from here outwards to <none> can still prove true. */
	const struct mw_frame *old = &trace->frames[trace->n_frames] - 1;
	const struct mw_frame *none = &trace->frames[outermost] - 1;
	enum mw_step_outcome outcome =
		mw_is_on_known_stack(trace, s->sp) ? MW_STEPPED : MW_STEP_STOPPED;
	while (outcome == MW_STEPPED && s < end) {
		while (old != none && old->sp < s->sp)
			old--;
		if (old != none && is_same(old, s->pc, s->sp, s->fp, s->flags)) {
			uint32_t at = (uint32_t)(old - trace->frames);
			uint32_t proven = verify(trace, at, outermost);
			bool is_deep = at + 1 - proven >= (uint32_t)(end - s);
			if (proven == trace->all_proven && !is_deep) {
				*n_fresh = (uint32_t)(s - trace->fresh);
				lead_to(&trace->frames[at], s);
				return at + 1;
			}
			if (!is_deep)
				s = move_proven(trace, at, proven, s);
			old = is_deep ? none : &trace->frames[proven] - 1;
		}
		struct mw_rule rule = mw_rule_find(s->flags & MW_FRAME_EXACT ? s->pc : s->pc - 1);
		if (mw_unlikely(!step_plainly(trace, s, s + 1, rule))) {
			unsigned own_flags;
			s[1] = s[0];
			outcome = mw_step(trace, s + 1, rule, &own_flags);
			s->flags |= (uint16_t)own_flags;
		}
		s++;
	}
	*n_fresh = end_walk(trace, s, outcome);
	return 0;
}

static MW_NOINLINE MW_HOT void capture_changed(struct mw_trace *trace, const struct mw_regs *regs)
{
	uint32_t generation = mw_modules_generation();
	if (mw_unlikely(trace->generation != generation || trace->is_truncated)) {
		trace->generation = generation;
		mw_trace_forget(trace);
	}
	uint32_t n_fresh;
	uint32_t n_kept = walk(trace, regs, &n_fresh);
	append_fresh(trace, n_kept, n_fresh);
	trace->n_frames = n_kept + n_fresh;
	trace->base = n_kept ? n_kept - 1 : MW_NO_BASE;
}

/* Whether the stack is one of those met before. */
static inline bool recall(struct mw_trace *trace, const struct mw_regs *regs)
{
	const struct mw_recent *recent = mw_recent_find(trace, regs->pc, regs->sp);
	if (!recent || trace->is_truncated || trace->generation != mw_modules_generation() ||
		!mw_recent_holds(recent, trace, regs) || recent->base < trace->n_markers ||
		verify(trace, recent->base, trace->n_markers) != trace->all_proven)
		return false;
	trace->recalled = recent;
	return true;
}

MW_HOT bool mw_unwind_rules_recall(struct mw_trace *trace, const struct mw_regs *regs)
{
	trace->recalled = NULL;
	if (mw_likely(is_unchanged(trace, regs)))
		return true;
	if (!recall(trace, regs))
		capture_changed(trace, regs);
	return false;
}

MW_HOT void mw_unwind_rules_capture(struct mw_trace *trace, const struct mw_regs *regs)
{
	trace->recalled = NULL;
	if (mw_unlikely(!is_unchanged(trace, regs)))
		capture_changed(trace, regs);
}
