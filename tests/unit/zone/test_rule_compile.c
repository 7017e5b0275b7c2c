/* SPDX: no licence chosen yet, see README */
/*
 * test_rule_compile.c - our reading of unwind tables against libdw's, off line: every row of real
 * files, every byte between functions, every register that a callee preserves.
 *
 *   test_rule_compile [--sample N] FILE...    N: only each N-th row, for large files
 *
 * A file's segments are mapped as the loader would; rule_compile.c and cfi.c then see it as a
 * loaded module. Rows that libdw finds simple must compile to that very rule, and EXOTIC is right
 * only for those that need more than (pc, sp, fp). Files that are no ELF of this machine, or have
 * no .eh_frame_hdr, are passed over; at least one file must have been compared.
 */
#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/zone/cfi.h"
#include "preload/zone/modules.h"
#include "preload/zone/probe.h"
#include "preload/zone/raw.h"
#include "preload/zone/rule.h"
#include "preload/zone/unwind.h"

#define PAGE 4096u
#define MACHINE (MW_HAS_LINK_REGISTER ? EM_AARCH64 : EM_X86_64)
#define MAX_FAILURES_SHOWN 20

struct image {
	const char *path;
	int fd;
	Elf *elf;
	Dwarf_CFI *cfi;
	uint8_t *memory; /* of address 0 of the file, if its first segment began there */
	size_t bytes;
	uintptr_t bias;	  /* run-time address = ELF address + bias */
	GElf_Addr header; /* .eh_frame_hdr; 0 = none */
};

static struct {
	uint64_t n_rows, n_exotic, n_invalid, n_gap_bytes, n_places, n_failures, n_files;
} sums;
static const uint8_t *current_header;
static uintptr_t current_begin, current_end;

/* ---- what modules.c is in the zone */

const uint8_t *mw_modules_unwind_header(uintptr_t pc, struct mw_module_bytes *module_out)
{
	*module_out = (struct mw_module_bytes){ (const uint8_t *)current_begin,
		(const uint8_t *)current_end };
	return pc >= current_begin && pc < current_end ? current_header : NULL;
}

bool mw_modules_is_loader(uintptr_t pc)
{
	(void)pc;
	return false;
}

/* ---- and probe.c: no signal trampoline is mapped here */

uint32_t mw_is_sandboxed;

bool mw_probe_words(const void *at, unsigned n)
{
	(void)at, (void)n;
	return false;
}

/* ---- mapping a file */

static bool map_segment(struct image *image, const GElf_Phdr *segment, GElf_Addr lowest)
{
	GElf_Addr start = segment->p_vaddr & ~(GElf_Addr)(PAGE - 1);
	GElf_Off offset = segment->p_offset & ~(GElf_Off)(PAGE - 1);
	size_t bytes = segment->p_vaddr + segment->p_filesz - start;
	return segment->p_filesz == 0 ||
	       mmap(image->memory + (start - lowest), bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED,
		       image->fd, (off_t)offset) != MAP_FAILED;
}

static bool map_file(struct image *image)
{
	size_t n;
	GElf_Phdr segment;
	GElf_Addr lowest = UINT64_MAX, end = 0;
	if (elf_getphdrnum(image->elf, &n) != 0)
		return false;
	for (size_t i = 0; i < n && gelf_getphdr(image->elf, (int)i, &segment); i++) {
		if (segment.p_type == PT_GNU_EH_FRAME)
			image->header = segment.p_vaddr;
		if (segment.p_type != PT_LOAD)
			continue;
		if (segment.p_vaddr < lowest)
			lowest = segment.p_vaddr & ~(GElf_Addr)(PAGE - 1);
		if (segment.p_vaddr + segment.p_memsz > end)
			end = segment.p_vaddr + segment.p_memsz;
	}
	if (!image->header || end <= lowest)
		return false;
	image->bytes = end - lowest + PAGE;
	image->memory = mmap(NULL, image->bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (image->memory == MAP_FAILED)
		return false;
	image->bias = (uintptr_t)image->memory - lowest;
	for (size_t i = 0; i < n && gelf_getphdr(image->elf, (int)i, &segment); i++)
		if (segment.p_type == PT_LOAD && !map_segment(image, &segment, lowest))
			return false;
	return true;
}

static void close_image(struct image *image)
{
	if (image->cfi)
		dwarf_cfi_end(image->cfi);
	if (image->memory && image->memory != MAP_FAILED)
		munmap(image->memory, image->bytes);
	elf_end(image->elf);
	if (image->fd >= 0)
		close(image->fd);
}

static bool open_image(const char *path, struct image *image)
{
	GElf_Ehdr header;
	*image = (struct image){ .path = path, .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (image->fd < 0)
		return false;
	image->elf = elf_begin(image->fd, ELF_C_READ_MMAP, NULL);
	if (!image->elf || !gelf_getehdr(image->elf, &header) || header.e_machine != MACHINE ||
		header.e_ident[EI_CLASS] != ELFCLASS64 ||
		(header.e_type != ET_DYN && header.e_type != ET_EXEC) || !map_file(image))
		return false;
	image->cfi = dwarf_getcfi_elf(image->elf);
	return image->cfi != NULL;
}

/* ---- what libdw says */

/* Where libdw finds a register of the caller, in our terms. */
static struct mw_place place_of(Dwarf_Frame *frame, int reg)
{
	Dwarf_Op memory[3], *ops;
	size_t n;
	struct mw_place place = { MW_PLACE_OTHER, 0 };
	if (dwarf_frame_register(frame, reg, memory, &ops, &n) != 0)
		return place;
	if (n == 0)
		place.kind = ops == memory ? MW_PLACE_UNDEFINED : MW_PLACE_SAME;
	else if (ops[0].atom == DW_OP_call_frame_cfa && n == 1)
		place.kind = MW_PLACE_AT_CFA;
	else if (ops[0].atom == DW_OP_call_frame_cfa && n == 2 && ops[1].atom == DW_OP_plus_uconst)
		place = (struct mw_place){ MW_PLACE_AT_CFA, (int64_t)ops[1].number };
	else if (ops[0].atom == DW_OP_call_frame_cfa && n == 2 &&
		 ops[1].atom == DW_OP_breg0 + MW_REG_FP)
		place = (struct mw_place){ MW_PLACE_AT_FP, (int64_t)ops[1].number };
	return place;
}

static bool is_same_place(struct mw_place a, struct mw_place b)
{
	bool has_offset = a.kind == MW_PLACE_AT_CFA || a.kind == MW_PLACE_AT_FP;
	return a.kind == b.kind && (!has_offset || a.offset == b.offset);
}

/* The linker's expression for a PLT entry, evaluated at @pc. */
static bool is_plt(const Dwarf_Op *ops, size_t n, GElf_Addr pc, int64_t *offset_out)
{
	static const uint8_t atoms[] = { DW_OP_breg7, DW_OP_breg16, DW_OP_lit15, DW_OP_and, 0,
		DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus };
	for (size_t i = 0; i < sizeof(atoms); i++)
		if (n < sizeof(atoms) || (atoms[i] && ops[i].atom != atoms[i]))
			return false;
	*offset_out =
		(int64_t)ops[0].number + ((pc & 15) >= (unsigned)ops[4].atom - DW_OP_lit0 ? 8 : 0);
	return true;
}

static void expect_drap(struct mw_place fp, int64_t offset, struct mw_rule *rule)
{
	if (fp.kind == MW_PLACE_AT_FP && fp.offset == 0 && offset % 8 == 0)
		*rule = (struct mw_rule){ MW_RULE_DRAP, 1, 0, (int32_t)offset };
}

/* The rule for a row, by the text of rule.h; EXOTIC where that has none. */
static struct mw_rule expected_rule(Dwarf_Frame *frame, GElf_Addr pc)
{
	struct mw_rule rule = { .kind = MW_RULE_EXOTIC };
	struct mw_place ra = place_of(frame, MW_REG_RA), fp = place_of(frame, MW_REG_FP);
	Dwarf_Op *ops;
	size_t n;
	if (ra.kind == MW_PLACE_UNDEFINED)
		return (struct mw_rule){ .kind = MW_RULE_END };
	bool is_in_register =
		MW_HAS_LINK_REGISTER && ra.kind == MW_PLACE_SAME; /* its offset is 0 */
	if (!is_in_register && (ra.kind != MW_PLACE_AT_CFA || ra.offset >= 0))
		return rule;
	if (dwarf_frame_cfa(frame, &ops, &n) != 0)
		return rule;
	if (n > 1 && ops[n - 1].atom == DW_OP_stack_value)
		n--;
	bool is_register = n == 1 && ops[0].atom == DW_OP_bregx;
	int64_t offset = is_register ? (int64_t)ops[0].number2 : 0;
	uint64_t reg = is_register ? ops[0].number : UINT64_MAX;
	if (n == 2 && ops[0].atom == DW_OP_breg0 + MW_REG_FP && ops[1].atom == DW_OP_deref) {
		expect_drap(fp, (int64_t)ops[0].number, &rule);
		return rule;
	}
	if (is_plt(ops, n, pc, &offset))
		reg = MW_REG_SP;
	bool is_fp_simple = fp.kind == MW_PLACE_SAME ||
			    (fp.kind == MW_PLACE_AT_CFA && fp.offset < 0 && fp.offset % 8 == 0);
	if ((reg == MW_REG_SP || reg == MW_REG_FP) && is_fp_simple && offset % 8 == 0 &&
		offset >= 0)
		rule = (struct mw_rule){ reg == MW_REG_SP ? MW_RULE_SP : MW_RULE_FP,
			(__typeof__(rule.ra_back))(-ra.offset / 8), (uint16_t)(-fp.offset / 8),
			(int32_t)offset };
	return rule;
}

/* ---- comparing */

static bool is_same_rule(struct mw_rule a, struct mw_rule b)
{
	return a.kind == b.kind && a.ra_back == b.ra_back && a.fp_back == b.fp_back &&
	       a.offset == b.offset;
}

/* rule_cache.c has eight bits for fp_back, and knows the rest by the size of the frame. */
static bool is_kept_by_cache(struct mw_rule rule)
{
	int words = rule.offset / 8;
	unsigned packed = mw_arch_pack_fp_back(rule.fp_back, words);
	return (rule.kind != MW_RULE_SP && rule.kind != MW_RULE_FP) || packed > 0xff ||
	       mw_arch_unpack_fp_back(packed, words) == rule.fp_back;
}

static void fail(const struct image *image, GElf_Addr pc, const char *what, struct mw_rule ours,
	struct mw_rule theirs)
{
	if (sums.n_failures++ < MAX_FAILURES_SHOWN)
		printf("FAIL: %s %#" PRIx64
		       ": %s: kind %u ra %u fp %u offset %d, libdw: kind %u ra "
		       "%u fp %u offset %d\n",
			image->path, pc, what, ours.kind, ours.ra_back, ours.fp_back, ours.offset,
			theirs.kind, theirs.ra_back, theirs.fp_back, theirs.offset);
}

static void compare_places(const struct image *image, Dwarf_Frame *frame, GElf_Addr pc)
{
#if MW_HAS_LINK_REGISTER
	static const uint8_t preserved[] = { 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30 };
#else
	static const uint8_t preserved[] = { 3, 6, 12, 13, 14, 15 };
#endif
	for (size_t i = 0; i < sizeof(preserved); i++) {
		struct mw_cfi_row row;
		struct mw_place theirs = place_of(frame, preserved[i]);
		/* libdw's defaults for x86-64 forget that callees preserve rbx. */
		if (!MW_HAS_LINK_REGISTER && preserved[i] == 3 && theirs.kind == MW_PLACE_UNDEFINED)
			theirs.kind = MW_PLACE_SAME;
		enum mw_cfi_outcome outcome = mw_cfi_find_row(pc + image->bias, preserved[i], &row);
		sums.n_places++;
		if (outcome == MW_CFI_ROW && is_same_place(row.wanted, theirs))
			continue;
		if (sums.n_failures++ < MAX_FAILURES_SHOWN)
			printf("FAIL: %s %#" PRIx64 ": register %u: outcome %d place %d %" PRId64
			       ", libdw: place %d %" PRId64 "\n",
				image->path, pc, preserved[i], outcome, row.wanted.kind,
				row.wanted.offset, theirs.kind, theirs.offset);
	}
}

/*
 * Assembly of libgcrypt changes the CFA's register after an expression, which DWARF 5, 6.4.2.2 does
 * not allow and libdw refuses. binutils, libgcc and libunwind take the last offset, as we do.
 */
static bool is_refused(Dwarf_Frame *frame)
{
	Dwarf_Op *ops;
	size_t n;
	return place_of(frame, MW_REG_RA).kind == MW_PLACE_AT_CFA &&
	       dwarf_frame_cfa(frame, &ops, &n) != 0;
}

static void compare_at(const struct image *image, Dwarf_Frame *frame, bool is_signal, GElf_Addr pc)
{
	if (!is_signal && is_refused(frame)) {
		sums.n_invalid++;
		return;
	}
	struct mw_rule theirs =
		is_signal ? (struct mw_rule){ .kind = MW_RULE_SIGNAL } : expected_rule(frame, pc);
	struct mw_rule ours = mw_rule_compile(pc + image->bias);
	sums.n_exotic += ours.kind == MW_RULE_EXOTIC;
	if (!is_same_rule(ours, theirs))
		fail(image, pc, "rule", ours, theirs);
	if (!is_kept_by_cache(ours))
		fail(image, pc, "in eight bits", ours, theirs);
	if (!is_signal)
		compare_places(image, frame, pc);
}

/* The row at @pc. Return: the address after it, or of the next byte if there is none. */
static GElf_Addr compare_row(const struct image *image, GElf_Addr pc)
{
	Dwarf_Frame *frame;
	Dwarf_Addr start = pc, end = pc + 1;
	bool is_signal = false;
	if (dwarf_cfi_addrframe(image->cfi, pc, &frame) != 0) {
		struct mw_rule ours = mw_rule_compile(pc + image->bias);
		sums.n_gap_bytes++;
		if (ours.kind != MW_RULE_NO_TABLE)
			fail(image, pc, "between functions", ours,
				(struct mw_rule){ .kind = MW_RULE_NO_TABLE });
		return pc + 1;
	}
	dwarf_frame_info(frame, &start, &end, &is_signal);
	sums.n_rows++;
	compare_at(image, frame, is_signal, pc);
	if (end - 1 != pc)
		compare_at(image, frame, is_signal, end - 1);
	free(frame);
	return end > pc ? end : pc + 1;
}

static void compare_file(const char *path, unsigned sample)
{
	struct image image;
	size_t n = 0;
	GElf_Phdr segment;
	if (open_image(path, &image)) {
		current_begin = (uintptr_t)image.memory;
		current_end = current_begin + image.bytes;
		current_header = (const uint8_t *)(image.header + image.bias);
		elf_getphdrnum(image.elf, &n);
		sums.n_files++;
	}
	for (size_t i = 0; i < n && gelf_getphdr(image.elf, (int)i, &segment); i++) {
		if (segment.p_type != PT_LOAD || !(segment.p_flags & PF_X))
			continue;
		GElf_Addr pc = segment.p_vaddr, end = pc + segment.p_filesz;
		/* 23 bytes: about a row; odd, so that all places in a function are met. */
		for (; pc < end; pc += (sample - 1) * 23)
			pc = compare_row(&image, pc);
	}
	close_image(&image);
}

int main(int argc, char **argv)
{
	unsigned sample = 1;
	elf_version(EV_CURRENT);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--sample") == 0 && i + 1 < argc)
			sample = (unsigned)strtoul(argv[++i], NULL, 10);
		else
			compare_file(argv[i], sample ? sample : 1);
	}
	printf("%" PRIu64 " files, %" PRIu64 " rows, %" PRIu64 " places of registers, %" PRIu64
	       " bytes between functions: %" PRIu64 " exotic, %" PRIu64
	       " refused by libdw, %" PRIu64 " wrong\n",
		sums.n_files, sums.n_rows, sums.n_places, sums.n_gap_bytes, sums.n_exotic,
		sums.n_invalid, sums.n_failures);
	return sums.n_failures != 0 || sums.n_files == 0 || sums.n_rows == 0;
}
