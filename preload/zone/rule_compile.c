/* SPDX: no licence chosen yet, see README */
/*
 * rule_compile.c - .eh_frame -> struct mw_rule. Zone; unwind.
 *
 * The format is DWARF 5, 6.4 "Call Frame Information", in the variant of the Linux Standard
 * Base ("Exception Frames": .eh_frame, .eh_frame_hdr). Only what decides (CFA, return address,
 * frame pointer) is tracked; everything else is skipped. Tables are those the loader mapped,
 * but lengths are still honoured, so that a broken one ends in EXOTIC and not in a crash.
 */
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "preload/zone/arch.h"
#include "preload/zone/modules.h"
#include "preload/zone/rule.h"
#include "preload/zone/unwind.h"
#include "preload/zone/zone.h"

/* Pointer encodings (LSB, DW_EH_PE_*): the ones toolchains emit for Linux. */
enum { PE_SDATA4_DATAREL = 0x3b, PE_UDATA4 = 0x03, PE_OMIT = 0xff };

struct cursor {
	const uint8_t *at, *end;
	bool is_broken;
};

static inline uint8_t take_byte(struct cursor *c)
{
	if (mw_likely(c->at < c->end))
		return *c->at++;
	c->is_broken = true;
	return 0;
}

/* @bytes is a constant 2, 4 or 8 wherever this is called: one load, little endian as the machine.
 */
static inline uint64_t take(struct cursor *c, unsigned bytes)
{
	uint64_t value = 0;
	if (mw_unlikely((size_t)(c->end - c->at) < bytes)) {
		c->is_broken = true;
		c->at = c->end;
		return 0;
	}
	memcpy(&value, c->at, bytes);
	c->at += bytes;
	return value;
}

static inline uint64_t take_uleb(struct cursor *c)
{
	uint64_t value = take_byte(c);
	if (mw_likely(value < 0x80))
		return value;
	value &= 0x7f;
	for (unsigned shift = 7; shift < 64; shift += 7) {
		uint8_t byte = take_byte(c);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			break;
	}
	return value;
}

static int64_t take_sleb(struct cursor *c)
{
	int64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;
	do {
		byte = take_byte(c);
		value |= (int64_t)((uint64_t)(byte & 0x7f) << shift);
		shift += 7;
	} while ((byte & 0x80) && shift < 64);
	if (shift < 64 && (byte & 0x40))
		value |= -(int64_t)((uint64_t)1 << shift);
	return value;
}

static void skip(struct cursor *c, uint64_t bytes)
{
	if (bytes > (uint64_t)(c->end - c->at)) {
		c->is_broken = true;
		c->at = c->end;
	} else {
		c->at += bytes;
	}
}

/* DW_EH_PE value: format in the low four bits, base in the next three. */
static uint64_t take_encoded(struct cursor *c, uint8_t encoding)
{
	uintptr_t place = (uintptr_t)c->at;
	uint64_t value;
	switch (encoding & 0x0f) {
	case 0x00:
	case 0x04:
	case 0x0c:
		value = take(c, 8);
		break;
	case 0x02:
		value = take(c, 2);
		break;
	case 0x03:
		value = take(c, 4);
		break;
	case 0x0a:
		value = (uint64_t)(int16_t)take(c, 2);
		break;
	case 0x0b:
		value = (uint64_t)(int32_t)take(c, 4);
		break;
	default:
		c->is_broken = true;
		return 0;
	}
	if ((encoding & 0x70) == 0x10)
		value += place;
	else if (encoding & 0x70)
		c->is_broken = true;
	return value;
}

struct cie {
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra_register;
	uint8_t fde_encoding;
	bool has_augmentation_data, is_signal_frame;
	struct cursor instructions;
};

/* @entry: the length field of a CIE or FDE. Return: a cursor over its body, or a broken one. */
static struct cursor entry_body(const uint8_t *entry)
{
	uint32_t length;
	memcpy(&length, entry, 4);
	struct cursor c = { .at = entry + 4, .end = entry + 4 };
	if (length == 0 || length >= 0xfffffff0)
		c.is_broken = true; /* terminator, or the 64-bit form nobody emits */
	else
		c.end += length;
	return c;
}

static bool parse_augmentation(struct cie *cie, struct cursor *c, const char *letters)
{
	if (!*letters)
		return true;
	if (*letters++ != 'z')
		return false;
	uint64_t length = take_uleb(c);
	struct cursor data = { c->at, c->at, false };
	skip(c, length);
	if (c->is_broken)
		return false;
	data.end = c->at;
	cie->has_augmentation_data = true;
	for (; *letters; letters++) {
		if (*letters == 'R')
			cie->fde_encoding = take_byte(&data);
		else if (*letters == 'L')
			take_byte(&data);
		else if (*letters == 'P')
			take_encoded(&data, take_byte(&data) & 0x0f);
		else if (*letters == 'S')
			cie->is_signal_frame = true;
		else if (*letters != 'B' && *letters != 'G')
			return false;
	}
	return !data.is_broken;
}

static bool parse_cie(const uint8_t *entry, struct cie *cie)
{
	struct cursor c = entry_body(entry);
	if (take(&c, 4) != 0)
		return false;
	uint8_t version = take_byte(&c);
	if (version != 1 && version != 3)
		return false;
	const char *letters = (const char *)c.at;
	while (take_byte(&c) && !c.is_broken)
		;
	cie->code_align = take_uleb(&c);
	cie->data_align = take_sleb(&c);
	cie->ra_register = version == 1 ? take_byte(&c) : take_uleb(&c);
	if (c.is_broken || !parse_augmentation(cie, &c, letters))
		return false;
	cie->instructions = c;
	return !c.is_broken;
}

/* Where one register of the caller is found. */
enum place_kind { PLACE_SAME, PLACE_AT_CFA, PLACE_UNDEFINED, PLACE_OTHER, PLACE_AT_FP };

struct place {
	enum place_kind kind;
	int64_t offset;
};

struct row {
	enum { CFA_REGISTER, CFA_DRAP, CFA_OTHER } cfa_kind;
	uint64_t cfa_register;
	int64_t cfa_offset;
	struct place fp, ra;
};

#define MAX_REMEMBERED 8

struct machine {
	const struct cie *cie;
	struct row row, initial;
	struct row remembered[MAX_REMEMBERED];
	unsigned n_remembered;
	uintptr_t location;
	bool is_beyond; /* of what is tracked */
};

static void set_place(struct machine *m, uint64_t reg, enum place_kind kind, int64_t offset)
{
	struct place place = { kind, offset };
	if (reg == MW_REG_FP)
		m->row.fp = place;
	else if (reg == m->cie->ra_register)
		m->row.ra = place;
}

/* DW_OP_breg<fp> offset [DW_OP_deref]: the only expressions compilers use for what we track. */
static bool is_fp_expression(struct cursor c, bool is_dereferenced, int64_t *offset_out)
{
	if (take_byte(&c) != 0x70u + MW_REG_FP)
		return false;
	*offset_out = take_sleb(&c);
	if (is_dereferenced && take_byte(&c) != 0x06)
		return false;
	return !c.is_broken && c.at == c.end;
}

static struct cursor take_block(struct cursor *c)
{
	uint64_t bytes = take_uleb(c);
	struct cursor block = { c->at, c->at, false };
	skip(c, bytes);
	block.end = c->at;
	return block;
}

static void define_cfa_expression(struct machine *m, struct cursor block)
{
	int64_t offset;
	if (is_fp_expression(block, true, &offset)) {
		m->row.cfa_kind = CFA_DRAP;
		m->row.cfa_offset = offset;
	} else {
		m->row.cfa_kind = CFA_OTHER;
	}
}

static void set_expression(struct machine *m, uint64_t reg, struct cursor block)
{
	int64_t offset;
	bool is_fp = is_fp_expression(block, false, &offset);
	set_place(m, reg, is_fp ? PLACE_AT_FP : PLACE_OTHER, is_fp ? offset : 0);
}

static void define_cfa(struct machine *m, uint64_t reg, int64_t offset)
{
	m->row.cfa_kind = CFA_REGISTER;
	m->row.cfa_register = reg;
	m->row.cfa_offset = offset;
}

static void restore_place(struct machine *m, uint64_t reg)
{
	if (reg == MW_REG_FP)
		m->row.fp = m->initial.fp;
	else if (reg == m->cie->ra_register)
		m->row.ra = m->initial.ra;
}

/* The instructions with an opcode in the low six bits (DWARF 5, table 7.29). */
static void run_extended(struct machine *m, struct cursor *c, uint8_t opcode)
{
	int64_t align = m->cie->data_align;
	uint64_t reg;
	switch (opcode) {
	case 0x00: /* nop */
		break;
	case 0x01: /* set_loc */
		m->location = take_encoded(c, m->cie->fde_encoding);
		break;
	case 0x02: /* advance_loc1, 2, 4 */
		m->location += take_byte(c) * m->cie->code_align;
		break;
	case 0x03:
		m->location += take(c, 2) * m->cie->code_align;
		break;
	case 0x04:
		m->location += take(c, 4) * m->cie->code_align;
		break;
	case 0x05: /* offset_extended */
		reg = take_uleb(c);
		set_place(m, reg, PLACE_AT_CFA, (int64_t)take_uleb(c) * align);
		break;
	case 0x06: /* restore_extended */
		restore_place(m, take_uleb(c));
		break;
	case 0x07: /* undefined */
		set_place(m, take_uleb(c), PLACE_UNDEFINED, 0);
		break;
	case 0x08: /* same_value */
		set_place(m, take_uleb(c), PLACE_SAME, 0);
		break;
	case 0x09: /* register */
		set_place(m, take_uleb(c), PLACE_OTHER, 0);
		take_uleb(c);
		break;
	case 0x0a: /* remember_state */
		if (m->n_remembered == MAX_REMEMBERED)
			m->is_beyond = true;
		else
			m->remembered[m->n_remembered++] = m->row;
		break;
	case 0x0b: /* restore_state */
		if (m->n_remembered == 0)
			m->is_beyond = true;
		else
			m->row = m->remembered[--m->n_remembered];
		break;
	case 0x0c: /* def_cfa */
		reg = take_uleb(c);
		define_cfa(m, reg, (int64_t)take_uleb(c));
		break;
	case 0x0d: /* def_cfa_register */
		define_cfa(m, take_uleb(c), m->row.cfa_offset);
		break;
	case 0x0e: /* def_cfa_offset */
		m->row.cfa_offset = (int64_t)take_uleb(c);
		break;
	case 0x0f: /* def_cfa_expression */
		define_cfa_expression(m, take_block(c));
		break;
	case 0x10: /* expression */
		reg = take_uleb(c);
		set_expression(m, reg, take_block(c));
		break;
	case 0x11: /* offset_extended_sf */
		reg = take_uleb(c);
		set_place(m, reg, PLACE_AT_CFA, take_sleb(c) * align);
		break;
	case 0x12: /* def_cfa_sf */
		reg = take_uleb(c);
		define_cfa(m, reg, take_sleb(c) * align);
		break;
	case 0x13: /* def_cfa_offset_sf */
		m->row.cfa_offset = take_sleb(c) * align;
		break;
	case 0x14: /* val_offset, val_offset_sf */
	case 0x15:
		set_place(m, take_uleb(c), PLACE_OTHER, 0);
		take_sleb(c);
		break;
	case 0x16: /* val_expression */
		reg = take_uleb(c);
		take_block(c);
		set_place(m, reg, PLACE_OTHER, 0);
		break;
	case 0x2d: /* AArch64: negate_ra_state: the return address is signed, or no longer */
		break;
	case 0x2e: /* GNU_args_size */
		take_uleb(c);
		break;
	default:
		m->is_beyond = true;
	}
}

/* Run until the row that covers @pc is complete. */
static void run(struct machine *m, struct cursor c, uintptr_t pc)
{
	while (c.at < c.end && !c.is_broken && !m->is_beyond) {
		uint8_t byte = take_byte(&c);
		uint8_t low = byte & 0x3f;
		switch (byte >> 6) {
		case 1: /* advance_loc */
			m->location += low * m->cie->code_align;
			break;
		case 2: /* offset */
			set_place(
				m, low, PLACE_AT_CFA, (int64_t)take_uleb(&c) * m->cie->data_align);
			break;
		case 3: /* restore */
			restore_place(m, low);
			break;
		default:
			run_extended(m, &c, low);
		}
		if (m->location > pc)
			return;
	}
	m->is_beyond |= c.is_broken;
}

static const struct mw_rule rule_exotic = { .kind = MW_RULE_EXOTIC };

/* Limits of the packed form, rule_cache.c: what does not fit is EXOTIC. */
static bool is_word_below_cfa(struct place place, int64_t max_words, int64_t *words_out)
{
	*words_out = -place.offset / 8;
	return place.kind == PLACE_AT_CFA && place.offset < 0 && place.offset % 8 == 0 &&
	       *words_out <= max_words;
}

static struct mw_rule rule_of_drap(const struct row *row)
{
	if (row->fp.kind != PLACE_AT_FP || row->fp.offset != 0 || row->cfa_offset % 8 != 0)
		return rule_exotic;
	return (struct mw_rule){ MW_RULE_DRAP, 1, 0, (int32_t)row->cfa_offset };
}

static struct mw_rule rule_of_row(const struct row *row)
{
	struct mw_rule rule = { 0 };
	int64_t ra_back, fp_back = 0;
	if (row->ra.kind == PLACE_UNDEFINED)
		return (struct mw_rule){ .kind = MW_RULE_END };
	if (MW_HAS_LINK_REGISTER && row->ra.kind == PLACE_SAME)
		ra_back = 0;
	else if (!is_word_below_cfa(row->ra, UINT16_MAX, &ra_back))
		return rule_exotic;
	if (row->cfa_kind == CFA_DRAP && ra_back == 1)
		return rule_of_drap(row);
	if (row->cfa_kind != CFA_REGISTER || row->cfa_offset % 8 != 0 || row->cfa_offset < 0 ||
		row->cfa_offset > INT32_MAX)
		return rule_exotic;
	if (row->fp.kind != PLACE_SAME && !is_word_below_cfa(row->fp, UINT16_MAX, &fp_back))
		return rule_exotic;
	if (row->cfa_register == MW_REG_SP)
		rule.kind = MW_RULE_SP;
	else if (row->cfa_register == MW_REG_FP)
		rule.kind = MW_RULE_FP;
	else
		return rule_exotic;
	rule.ra_back = (uint16_t)ra_back;
	rule.fp_back = (uint16_t)fp_back;
	rule.offset = (int32_t)row->cfa_offset;
	return rule;
}

/* .eh_frame_hdr: a table of (function, FDE) sorted by function, both relative to the header.
 * Return: the FDE of the last function at or below pc, or NULL. */
static const uint8_t *find_fde(const uint8_t *header, uintptr_t pc)
{
	if (header[0] != 1 || header[1] == PE_OMIT || header[2] != PE_UDATA4 ||
		header[3] != PE_SDATA4_DATAREL)
		return NULL;
	struct cursor c = { header + 4, header + 20, false };
	take_encoded(&c, header[1]);
	uint32_t n = (uint32_t)take(&c, 4);
	if (c.is_broken || n == 0)
		return NULL;
	const int32_t(*table)[2] = (const void *)c.at;
	int64_t wanted = (int64_t)(pc - (uintptr_t)header);
	if (table[0][0] > wanted)
		return NULL;
	uint32_t low = 0;
	for (uint32_t high = n; high - low > 1;) {
		uint32_t middle = low + (high - low) / 2;
		if (table[middle][0] <= wanted)
			low = middle;
		else
			high = middle;
	}
	return header + table[low][1];
}

static const struct mw_rule rule_no_table = { .kind = MW_RULE_NO_TABLE };

static struct mw_rule compile_fde(const uint8_t *fde, uintptr_t pc)
{
	struct cursor c = entry_body(fde);
	const uint8_t *cie_field = c.at;
	uint32_t cie_distance = (uint32_t)take(&c, 4);
	if (c.is_broken || cie_distance == 0)
		return rule_no_table;
	struct cie cie = { 0 };
	if (!parse_cie(cie_field - cie_distance, &cie))
		return rule_exotic;
	uintptr_t begin = take_encoded(&c, cie.fde_encoding);
	uintptr_t bytes = take_encoded(&c, cie.fde_encoding & 0x0f);
	if (c.is_broken || pc - begin >= bytes)
		return rule_no_table;
	if (cie.has_augmentation_data)
		skip(&c, take_uleb(&c));
	if (cie.is_signal_frame)
		return (struct mw_rule){ .kind = MW_RULE_SIGNAL };

	struct machine m = { .cie = &cie, .location = begin };
	m.row.ra.kind = PLACE_SAME;
	run(&m, cie.instructions, UINTPTR_MAX);
	m.initial = m.row;
	m.location = begin;
	run(&m, c, pc);
	return m.is_beyond ? rule_exotic : rule_of_row(&m.row);
}

/* The kernel's signal trampoline, unless the pc is a wild one. @pc: its first byte, or one less. */
static bool is_sigreturn(uintptr_t pc)
{
	uintptr_t low, high, code = (pc + 3) & ~(uintptr_t)3;
	return MW_HAS_LINK_REGISTER && mw_stack_range_find(code, &low, &high) && code + 8 <= high &&
	       mw_arch_is_sigreturn((const uint32_t *)code);
}

struct mw_rule mw_rule_compile(uintptr_t pc)
{
	const uint8_t *header = mw_modules_unwind_header(pc);
	const uint8_t *fde = header ? find_fde(header, pc) : NULL;
	struct mw_rule rule = fde ? compile_fde(fde, pc) : rule_no_table;
	if (rule.kind == MW_RULE_NO_TABLE && is_sigreturn(pc))
		rule.kind = MW_RULE_SIGNAL;
	return rule;
}
