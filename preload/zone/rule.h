/* SPDX: no licence chosen yet, see README */
/*
 * rule.h - how to unwind one frame, as a function of its pc: the compiled form of one row of
 * .eh_frame. Zone; unwind.
 *
 * A frame's state is (pc, sp, fp): the three values its caller's state follows from.
 *
 *   SP    cfa = sp + offset                 FP    cfa = fp + offset
 *   DRAP  cfa = *(fp + offset), caller's fp = *fp    (gcc's stack re-aligning prologue)
 *   caller's pc = *(cfa - 8 * ra_back);  caller's sp = cfa
 *   caller's fp = fp_back ? *(cfa - 8 * fp_back) : fp
 *
 *   SIGNAL    the frame is the kernel's trampoline; state comes from the ucontext at sp
 *   END       outermost frame (return address undefined)
 *   NO_TABLE  no unwind data for pc: JIT code, hand-written assembly; offset != 0: and if pc + 1 is
 *             a return address, nothing lies beyond it (mw_rule_is_bottom())
 *   EXOTIC    unwind data that needs more than (pc, sp, fp)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "preload/zone/arch.h"

enum mw_rule_kind {
	MW_RULE_NONE = 0, /* empty cache entry */
	MW_RULE_SP = 1,
	MW_RULE_FP = 2,
	MW_RULE_DRAP = 3,
	MW_RULE_SIGNAL = 4,
	MW_RULE_END = 5,
	MW_RULE_NO_TABLE = 6,
	MW_RULE_EXOTIC = 7,
};

struct mw_rule {
	uint8_t kind; /* enum mw_rule_kind */
#if MW_HAS_LINK_REGISTER
	uint16_t ra_back; /* in words below the CFA; 0 = in the link register */
#else
	uint8_t ra_back; /* in words below the CFA; the rule fits one register */
#endif
	uint16_t fp_back; /* in words below the CFA; 0 = fp unchanged */
	int32_t offset;	  /* bytes */
};

/**
 * mw_rule_compile() - read the unwind tables for one pc
 * @pc: the exact instruction (return addresses: minus one)
 *
 * Finds the tables by _dl_find_object, which takes no lock and is async-signal-safe
 * (glibc >= 2.35). Context: zone; signal-safe. Cost: 0.2-2 us.
 */
struct mw_rule mw_rule_compile(uintptr_t pc);

/**
 * mw_rule_lookup() - the same through the process-wide cache; mw_rule_find() of rule_near.h is
 * faster
 *
 * Context: zone; lock-free; signal-safe. Cost: one cache line when hot.
 */
struct mw_rule mw_rule_lookup(uintptr_t pc);

/**
 * mw_rule_is_bottom() - nothing lies beyond the return address @pc, which has no unwind data
 *
 * Either it is the first instruction of a function, so that no call made it, but whoever switches
 * stacks (makecontext); or it is in the dynamic loader: the start of the process.
 * Context and cost: as mw_rule_compile().
 */
bool mw_rule_is_bottom(uintptr_t pc);

/** mw_rule_forget_all() - a module was unloaded: every cached rule is dropped. */
void mw_rule_forget_all(void);
