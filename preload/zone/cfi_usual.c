/* SPDX: no licence chosen yet, see README */
/*
 * cfi_usual.c - see cfi_usual.h. Zone; unwind. A function with thirty early returns has five
 * hundred instructions in front of the row of its last call, and a short program meets each of its
 * calls once: so what runs them is half of what the profiler costs a compiler of 20 ms.
 */
#include <string.h>

#include "preload/zone/arch.h"
#include "preload/zone/cfi_usual.h"
#include "preload/zone/zone.h"

static const uint8_t plain[] = { 0, 0, 0, 0, 1, 'z', 'R', 0, MW_CIE_ALIGNS, 1,
	MW_CFI_USUAL_ENCODING, MW_CIE_INSTRUCTIONS };
/* With exceptions; a personality's address, which differs, lies between the two halves. */
static const uint8_t throwing[] = { 0, 0, 0, 0, 1, 'z', 'P', 'L', 'R', 0, MW_CIE_ALIGNS, 7, 0x9b };
static const uint8_t throwing_end[] = { 0x1b, MW_CFI_USUAL_ENCODING, MW_CIE_INSTRUCTIONS };
#define PERSONALITY_BYTES 4
#define THROWING_BYTES (sizeof(throwing) + PERSONALITY_BYTES + sizeof(throwing_end))

/* Behind the instructions there is nothing, or padding with zeros, which do nothing. */
static bool is_only_padding(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (bytes[i])
			return false;
	return true;
}

bool mw_cfi_is_usual_cie(const uint8_t *cie, size_t bytes)
{
	uint32_t length;
	if (bytes < 4)
		return false;
	memcpy(&length, cie, 4);
	const uint8_t *body = cie + 4;
	if (length > bytes - 4 || length > 64)
		return false;
	if (length >= sizeof(plain) && memcmp(body, plain, sizeof(plain)) == 0)
		return is_only_padding(body + sizeof(plain), length - sizeof(plain));
	const uint8_t *end = body + sizeof(throwing) + PERSONALITY_BYTES;
	return length >= THROWING_BYTES && memcmp(body, throwing, sizeof(throwing)) == 0 &&
	       memcmp(end, throwing_end, sizeof(throwing_end)) == 0 &&
	       is_only_padding(body + THROWING_BYTES, length - THROWING_BYTES);
}

/* Places are words below the CFA; 0 = the register still has it. */
struct state {
	uint32_t cfa_register;
	uint32_t ra_back, fp_back;
	uint32_t cfa_offset;
};

static const struct state at_entry = { MW_REG_SP, MW_ENTRY_RA_BACK, 0, MW_ENTRY_CFA };

#define MAX_REMEMBERED 8

struct usual {
	struct state now;
	uintptr_t location;
	unsigned n_remembered;
	struct state remembered[MAX_REMEMBERED];
};

/* Numbers beyond this are left to cfi.c. */
static bool take_small(struct cursor *c, uint32_t *value_out)
{
	uint64_t value = take_uleb(c);
	*value_out = (uint32_t)value;
	return value <= INT32_MAX;
}

/* @reg is saved at a number of words below the CFA; most registers do not matter. */
static inline bool save(struct usual *u, struct cursor *c, uint32_t reg)
{
	uint32_t words;
	if (!take_small(c, &words))
		return false;
	if (reg == MW_REG_FP)
		u->now.fp_back = words;
	else if (reg == MW_REG_RA)
		u->now.ra_back = words;
	else
		return true;
	return words != 0;
}

static inline void restore(struct usual *u, uint32_t reg)
{
	if (reg == MW_REG_FP)
		u->now.fp_back = at_entry.fp_back;
	else if (reg == MW_REG_RA)
		u->now.ra_back = at_entry.ra_back;
}

static bool push(struct usual *u)
{
	if (u->n_remembered == MAX_REMEMBERED)
		return false;
	u->remembered[u->n_remembered++] = u->now;
	return true;
}

static bool pop(struct usual *u)
{
	if (u->n_remembered == 0)
		return false;
	u->now = u->remembered[--u->n_remembered];
	return true;
}

/* The instructions with an opcode in the low six bits (DWARF 5, table 7.29). */
static inline bool run_low(struct usual *u, struct cursor *c, uint8_t opcode)
{
	switch (opcode) {
	case 0x00: /* nop */
	case 0x2d: /* AArch64: negate_ra_state */
		return true;
	case 0x02: /* advance_loc1, 2, 4 */
		u->location += take_byte(c) * (uintptr_t)MW_CODE_ALIGN;
		return true;
	case 0x03:
		u->location += take(c, 2) * MW_CODE_ALIGN;
		return true;
	case 0x04:
		u->location += take(c, 4) * MW_CODE_ALIGN;
		return true;
	case 0x0a: /* remember_state */
		return push(u);
	case 0x0b: /* restore_state */
		return pop(u);
	case 0x0c: /* def_cfa */
		return take_small(c, &u->now.cfa_register) && take_small(c, &u->now.cfa_offset);
	case 0x0d: /* def_cfa_register */
		return take_small(c, &u->now.cfa_register);
	case 0x0e: /* def_cfa_offset */
		return take_small(c, &u->now.cfa_offset);
	default:
		return false;
	}
}

static struct mw_place place_of(uint32_t words)
{
	return words ? (struct mw_place){ MW_PLACE_AT_CFA, -8 * (int64_t)words }
		     : (struct mw_place){ MW_PLACE_SAME, 0 };
}

static struct mw_cfi_row row_of(const struct state *state)
{
	return (struct mw_cfi_row){ .cfa_kind = MW_CFA_REGISTER,
		.cfa_register = state->cfa_register,
		.cfa_offset = state->cfa_offset,
		.wanted = place_of(state->fp_back),
		.ra = place_of(state->ra_back) };
}

/*
 * The pairs that prologues and epilogues are made of (advance_loc, def_cfa_offset), in one byte
 * each: no call and no jump through a table, which is what the rest costs. Return: whether the row
 * of @pc is complete.
 */
static inline bool run_pairs(struct usual *u, struct cursor *c, uintptr_t pc)
{
	const uint8_t *at = c->at, *last = c->end - 3;
	uintptr_t location = u->location;
	uint32_t offset = u->now.cfa_offset;
	for (; at <= last && at[0] >> 6 == 1; at += 3) {
		uintptr_t next = location + (at[0] & 0x3f) * (uintptr_t)MW_CODE_ALIGN;
		if (at[1] != 0x0e || at[2] >= 0x80)
			break;
		if (next > pc) {
			location = next;
			break;
		}
		location = next;
		offset = at[2];
	}
	c->at = at;
	u->location = location;
	u->now.cfa_offset = offset;
	return location > pc;
}

bool mw_cfi_usual_row(struct cursor c, uintptr_t begin, uintptr_t pc, struct mw_cfi_row *row_out)
{
	struct usual u; /* not all of it: remembered[] is large */
	u.now = at_entry;
	u.location = begin;
	u.n_remembered = 0;
	while (c.at < c.end && u.location <= pc) {
		if (c.end - c.at > 3 && run_pairs(&u, &c, pc))
			break;
		uint8_t byte = *c.at++;
		uint8_t low = byte & 0x3f;
		bool is_known = true;
		switch (byte >> 6) {
		case 1: /* advance_loc */
			u.location += low * (uintptr_t)MW_CODE_ALIGN;
			break;
		case 2: /* offset */
			is_known = save(&u, &c, low);
			break;
		case 3: /* restore */
			restore(&u, low);
			break;
		default:
			is_known = run_low(&u, &c, low);
		}
		if (mw_unlikely(!is_known || c.is_broken))
			return false;
	}
	*row_out = row_of(&u.now);
	return true;
}
