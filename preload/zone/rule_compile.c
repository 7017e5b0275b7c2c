/* SPDX: no licence chosen yet, see README */
/*
 * rule_compile.c - one row of call frame information -> struct mw_rule. Zone; unwind. What does not
 * fit the form is EXOTIC, and left to unwind_exotic.c.
 */
#include <stddef.h>
#include <string.h>

#include "preload/zone/arch.h"
#include "preload/zone/cfi.h"
#include "preload/zone/modules.h"
#include "preload/zone/probe.h"
#include "preload/zone/raw.h"
#include "preload/zone/rule.h"
#include "preload/zone/unwind.h"
#include "preload/zone/zone.h"

static const struct mw_rule rule_exotic = { .kind = MW_RULE_EXOTIC };

/* Limits of the packed form, rule_cache.c: what does not fit is EXOTIC. */
static bool is_word_below_cfa(struct mw_place place, int64_t max_words, int64_t *words_out)
{
	if (place.kind != MW_PLACE_AT_CFA || place.offset >= 0 || place.offset % 8 != 0)
		return false;
	*words_out = -(place.offset / 8);
	return *words_out <= max_words;
}

static struct mw_rule rule_of_drap(const struct mw_cfi_row *row)
{
	if (row->wanted.kind != MW_PLACE_AT_FP || row->wanted.offset != 0 ||
		row->cfa_offset % 8 != 0 || row->cfa_offset != (int32_t)row->cfa_offset)
		return rule_exotic;
	return (struct mw_rule){ MW_RULE_DRAP, 1, 0, (int32_t)row->cfa_offset };
}

/*
 * The expression that linkers write for a PLT: an entry of 16 bytes pushes once, at its byte N.
 *   sp + 8 + ((pc & 15) >= N ? 8 : 0)
 * The pc is known here.
 */
static bool is_plt(uintptr_t pc, const struct mw_cfi_row *row, int32_t *offset_out)
{
	static const uint8_t before[] = { 11, 0x77, 8, 0x80, 0, 0x3f, 0x1a }, /* ..., literal N */
		after[] = { 0x2a, 0x33, 0x24, 0x22 };
	const uint8_t *block = row->cfa_block;
	/* Its length first: of a shorter one not as many bytes are there. */
	if (MW_REG_SP != 7 || row->cfa_kind != MW_CFA_EXPRESSION || block[0] != before[0] ||
		memcmp(block, before, sizeof(before)) != 0 ||
		memcmp(block + sizeof(before) + 1, after, sizeof(after)) != 0)
		return false;
	unsigned pushed_at = block[sizeof(before)] - 0x30u;
	*offset_out = 8 + ((pc & 15) >= pushed_at ? 8 : 0);
	return pushed_at < 16;
}

static struct mw_rule rule_of_row(uintptr_t pc, const struct mw_cfi_row *row)
{
	struct mw_rule rule = { 0 };
	int64_t ra_back, fp_back = 0;
	if (row->ra.kind == MW_PLACE_UNDEFINED)
		return (struct mw_rule){ .kind = MW_RULE_END };
	if (MW_HAS_LINK_REGISTER && row->ra.kind == MW_PLACE_SAME)
		ra_back = 0;
	else if (!is_word_below_cfa(row->ra, MW_RA_BACK_MAX, &ra_back))
		return rule_exotic;
	if (row->cfa_kind == MW_CFA_AT_FP && ra_back == 1)
		return rule_of_drap(row);
	if (row->wanted.kind == MW_PLACE_SAME && is_plt(pc, row, &rule.offset)) {
		rule.kind = MW_RULE_SP;
		rule.ra_back = (__typeof__(rule.ra_back))ra_back;
		return rule;
	}
	if (row->cfa_kind != MW_CFA_REGISTER || row->cfa_offset % 8 != 0 || row->cfa_offset < 0 ||
		row->cfa_offset > INT32_MAX)
		return rule_exotic;
	if (row->wanted.kind != MW_PLACE_SAME &&
		!is_word_below_cfa(row->wanted, UINT16_MAX, &fp_back))
		return rule_exotic;
	if (row->cfa_register == MW_REG_SP)
		rule.kind = MW_RULE_SP;
	else if (row->cfa_register == MW_REG_FP)
		rule.kind = MW_RULE_FP;
	else
		return rule_exotic;
	rule.ra_back = (__typeof__(rule.ra_back))ra_back;
	rule.fp_back = (uint16_t)fp_back;
	rule.offset = (int32_t)row->cfa_offset;
	return rule;
}

/* A signal trampoline, unless the pc is a wild one. @pc: its first byte, or one less. */
static bool is_sigreturn(uintptr_t pc)
{
	static const uint8_t code[] = { MW_SIGRETURN_CODE };
	return !mw_is_sandboxed && mw_probe_words((const void *)pc, 2) &&
	       (memcmp((const void *)pc, code, sizeof(code)) == 0 ||
		       memcmp((const void *)(pc + 1), code, sizeof(code)) == 0);
}

static struct mw_rule no_table(uintptr_t pc)
{
	return (struct mw_rule){ .kind = MW_RULE_NO_TABLE,
		.offset = mw_rule_is_bottom(pc + 1) ? 8 : 0 };
}

struct mw_rule mw_rule_compile(uintptr_t pc)
{
	struct mw_cfi_row row;
	switch (mw_cfi_find_row(pc, MW_REG_FP, &row)) {
	case MW_CFI_ROW:
		return rule_of_row(pc, &row);
	case MW_CFI_SIGNAL:
		return (struct mw_rule){ .kind = MW_RULE_SIGNAL };
	case MW_CFI_NO_TABLE:
		return is_sigreturn(pc) ? (struct mw_rule){ .kind = MW_RULE_SIGNAL } : no_table(pc);
	case MW_CFI_BEYOND:
		break;
	}
	return rule_exotic;
}

bool mw_rule_is_bottom(uintptr_t pc)
{
	return mw_cfi_is_entry(pc) || mw_modules_is_loader(pc);
}
