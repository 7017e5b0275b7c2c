/* SPDX: no licence chosen yet, see README */
/*
 * unwind_exotic.c - the slow way out of a frame, see unwind_exotic.h. Zone; unwind.
 *
 * The rules of the hot path know three registers. Some rows need others: the loader's
 * _dl_runtime_resolve finds its CFA by rbx, prologues that align the stack by r10, libcrypto's
 * assembly by expressions. What such a register holds in a frame is where its callees have saved
 * it, the innermost callee's own value, or the ucontext of a signal. So the frames are gone
 * through inwards, one row each, until one has saved it: one or two, most often. When none has,
 * it is followed outwards through our own frames, from what it holds now. What a row does not
 * tell is unknown, and a CFA that needs it is not guessed.
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

enum { RBX = 3, N_REGISTERS = 17 };
#define MAX_OWN_FRAMES 64u

/* The frames of the program so far, and the stack that was read last. */
struct frames {
	const struct mw_fresh_frame *innermost;
	uintptr_t low, high;
};

static bool load(struct frames *f, uintptr_t address, uintptr_t *value_out)
{
	if (address % sizeof(uintptr_t) != 0)
		return false;
	if (address - f->low >= f->high - f->low &&
		!mw_stack_range_find(address, &f->low, &f->high))
		return false;
	*value_out = *(const uintptr_t *)address;
	return true;
}

static bool is_preserved(uint64_t reg)
{
	return reg == RBX || reg == MW_REG_FP || (reg >= 12 && reg <= 15);
}

/*
 * gcc leaves a row that says "at fp" on the last instructions of a function that aligns its stack,
 * where `leave` has given fp and the others back already. A frame's own fp lies within it.
 */
static bool is_given_back(struct mw_place place, uintptr_t sp, uintptr_t fp, uintptr_t cfa)
{
	return place.kind == MW_PLACE_AT_FP && fp - sp >= cfa - sp;
}

/* Where a callee leaves its caller's registers. */
enum where { IN_ITSELF, IN_MEMORY, UNKNOWN };

static enum where find_slot(
	struct mw_place place, uintptr_t sp, uintptr_t fp, uintptr_t cfa, uintptr_t *slot_out)
{
	if (place.kind == MW_PLACE_SAME || is_given_back(place, sp, fp, cfa))
		return IN_ITSELF;
	if (place.kind != MW_PLACE_AT_CFA && place.kind != MW_PLACE_AT_FP)
		return UNKNOWN;
	*slot_out = (place.kind == MW_PLACE_AT_CFA ? cfa : fp) + (uintptr_t)place.offset;
	return IN_MEMORY;
}

/* @value: the callee's own; becomes the caller's. */
static bool give_back(struct frames *f, struct mw_place place, uintptr_t sp, uintptr_t fp,
	uintptr_t cfa, uintptr_t *value)
{
	uintptr_t slot;
	enum where where = find_slot(place, sp, fp, cfa, &slot);
	return where == IN_ITSELF || (where == IN_MEMORY && load(f, slot, value));
}

/* ---- what a register holds ------------------------------------------------------------------ */

/* A register on its way out through our own frames. */
struct own_frame {
	uintptr_t pc, sp, fp, value;
};

static bool find_own_cfa(
	struct frames *f, const struct own_frame *own, const struct mw_cfi_row *row, uintptr_t *cfa)
{
	uintptr_t offset = (uintptr_t)row->cfa_offset;
	if (row->cfa_kind == MW_CFA_AT_FP)
		return load(f, own->fp + offset, cfa);
	*cfa = (row->cfa_register == MW_REG_FP ? own->fp : own->sp) + offset;
	return row->cfa_kind == MW_CFA_REGISTER &&
	       (row->cfa_register == MW_REG_FP || row->cfa_register == MW_REG_SP);
}

static bool leave_own_frame(struct frames *f, struct own_frame *own, uint64_t reg, bool is_exact)
{
	uintptr_t pc = own->pc - (is_exact ? 0 : 1), cfa;
	struct mw_cfi_row for_fp, for_reg;
	if (mw_cfi_find_row(pc, MW_REG_FP, &for_fp) != MW_CFI_ROW ||
		mw_cfi_find_row(pc, reg, &for_reg) != MW_CFI_ROW ||
		for_fp.ra.kind != MW_PLACE_AT_CFA || !find_own_cfa(f, own, &for_fp, &cfa))
		return false;
	struct own_frame caller = { .sp = cfa, .fp = own->fp, .value = own->value };
	if (!give_back(f, for_reg.wanted, own->sp, own->fp, cfa, &caller.value) ||
		!give_back(f, for_fp.wanted, own->sp, own->fp, cfa, &caller.fp) ||
		!load(f, cfa + (uintptr_t)for_fp.ra.offset, &caller.pc))
		return false;
	*own = caller;
	return true;
}

/* Of the function this is expanded in, which must not return while they are used. By DWARF number:
 * rax rdx rcx rbx rsi rdi rbp rsp r8.. pc */
#define SNAPSHOT(registers)                                                                        \
	__asm__ volatile("lea 0f(%%rip), %%rax\n"                                                  \
			 "0:\tmov %%rax, 128(%0)\n\tmov %%rbx, 24(%0)\n\tmov %%rbp, 48(%0)\n"      \
			 "\tmov %%rsp, 56(%0)\n\tmov %%r12, 96(%0)\n\tmov %%r13, 104(%0)\n"        \
			 "\tmov %%r14, 112(%0)\n\tmov %%r15, 120(%0)\n"                            \
			 :                                                                         \
			 : "r"(registers)                                                          \
			 : "rax", "memory")

/* What preserved register @reg holds in the frame that called us. */
static MW_NOINLINE bool follow_through_own(struct frames *f, uint64_t reg, uintptr_t *value_out)
{
	uintptr_t now[N_REGISTERS];
	SNAPSHOT(now);
	struct own_frame own = { now[MW_REG_RA], now[MW_REG_SP], now[MW_REG_FP], now[reg] };
	for (unsigned n = 0; n < MAX_OWN_FRAMES; n++) {
		if (own.sp == f->innermost->sp && own.pc == f->innermost->pc) {
			*value_out = own.value;
			return true;
		}
		if (!leave_own_frame(f, &own, reg, n == 0))
			return false;
	}
	return false;
}

static bool load_from_signal(struct frames *f, uintptr_t sp, uint64_t reg, uintptr_t *value_out)
{
	/* The ucontext at sp: r8..r15 rdi rsi rbp rbx rdx rax rcx rsp rip, from byte 40. */
	static const uint8_t place_of[N_REGISTERS] = { 13, 12, 14, 11, 9, 8, 10, 15, 0, 1, 2, 3, 4,
		5, 6, 7, 16 };
	return load(f, sp + 40 + sizeof(uintptr_t) * place_of[reg], value_out);
}

/* What @reg holds in @frame. */
static bool get(
	struct frames *f, const struct mw_fresh_frame *frame, uint64_t reg, uintptr_t *value_out)
{
	if (reg == MW_REG_SP || reg == MW_REG_FP) {
		*value_out = reg == MW_REG_SP ? frame->sp : frame->fp;
		return true;
	}
	if (reg >= N_REGISTERS)
		return false;
	for (; frame > f->innermost; frame--) {
		const struct mw_fresh_frame *callee = frame - 1;
		uintptr_t pc = callee->pc - (callee->flags & MW_FRAME_EXACT ? 0 : 1), slot;
		struct mw_cfi_row row;
		enum mw_cfi_outcome outcome = mw_cfi_find_row(pc, reg, &row);
		if (outcome == MW_CFI_SIGNAL)
			return load_from_signal(f, callee->sp, reg, value_out);
		if (outcome != MW_CFI_ROW || !is_preserved(reg))
			return false;
		enum where where = find_slot(row.wanted, callee->sp, callee->fp, frame->sp, &slot);
		if (where != IN_ITSELF)
			return where == IN_MEMORY && load(f, slot, value_out);
	}
	return is_preserved(reg) && follow_through_own(f, reg, value_out);
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

static bool run_one(
	struct expression *e, struct frames *f, const struct mw_fresh_frame *frame, uint8_t opcode)
{
	uintptr_t value;
	if (opcode >= 0x30 && opcode <= 0x4f) /* lit */
		return push(e, opcode - 0x30u);
	if (opcode >= 0x70 && opcode <= 0x8f) { /* breg */
		intptr_t offset = take_sleb(&e->code);
		return get(f, frame, opcode - 0x70u, &value) && push(e, value + (uintptr_t)offset);
	}
	switch (opcode) {
	case 0x06: /* deref */
		return e->n > 0 && load(f, e->stack[e->n - 1], &e->stack[e->n - 1]);
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

static bool evaluate(const uint8_t *block, struct frames *f, const struct mw_fresh_frame *frame,
	uintptr_t *value_out)
{
	struct cursor whole = { block, block + 16, false };
	uint64_t bytes = take_uleb(&whole);
	struct expression e = { .code = { whole.at, whole.at + bytes, false } };
	while (e.code.at < e.code.end)
		if (!run_one(&e, f, frame, take_byte(&e.code)) || e.code.is_broken)
			return false;
	if (e.n == 0)
		return false;
	*value_out = e.stack[e.n - 1];
	return true;
}

/* ---- one frame ------------------------------------------------------------------------------ */

static bool find_cfa(struct frames *f, const struct mw_fresh_frame *frame,
	const struct mw_cfi_row *row, uintptr_t *cfa_out)
{
	uintptr_t base;
	switch (row->cfa_kind) {
	case MW_CFA_REGISTER:
		if (!get(f, frame, row->cfa_register, &base))
			return false;
		*cfa_out = base + (uintptr_t)row->cfa_offset;
		return true;
	case MW_CFA_AT_FP:
		return load(f, frame->fp + (uintptr_t)row->cfa_offset, cfa_out);
	case MW_CFA_EXPRESSION:
		return evaluate(row->cfa_block, f, frame, cfa_out);
	}
	return false;
}

MW_COLD bool mw_unwind_exotic_step(const struct mw_fresh_frame *innermost,
	const struct mw_fresh_frame *frame, struct mw_fresh_frame *caller_out)
{
	struct frames f = { .innermost = innermost };
	struct mw_cfi_row row;
	uintptr_t pc = frame->pc - (frame->flags & MW_FRAME_EXACT ? 0 : 1), fp = frame->fp, cfa;
	if (mw_cfi_find_row(pc, MW_REG_FP, &row) != MW_CFI_ROW || row.ra.kind != MW_PLACE_AT_CFA ||
		!find_cfa(&f, frame, &row, &cfa))
		return false;
	/* Further down is another stack, if there is one: of what calls on a stack of its own. */
	if (cfa <= frame->sp && !mw_probe_words((const void *)(cfa - 8), 1))
		return false;
	if (!give_back(&f, row.wanted, frame->sp, frame->fp, cfa, &fp) ||
		!load(&f, cfa + (uintptr_t)row.ra.offset, &pc))
		return false;
	*caller_out = (struct mw_fresh_frame){ .pc = pc, .sp = cfa, .fp = fp, .ra_back = 1 };
	return true;
}

#else

MW_COLD bool mw_unwind_exotic_step(const struct mw_fresh_frame *innermost,
	const struct mw_fresh_frame *frame, struct mw_fresh_frame *caller_out)
{
	(void)innermost;
	(void)frame;
	(void)caller_out;
	return false;
}

#endif
