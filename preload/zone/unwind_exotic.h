/* SPDX: no licence chosen yet, see README */
/* unwind_exotic.h - frames whose caller follows from more than (pc, sp, fp). Zone; unwind. */
#pragma once

#include <stdbool.h>

#include "preload/zone/unwind.h"

/**
 * mw_unwind_exotic_step() - leave one frame with any register that its callees preserve
 * @innermost:  the frame that called us; all frames from there to @frame follow it in one array
 * @frame:      the frame to leave, of the stack that calls this, or one that a signal interrupted
 * @caller_out: on success what @frame returns to
 *
 * Context: zone; no locks, no allocation. Cost: a microsecond or few. A frame that no callee gave
 * the register to needs our own frames, too. For the few stacks that need it: the loader binding a
 * symbol, assembly, the prologue of a function that aligns its stack, under a signal.
 * Return: false when it cannot be told; @caller_out is untouched then.
 */
bool mw_unwind_exotic_step(const struct mw_fresh_frame *innermost,
	const struct mw_fresh_frame *frame, struct mw_fresh_frame *caller_out);
