/* SPDX: no licence chosen yet, see README */
/*
 * cfi_usual.h - rows of the functions that compilers make of C and C++, by a machine of four
 * numbers. Zone; unwind. What it does not know, cfi.c does: it gives up at the first such
 * instruction, having changed nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "preload/zone/cfi.h"
#include "preload/zone/cfi_cursor.h"

/**
 * mw_cfi_is_usual_cie() - the CIE is one of the two that nearly all functions have
 * @cie:   its length field
 * @bytes: readable there
 *
 * Those have augmentation data, pointers of encoding MW_CFI_USUAL_ENCODING, and are of no signal
 * frame.
 */
bool mw_cfi_is_usual_cie(const uint8_t *cie, size_t bytes);

#define MW_CFI_USUAL_ENCODING 0x1b /* signed, 4 bytes, relative to their place */

/**
 * mw_cfi_usual_row() - as mw_cfi_find_row() for MW_REG_FP, of a FDE with a usual CIE
 * @c:     its instructions
 * @begin: of the function
 *
 * Return: false = not known here.
 */
bool mw_cfi_usual_row(struct cursor c, uintptr_t begin, uintptr_t pc, struct mw_cfi_row *row_out);
