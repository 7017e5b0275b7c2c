/* SPDX: no licence chosen yet, see README */
/*
 * cfi.c - .eh_frame -> struct mw_cfi_row. Zone; unwind.
 *
 * The format is DWARF 5, 6.4 "Call Frame Information", in the variant of the Linux Standard
 * Base ("Exception Frames": .eh_frame, .eh_frame_hdr). Only what decides (CFA, return address,
 * one register) is tracked; everything else is skipped. Tables are those the loader mapped,
 * but each length and pointer is kept inside the module, so that a broken one ends in NO_TABLE or
 * BEYOND and not in a crash.
 */
#include <stddef.h>
#include <string.h>

#include "preload/zone/cfi.h"
#include "preload/zone/cfi_cursor.h"
#include "preload/zone/cfi_usual.h"
#include "preload/zone/modules.h"
#include "preload/zone/zone.h"

/* Pointer encodings (LSB, DW_EH_PE_*): the ones toolchains emit for Linux. */
enum { PE_SDATA4_DATAREL = 0x3b, PE_UDATA4 = 0x03, PE_OMIT = 0xff };

struct cie {
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra_register;
	uint8_t fde_encoding;
	bool has_augmentation_data, is_signal_frame;
	struct cursor instructions;
};

/* The table of one lookup: an entry begins and ends inside the module. */
struct table {
	const uint8_t *header;
	struct mw_module_bytes module;
};

static const struct cursor broken = { .is_broken = true };

/* @entry: the length field of a CIE or FDE. Return: a cursor over its body, or a broken one. */
static struct cursor entry_body(const struct table *table, const uint8_t *entry)
{
	uint32_t length;
	if (entry < table->module.start || table->module.end - entry < 4)
		return broken;
	memcpy(&length, entry, 4);
	/* 0: terminator; the highest: the 64-bit form nobody emits */
	if (length == 0 || length >= 0xfffffff0 || length > table->module.end - entry - 4)
		return broken;
	return (struct cursor){ .at = entry + 4, .end = entry + 4 + length };
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

static bool parse_cie(const struct table *table, const uint8_t *entry, struct cie *cie)
{
	struct cursor c = entry_body(table, entry);
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

#define MAX_REMEMBERED 8

struct machine {
	const struct cie *cie;
	struct mw_cfi_row row, initial;
	struct mw_cfi_row remembered[MAX_REMEMBERED];
	unsigned n_remembered;
	uint64_t wanted; /* register */
	uintptr_t location;
	bool is_beyond; /* of what is tracked */
};

static void set_place(struct machine *m, uint64_t reg, enum mw_place_kind kind, int64_t offset)
{
	struct mw_place place = { kind, offset };
	if (reg == m->wanted)
		m->row.wanted = place;
	else if (reg == m->cie->ra_register)
		m->row.ra = place;
}

/* DW_OP_breg<fp> offset [DW_OP_deref]: the only expressions compilers use for callers' registers.
 */
static bool is_fp_expression(struct cursor c, bool is_dereferenced, int64_t *offset_out)
{
	if (take_byte(&c) != 0x70u + MW_REG_FP)
		return false;
	*offset_out = take_sleb(&c);
	if (is_dereferenced && take_byte(&c) != 0x06)
		return false;
	return !c.is_broken && c.at == c.end;
}

static void define_cfa_expression(struct machine *m, struct cursor *c)
{
	int64_t offset;
	m->row.cfa_block = c->at;
	struct cursor block = take_block(c);
	if (is_fp_expression(block, true, &offset)) {
		m->row.cfa_kind = MW_CFA_AT_FP;
		m->row.cfa_offset = offset;
	} else {
		m->row.cfa_kind = MW_CFA_EXPRESSION;
	}
}

static void set_expression(struct machine *m, uint64_t reg, struct cursor block)
{
	int64_t offset;
	bool is_fp = is_fp_expression(block, false, &offset);
	set_place(m, reg, is_fp ? MW_PLACE_AT_FP : MW_PLACE_OTHER, is_fp ? offset : 0);
}

/* Factored offsets of a broken table wrap. */
static int64_t scaled(uint64_t offset, int64_t align)
{
	return (int64_t)(offset * (uint64_t)align);
}

static void define_cfa(struct machine *m, uint64_t reg, int64_t offset)
{
	m->row.cfa_kind = MW_CFA_REGISTER;
	m->row.cfa_register = reg;
	m->row.cfa_offset = offset;
}

static void restore_place(struct machine *m, uint64_t reg)
{
	if (reg == m->wanted)
		m->row.wanted = m->initial.wanted;
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
		set_place(m, reg, MW_PLACE_AT_CFA, scaled(take_uleb(c), align));
		break;
	case 0x06: /* restore_extended */
		restore_place(m, take_uleb(c));
		break;
	case 0x07: /* undefined */
		set_place(m, take_uleb(c), MW_PLACE_UNDEFINED, 0);
		break;
	case 0x08: /* same_value */
		set_place(m, take_uleb(c), MW_PLACE_SAME, 0);
		break;
	case 0x09: /* register */
		set_place(m, take_uleb(c), MW_PLACE_OTHER, 0);
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
		define_cfa_expression(m, c);
		break;
	case 0x10: /* expression */
		reg = take_uleb(c);
		set_expression(m, reg, take_block(c));
		break;
	case 0x11: /* offset_extended_sf */
		reg = take_uleb(c);
		set_place(m, reg, MW_PLACE_AT_CFA, scaled((uint64_t)take_sleb(c), align));
		break;
	case 0x12: /* def_cfa_sf */
		reg = take_uleb(c);
		define_cfa(m, reg, scaled((uint64_t)take_sleb(c), align));
		break;
	case 0x13: /* def_cfa_offset_sf */
		m->row.cfa_offset = scaled((uint64_t)take_sleb(c), align);
		break;
	case 0x14: /* val_offset, val_offset_sf */
	case 0x15:
		set_place(m, take_uleb(c), MW_PLACE_OTHER, 0);
		take_sleb(c);
		break;
	case 0x16: /* val_expression */
		reg = take_uleb(c);
		take_block(c);
		set_place(m, reg, MW_PLACE_OTHER, 0);
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
				m, low, MW_PLACE_AT_CFA, scaled(take_uleb(&c), m->cie->data_align));
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

/* Relative to the header, which may be anything: computed as numbers. */
static const uint8_t *at_distance(const uint8_t *place, int64_t distance)
{
	return (const uint8_t *)((uintptr_t)place + (uint64_t)distance);
}

/* An entry of the search table: (function, FDE). */
static int32_t entry_at(const uint8_t *entries, uint32_t i, unsigned which)
{
	int32_t value;
	memcpy(&value, entries + (size_t)i * 8 + which * 4, 4);
	return value;
}

#define N_GUESSES 4

/*
 * The last entry at or below @wanted, of @n; the first one is. Functions are spread over the
 * module rather evenly: begin where the entry would be if they were, from there go on by as much
 * as that was off, and then widen by doubling. (Each entry that is looked at is a cache miss.)
 */
static uint32_t find_entry(const uint8_t *entries, uint32_t n, int64_t wanted)
{
	int64_t first = entry_at(entries, 0, 0), last = entry_at(entries, n - 1, 0);
	if (wanted >= last || last <= first)
		return n - 1;
	int64_t mean = (last - first) / (n - 1) + 1, at = (wanted - first) / mean;
	for (unsigned i = 0; i < N_GUESSES; i++) {
		int64_t off = (wanted - entry_at(entries, (uint32_t)at, 0)) / mean;
		at = at + off < 0 ? 0 : at + off < n ? at + off : n - 1;
	}
	uint32_t low = (uint32_t)at, high = low + 1, step = 4;
	for (; low > 0 && entry_at(entries, low, 0) > wanted; step *= 2) {
		high = low;
		low = low > step ? low - step : 0;
	}
	for (; high < n && entry_at(entries, high, 0) <= wanted; step *= 2) {
		low = high;
		high = n - high > step ? high + step : n;
	}
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (entry_at(entries, middle, 0) <= wanted)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* .eh_frame_hdr: a table of (function, FDE) sorted by function, both relative to the header.
 * Return: the FDE of the last function at or below pc, or NULL. */
static const uint8_t *find_fde(const struct table *table, uintptr_t pc)
{
	const uint8_t *header = table->header;
	struct cursor c = { header, table->module.end, header < table->module.start };
	if (c.is_broken || header > table->module.end || take_byte(&c) != 1)
		return NULL;
	uint8_t frame_encoding = take_byte(&c), count_encoding = take_byte(&c);
	if (frame_encoding == PE_OMIT || count_encoding != PE_UDATA4 ||
		take_byte(&c) != PE_SDATA4_DATAREL)
		return NULL;
	take_encoded(&c, frame_encoding);
	uint32_t n = (uint32_t)take(&c, 4);
	if (c.is_broken || n == 0 || n > (size_t)(c.end - c.at) / 8)
		return NULL;
	int64_t wanted = (int64_t)(pc - (uintptr_t)header);
	if (entry_at(c.at, 0, 0) > wanted)
		return NULL;
	return at_distance(header, entry_at(c.at, find_entry(c.at, n, wanted), 1));
}

/* Return: the CIE of a FDE; @c is left behind the field that leads to it. NULL = no FDE. */
static const uint8_t *cie_of(struct cursor *c)
{
	const uint8_t *field = c->at;
	uint32_t distance = (uint32_t)take(c, 4);
	return c->is_broken || distance == 0 ? NULL : at_distance(field, -(int64_t)distance);
}

static const uint8_t *fde_at_or_below(struct table *table, uintptr_t pc)
{
	table->header = mw_modules_unwind_header(pc, &table->module);
	return table->header ? find_fde(table, pc) : NULL;
}

static bool is_usual(const struct table *table, const uint8_t *cie)
{
	const struct mw_module_bytes *module = &table->module;
	return cie >= module->start && cie < module->end &&
	       mw_cfi_is_usual_cie(cie, (size_t)(module->end - cie));
}

/* @c: a FDE with a usual CIE, behind the field that leads there. Return: BEYOND = ask cie. */
static enum mw_cfi_outcome usual_row(struct cursor c, uintptr_t pc, struct mw_cfi_row *row_out)
{
	uintptr_t begin = take_encoded(&c, MW_CFI_USUAL_ENCODING);
	uintptr_t bytes = take_encoded(&c, MW_CFI_USUAL_ENCODING & 0x0f);
	if (c.is_broken || pc - begin >= bytes)
		return MW_CFI_NO_TABLE;
	skip(&c, take_uleb(&c));
	bool is_row = !c.is_broken && mw_cfi_usual_row(c, begin, pc, row_out);
	return is_row ? MW_CFI_ROW : MW_CFI_BEYOND;
}

enum mw_cfi_outcome mw_cfi_find_row(uintptr_t pc, uint64_t wanted, struct mw_cfi_row *row_out)
{
	struct table table;
	const uint8_t *fde = fde_at_or_below(&table, pc);
	if (!fde)
		return MW_CFI_NO_TABLE;
	struct cursor c = entry_body(&table, fde);
	const uint8_t *cie_entry = cie_of(&c);
	if (!cie_entry)
		return MW_CFI_NO_TABLE;
	if (wanted == MW_REG_FP && is_usual(&table, cie_entry)) {
		enum mw_cfi_outcome outcome = usual_row(c, pc, row_out);
		if (mw_likely(outcome != MW_CFI_BEYOND))
			return outcome;
	}
	struct cie cie = { 0 };
	if (!parse_cie(&table, cie_entry, &cie))
		return MW_CFI_BEYOND;
	uintptr_t begin = take_encoded(&c, cie.fde_encoding);
	uintptr_t bytes = take_encoded(&c, cie.fde_encoding & 0x0f);
	if (c.is_broken || pc - begin >= bytes)
		return MW_CFI_NO_TABLE;
	if (cie.has_augmentation_data)
		skip(&c, take_uleb(&c));
	if (cie.is_signal_frame)
		return MW_CFI_SIGNAL;

	struct machine m; /* not all of it: remembered[] is large */
	m.cie = &cie;
	m.wanted = wanted;
	m.location = begin;
	m.n_remembered = 0;
	m.is_beyond = false;
	m.row = m.initial = (struct mw_cfi_row){ 0 };
	run(&m, cie.instructions, UINTPTR_MAX);
	m.initial = m.row;
	m.location = begin;
	run(&m, c, pc);
	*row_out = m.row;
	return m.is_beyond ? MW_CFI_BEYOND : MW_CFI_ROW;
}

bool mw_cfi_is_entry(uintptr_t pc)
{
	struct table table;
	const uint8_t *fde = fde_at_or_below(&table, pc);
	if (!fde)
		return false;
	struct cursor c = entry_body(&table, fde);
	const uint8_t *cie_entry = cie_of(&c);
	struct cie cie = { 0 };
	return cie_entry && parse_cie(&table, cie_entry, &cie) &&
	       take_encoded(&c, cie.fde_encoding) == pc && !c.is_broken;
}
