/* SPDX: no licence chosen yet, see README */
/* unwind.c - chooses the unwinder, and checks one against the other; see unwind.h. Zone; unwind. */
#include <stddef.h>

#include "preload/zone/arena.h"
#include "preload/zone/atomic.h"
#include "preload/zone/image.h"
#include "preload/zone/task.h"
#include "preload/zone/unwind.h"
#include "preload/zone/unwind_libunwind.h"
#include "preload/zone/unwind_rules.h"
#include "preload/zone/zone.h"

enum mode { RULES, CHECKED, LIBUNWIND };
static enum mode mode;
static uint32_t n_captures;

bool mw_unwind_needs_library(void)
{
	return mw_control->options & (MWD_OPT_LIBUNWIND | MWD_OPT_CHECK_UNWIND);
}

void mw_unwind_load_library(void)
{
	if (mw_libunwind_load())
		mode = mw_control->options & MWD_OPT_LIBUNWIND ? LIBUNWIND : CHECKED;
}

static MW_COLD void check(const struct mw_trace *trace, const struct mw_regs *regs)
{
	uint32_t every = mw_control->check_every ? mw_control->check_every : 1;
	if (mw_add_relaxed(&n_captures, 1) % every)
		return;
	mw_add_relaxed(&mw_image->n_checked, 1);
	if (mw_libunwind_check(trace, regs) >= 0)
		mw_add_relaxed(&mw_image->n_mismatched, 1);
}

MW_HOT void mw_unwind_capture(struct mw_trace *trace, const struct mw_regs *regs)
{
	if (mw_likely(mode == RULES)) {
		mw_unwind_rules_capture(trace, regs);
		return;
	}
	struct mw_task *task = mw_task_current; /* inside a hook: there is one */
	if (mode == LIBUNWIND) {
		if (MW_FORWARD(task, mw_libunwind_capture(trace, regs)))
			return;
		mw_trace_forget(trace); /* its frames are no rule's, and have no links */
	}
	mw_unwind_rules_capture(trace, regs);
	if (mode == CHECKED)
		MW_FORWARD_VOID(task, check(trace, regs));
}

/* The reference is asked about frames: a stack that was recalled must be the one they make. */
static MW_COLD void recall_and_check(struct mw_trace *trace, const struct mw_regs *regs)
{
	mw_unwind_rules_recall(trace, regs);
	const struct mw_recent *recalled = trace->recalled;
	uint64_t path_hash = recalled ? recalled->path_hash : 0;
	mw_unwind_capture(trace, regs);
	if (!recalled)
		return;
	mw_add_relaxed(&mw_image->n_checked, 1);
	if (trace->frames[trace->n_frames - 1].path_hash != path_hash)
		mw_add_relaxed(&mw_image->n_mismatched, 1);
}

MW_HOT bool mw_unwind_recall(struct mw_trace *trace, const struct mw_regs *regs)
{
	if (mw_likely(mode == RULES))
		return mw_unwind_rules_recall(trace, regs);
	if (mode == CHECKED)
		recall_and_check(trace, regs);
	else
		mw_unwind_capture(trace, regs);
	return false;
}
