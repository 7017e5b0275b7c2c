/* SPDX: no licence chosen yet, see README */
/*
 * unwind_exotic.c - the slow way out of a frame, see unwind_exotic.h. Zone; unwind.
 *
 * The rules of the hot path know three registers. Some rows need others: the loader's
 * _dl_runtime_resolve finds its CFA by rbx, prologues that align the stack by r10, libcrypto's
 * assembly by expressions. Here all registers that a callee preserves are followed, one row a
 * register and frame, beginning with their values now. What a frame's row does not tell is
 * unknown from there on, and a CFA that needs it is not guessed.
 *
 * AArch64 has no such rows: compilers and assembly there find the CFA by sp or x29.
 */
#include <stddef.h>

#include "preload/zone/cfi.h"
#include "preload/zone/cfi_cursor.h"
#include "preload/zone/probe.h"
#include "preload/zone/unwind_exotic.h"
#include "preload/zone/zone.h"

#if defined(__x86_64__)

enum { RBX = 3 };
#define MAX_STEPS (MW_TRACE_MAX + 64u) /* our own frames, too */

/* Registers that survive a call. */
static const uint8_t preserved[] = { RBX, MW_REG_FP, 12, 13, 14, 15 };

static void set(struct mw_registers *r, unsigned reg, uintptr_t value)
{
	r->value[reg] = value;
	r->known |= 1u << reg;
}

static bool get(const struct mw_registers *r, uint64_t reg, uintptr_t *value_out)
{
	if (reg >= MW_N_REGISTERS || !(r->known & 1u << reg))
		return false;
	*value_out = r->value[reg];
	return true;
}

static bool load(struct mw_registers *r, uintptr_t address, uintptr_t *value_out)
{
	if (address % sizeof(uintptr_t) != 0)
		return false;
	if (address - r->low >= r->high - r->low &&
		!mw_stack_range_find(address, &r->low, &r->high))
		return false;
	*value_out = *(const uintptr_t *)address;
	return true;
}

/* ---- DWARF expressions, DWARF 5, 2.5: what linkers and assembly use ------------------------- */

struct expression {
	struct cursor code;
	uintptr_t stack[8];
	unsigned n;
};

static bool push(struct expression *e, uintptr_t value)
{
	if (e->n == mw_array_size(e->stack))
		return false;
	e->stack[e->n++] = value;
	return true;
}

static bool combine(struct expression *e, uint8_t opcode)
{
	if (e->n < 2)
		return false;
	uintptr_t right = e->stack[--e->n], *left = &e->stack[e->n - 1];
	switch (opcode) {
	case 0x1a: /* and */
		*left &= right;
		return true;
	case 0x1c: /* minus */
		*left -= right;
		return true;
	case 0x22: /* plus */
		*left += right;
		return true;
	case 0x24: /* shl */
		*left = right < 64 ? *left << right : 0;
		return true;
	case 0x2a: /* ge */
		*left = (intptr_t)*left >= (intptr_t)right;
		return true;
	default:
		return false;
	}
}

static bool run_one(struct expression *e, struct mw_registers *r, uint8_t opcode)
{
	uintptr_t value;
	if (opcode >= 0x30 && opcode <= 0x4f) /* lit */
		return push(e, opcode - 0x30u);
	if (opcode >= 0x70 && opcode <= 0x8f) { /* breg */
		intptr_t offset = take_sleb(&e->code);
		return get(r, opcode - 0x70u, &value) && push(e, value + (uintptr_t)offset);
	}
	switch (opcode) {
	case 0x06: /* deref */
		return e->n > 0 && load(r, e->stack[e->n - 1], &e->stack[e->n - 1]);
	case 0x08: /* const1u, const1s, const2u, const2s */
		return push(e, take_byte(&e->code));
	case 0x09:
		return push(e, (uintptr_t)(int8_t)take_byte(&e->code));
	case 0x0a:
		return push(e, take(&e->code, 2));
	case 0x0b:
		return push(e, (uintptr_t)(int16_t)take(&e->code, 2));
	case 0x23: /* plus_uconst */
		value = take_uleb(&e->code);
		if (e->n == 0)
			return false;
		e->stack[e->n - 1] += value;
		return true;
	default:
		return combine(e, opcode);
	}
}

static bool evaluate(const uint8_t *block, struct mw_registers *r, uintptr_t *value_out)
{
	struct cursor whole = { block, block + 16, false };
	uint64_t bytes = take_uleb(&whole);
	struct expression e = { .code = { whole.at, whole.at + bytes, false } };
	while (e.code.at < e.code.end)
		if (!run_one(&e, r, take_byte(&e.code)) || e.code.is_broken)
			return false;
	if (e.n == 0)
		return false;
	*value_out = e.stack[e.n - 1];
	return true;
}

/* ---- one frame ------------------------------------------------------------------------------ */

static bool find_cfa(struct mw_registers *r, const struct mw_cfi_row *row, uintptr_t *cfa_out)
{
	uintptr_t base;
	switch (row->cfa_kind) {
	case MW_CFA_REGISTER:
		if (!get(r, row->cfa_register, &base))
			return false;
		*cfa_out = base + (uintptr_t)row->cfa_offset;
		return true;
	case MW_CFA_AT_FP:
		return get(r, MW_REG_FP, &base) &&
		       load(r, base + (uintptr_t)row->cfa_offset, cfa_out);
	case MW_CFA_EXPRESSION:
		return evaluate(row->cfa_block, r, cfa_out);
	}
	return false;
}

/*
 * gcc leaves a row that says "at fp" on the last instructions of a function that aligns its stack,
 * where `leave` has given fp and the others back already. A frame's own fp lies within it.
 */
static bool is_given_back(const struct mw_registers *r, struct mw_place place, uintptr_t cfa)
{
	uintptr_t sp = r->value[MW_REG_SP], fp;
	return place.kind == MW_PLACE_AT_FP && get(r, MW_REG_FP, &fp) && fp - sp >= cfa - sp;
}

/* Return: whether the caller's value of @reg, which is at @place, is known. */
static bool find_value(struct mw_registers *r, uint64_t reg, struct mw_place place, uintptr_t cfa,
	uintptr_t *value_out)
{
	uintptr_t fp;
	if (is_given_back(r, place, cfa))
		return get(r, reg, value_out);
	switch (place.kind) {
	case MW_PLACE_SAME:
		return get(r, reg, value_out);
	case MW_PLACE_AT_CFA:
		return load(r, cfa + (uintptr_t)place.offset, value_out);
	case MW_PLACE_AT_FP:
		return get(r, MW_REG_FP, &fp) && load(r, fp + (uintptr_t)place.offset, value_out);
	case MW_PLACE_UNDEFINED:
	case MW_PLACE_OTHER:
		break;
	}
	return false;
}

/* The ucontext at sp: r8..r15 rdi rsi rbp rbx rdx rax rcx rsp rip, from byte 40. */
static bool step_signal(struct mw_registers *r)
{
	static const uint8_t order[] = { 8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16 };
	uintptr_t at = r->value[MW_REG_SP] + 40, value;
	for (unsigned i = 0; i < mw_array_size(order); i++, at += sizeof(uintptr_t)) {
		if (!load(r, at, &value))
			return false;
		set(r, order[i], value);
	}
	r->is_exact = true;
	return true;
}

static bool step(struct mw_registers *r)
{
	uintptr_t pc = r->value[MW_REG_RA] - (r->is_exact ? 0 : 1);
	struct mw_cfi_row row;
	enum mw_cfi_outcome outcome = mw_cfi_find_row(pc, RBX, &row);
	if (outcome == MW_CFI_SIGNAL)
		return step_signal(r);
	uintptr_t cfa, value;
	if (outcome != MW_CFI_ROW || row.ra.kind != MW_PLACE_AT_CFA || !find_cfa(r, &row, &cfa))
		return false;
	/* Further down is another stack, if there is one: of what calls on a stack of its own. */
	if (cfa <= r->value[MW_REG_SP] && !mw_probe_words((const void *)(cfa - 8), 1))
		return false;
	struct mw_registers caller = { .low = r->low, .high = r->high };
	for (unsigned i = 0; i < mw_array_size(preserved); i++) {
		uint64_t reg = preserved[i];
		if (mw_cfi_find_row(pc, reg, &row) == MW_CFI_ROW &&
			find_value(r, reg, row.wanted, cfa, &value))
			set(&caller, (unsigned)reg, value);
	}
	if (!find_value(r, MW_REG_RA, row.ra, cfa, &value))
		return false;
	set(&caller, MW_REG_RA, value);
	set(&caller, MW_REG_SP, cfa);
	*r = caller;
	return true;
}

/* Of the function this is expanded in, which must not return while they are used. */
#define SNAPSHOT(r)                                                                                \
	__asm__ volatile("lea 0f(%%rip), %%rax\n"                                                  \
			 "0:\tmov %%rax, 128(%0)\n\tmov %%rbx, 24(%0)\n\tmov %%rbp, 48(%0)\n"      \
			 "\tmov %%rsp, 56(%0)\n\tmov %%r12, 96(%0)\n\tmov %%r13, 104(%0)\n"        \
			 "\tmov %%r14, 112(%0)\n\tmov %%r15, 120(%0)\n"                            \
			 :                                                                         \
			 : "r"((r)->value)                                                         \
			 : "rax", "memory")

/* Where the walk was when it came through here last; fresh[] is written anew by each walk. */
static bool find_followed(
	const struct mw_trace *trace, const struct mw_fresh_frame *frame, struct mw_registers *r)
{
	const struct mw_fresh_frame *followed = &trace->fresh[trace->registers.at];
	if (followed >= frame || !(followed->flags & MW_FRAME_FOLLOWED))
		return false;
	*r = trace->registers;
	return true;
}

MW_COLD bool mw_unwind_exotic_step(struct mw_trace *trace, struct mw_fresh_frame *frame)
{
	struct mw_registers r = { .is_exact = true,
		.known = 1u << RBX | 1u << MW_REG_FP | 1u << MW_REG_SP | 1u << MW_REG_RA | 0xf000 };
	uintptr_t fp;
	unsigned n = 0;
	if (!find_followed(trace, frame, &r))
		SNAPSHOT(&r);
	while (r.value[MW_REG_SP] != frame->sp || r.value[MW_REG_RA] != frame->pc)
		if (++n > MAX_STEPS || !step(&r))
			return false;
	if (!step(&r) || r.is_exact || !get(&r, MW_REG_FP, &fp))
		return false;
	*frame = (struct mw_fresh_frame){ .pc = r.value[MW_REG_RA],
		.sp = r.value[MW_REG_SP],
		.fp = fp,
		.ra_back = 1,
		.flags = MW_FRAME_FOLLOWED };
	r.at = (uint32_t)(frame - trace->fresh);
	trace->registers = r;
	return true;
}

#else

MW_COLD bool mw_unwind_exotic_step(struct mw_trace *trace, struct mw_fresh_frame *frame)
{
	(void)trace, (void)frame;
	return false;
}

#endif
