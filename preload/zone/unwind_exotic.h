/* SPDX: no licence chosen yet, see README */
/* unwind_exotic.h - frames whose caller follows from more than (pc, sp, fp). Zone; unwind. */
#pragma once

#include <stdbool.h>

#include "preload/zone/unwind.h"

/**
 * mw_unwind_exotic_step() - leave one frame with all the registers a callee preserves
 * @frame: in trace->fresh; the frame to leave, of the stack that calls this; on success its caller
 *
 * Walks from here, through our own frames, to @frame, since nobody knows its registers otherwise;
 * or from where the last such frame of this walk led to.
 * Context: zone; no locks, no allocation. Cost: microseconds a frame in between; for the few
 * stacks that need it (the loader binding a symbol, assembly, the prologue of a function that
 * aligns its stack, under a signal).
 * Return: false when it cannot be told; @frame is untouched then.
 */
bool mw_unwind_exotic_step(struct mw_trace *trace, struct mw_fresh_frame *frame);
