/* SPDX: no licence chosen yet, see README */
/*
 * cfi.h - one row of a module's call frame information: how the frame of one pc is left. Zone;
 * unwind. What rule.h compiles for the hot path, and unwind_exotic.c follows register by register.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "preload/zone/arch.h"

/* Where a register of the caller is found. */
enum mw_place_kind {
	MW_PLACE_SAME,	    /* in itself */
	MW_PLACE_AT_CFA,    /* *(cfa + offset) */
	MW_PLACE_AT_FP,	    /* *(fp + offset) */
	MW_PLACE_UNDEFINED, /* nowhere */
	MW_PLACE_OTHER,	    /* by rules that are not tracked */
};

struct mw_place {
	enum mw_place_kind kind;
	int64_t offset;
};

enum mw_cfa_kind {
	MW_CFA_REGISTER,   /* cfa_register + cfa_offset */
	MW_CFA_AT_FP,	   /* *(fp + cfa_offset) */
	MW_CFA_EXPRESSION, /* what cfa_block computes */
};

struct mw_cfi_row {
	enum mw_cfa_kind cfa_kind;
	uint64_t cfa_register;
	int64_t cfa_offset;
	const uint8_t *cfa_block; /* in the module: a ULEB128 length and a DWARF expression */
	struct mw_place wanted;	  /* of the register that was asked for */
	struct mw_place ra;
};

enum mw_cfi_outcome {
	MW_CFI_ROW,
	MW_CFI_SIGNAL, /* the kernel's frame: no row; state comes from the ucontext at sp */
	MW_CFI_NO_TABLE,
	MW_CFI_BEYOND, /* broken, or of a kind that is not understood */
};

/**
 * mw_cfi_find_row() - the row that covers @pc
 * @pc:     the exact instruction (return addresses: minus one)
 * @wanted: DWARF number of the register whose place is asked for, besides the return address
 *
 * Context: zone; no locks; signal-safe. Cost: 0.2-2 us.
 */
enum mw_cfi_outcome mw_cfi_find_row(uintptr_t pc, uint64_t wanted, struct mw_cfi_row *row_out);

/** mw_cfi_is_entry() - @pc is the first instruction of a function that has unwind data. */
bool mw_cfi_is_entry(uintptr_t pc);
