/* SPDX: no licence chosen yet, see README */
/* unwind.c - chooses the unwinder; see unwind.h. Zone; unwind. */
#include <stddef.h>

#include "preload/zone/image.h"
#include "preload/zone/unwind.h"
#include "preload/zone/unwind_rules.h"
#include "preload/zone/zone.h"

MW_HOT void mw_unwind_capture(struct mw_trace *trace, const struct mw_regs *regs)
{
	mw_unwind_rules_capture(trace, regs);
}
