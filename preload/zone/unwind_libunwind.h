/* SPDX: no licence chosen yet, see README */
/*
 * unwind_libunwind.h - libunwind behind the seam of unwind.h: the reference to compare with, and
 * an unwinder to choose instead of ours.
 */
#pragma once

#include <stdbool.h>

#include "preload/zone/unwind.h"

/**
 * mw_libunwind_load() - load libunwind.so.8 for this process alone (RTLD_LOCAL)
 *
 * It is not linked: it exports backtrace() and _Unwind_*, which would take the place of the
 * program's own, and loading it costs an exec as much as all the rest of us.
 * Context: constructor only (takes the loader's lock, allocates).
 */
bool mw_libunwind_load(void);

/** mw_libunwind_capture() - as mw_unwind_capture(); false when it is not loaded. */
bool mw_libunwind_capture(struct mw_trace *trace, const struct mw_regs *regs);

/**
 * mw_libunwind_check() - compare @trace, just captured for @regs, frame by frame
 *
 * Frames beyond one we only guessed, or where we stopped, are not compared.
 * Return: index (from the innermost) of the first frame that differs, or -1.
 */
int mw_libunwind_check(const struct mw_trace *trace, const struct mw_regs *regs);
