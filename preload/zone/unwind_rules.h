/* SPDX: no licence chosen yet, see README */
/* unwind_rules.h - the unwinder of our own; see unwind.h for the contract. */
#pragma once

#include "preload/zone/unwind.h"

bool mw_unwind_rules_recall(struct mw_trace *trace, const struct mw_regs *regs);
void mw_unwind_rules_capture(struct mw_trace *trace, const struct mw_regs *regs);
