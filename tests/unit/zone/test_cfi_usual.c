/* SPDX: no licence chosen yet, see README */
/*
 * test_cfi_usual.c - the fast machine for unwind rows against the general one, of which it must be
 * a part: every function of real files, and the same tables with bytes changed, at the end of
 * readable memory.
 *
 *   test_cfi_usual FILE...
 *
 * cfi.c is here twice: as it is, and as general_find_row(), for which no CIE is usual. What both
 * make of sound tables is test_rule_compile's part.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/zone/cfi.h"
#include "preload/zone/modules.h"
#include "tests/unit/check.h"

#define PAGE 4096u
#define N_CHANGES 300000u /* in each file */
#define MAX_PLACES 20000u /* of one function looked at */
#define HEADER_BYTES 12u

/* cfi.c, compiled with these names */
enum mw_cfi_outcome general_find_row(uintptr_t pc, uint64_t wanted, struct mw_cfi_row *row_out);
bool no_cie_is_usual(const uint8_t *cie, size_t bytes);

bool no_cie_is_usual(const uint8_t *cie, size_t bytes)
{
	(void)cie;
	(void)bytes;
	return false;
}

static struct mw_module_bytes module;
static uint8_t *header;
static uint64_t n_rows, n_other, n_wrong;

const uint8_t *mw_modules_unwind_header(uintptr_t pc, struct mw_module_bytes *module_out)
{
	(void)pc;
	*module_out = module;
	return header;
}

static bool is_same_place(struct mw_place a, struct mw_place b)
{
	return a.kind == b.kind && a.offset == b.offset;
}

static bool is_same_row(const struct mw_cfi_row *a, const struct mw_cfi_row *b)
{
	return a->cfa_kind == b->cfa_kind && a->cfa_register == b->cfa_register &&
	       a->cfa_offset == b->cfa_offset && is_same_place(a->wanted, b->wanted) &&
	       is_same_place(a->ra, b->ra);
}

static void compare_at(uintptr_t pc)
{
	struct mw_cfi_row fast = { 0 }, general = { 0 };
	enum mw_cfi_outcome outcome = mw_cfi_find_row(pc, MW_REG_FP, &fast),
			    expected = general_find_row(pc, MW_REG_FP, &general);
	bool is_row = expected == MW_CFI_ROW;
	n_rows += is_row;
	n_other += !is_row;
	if (outcome == expected && (!is_row || is_same_row(&fast, &general)))
		return;
	n_wrong++;
	printf("at %#tx: outcome %d, expected %d; cfa r%llu%+lld ra %+lld fp %+lld, expected "
	       "r%llu%+lld %+lld %+lld\n",
		pc - (uintptr_t)module.start, outcome, expected,
		(unsigned long long)fast.cfa_register, (long long)fast.cfa_offset,
		(long long)fast.ra.offset, (long long)fast.wanted.offset,
		(unsigned long long)general.cfa_register, (long long)general.cfa_offset,
		(long long)general.ra.offset, (long long)general.wanted.offset);
}

static uint32_t n_functions(void)
{
	uint32_t n;
	memcpy(&n, header + 8, sizeof(n));
	return n;
}

/* Of the search table: (function, FDE), relative to the header. */
static uint8_t *entry(uint32_t i, unsigned which)
{
	int32_t distance;
	memcpy(&distance, header + HEADER_BYTES + (size_t)i * 8 + which * 4, sizeof(distance));
	return header + distance;
}

static uint32_t bytes_of(uint32_t i)
{
	uint32_t bytes;
	memcpy(&bytes, entry(i, 1) + 12, sizeof(bytes));
	return bytes;
}

static void compare_all(void)
{
	uint32_t n = n_functions();
	for (uint32_t i = 0; i < n; i += 1 + n / 20000) {
		uintptr_t begin = (uintptr_t)entry(i, 0);
		uint32_t bytes = bytes_of(i) < MAX_PLACES ? bytes_of(i) : MAX_PLACES;
		for (uint32_t at = 0; at < bytes; at++)
			compare_at(begin + at);
		compare_at(begin - 1);
		compare_at(begin + bytes_of(i));
	}
}

static uint64_t random_number(void)
{
	static uint64_t x = 88172645463325252u;
	x ^= x << 13;
	x ^= x >> 7;
	return x ^= x << 17;
}

/* A byte of a FDE, of its CIE or of the search table. */
static uint8_t *any_byte(uint32_t i)
{
	uint8_t *fde = entry(i, 1);
	uint32_t length, distance;
	memcpy(&length, fde, sizeof(length));
	memcpy(&distance, fde + 4, sizeof(distance));
	switch (random_number() % 8) {
	case 0:
		return fde + 4 - distance + random_number() % 32;
	case 1:
		return header + random_number() % (HEADER_BYTES + 8 * (uint64_t)n_functions());
	default:
		return fde + random_number() % (length + 4);
	}
}

static void compare_changed(void)
{
	static const uint8_t telling[] = { 0, 0x02, 0x04, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x2d,
		0x2e, 0x41, 0x80, 0x86, 0x90, 0xc6, 0xd0, 0xff };
	uint32_t n = n_functions();
	for (unsigned change = 0; change < N_CHANGES; change++) {
		uint32_t i = (uint32_t)(random_number() % n);
		uintptr_t begin = (uintptr_t)entry(i, 0), bytes = bytes_of(i);
		uint8_t *place = any_byte(i);
		if (place < module.start || place >= module.end)
			continue;
		uint8_t before = *place;
		uint64_t dice = random_number();
		*place = dice & 1 ? telling[(dice >> 1) % sizeof(telling)] : (uint8_t)(dice >> 1);
		for (unsigned k = 0; k < 4; k++)
			compare_at(begin + random_number() % (bytes + 1));
		compare_at(begin + bytes - 1);
		*place = before;
	}
}

/* Its segment with the tables, ending where readable memory does. */
static bool load(const uint8_t *file, size_t bytes)
{
	const Elf64_Ehdr *elf = (const Elf64_Ehdr *)file;
	if (bytes < sizeof(*elf) || memcmp(file, ELFMAG, SELFMAG) != 0)
		return false;
	const Elf64_Phdr *segments = (const Elf64_Phdr *)(file + elf->e_phoff);
	uint64_t tables = 0;
	for (unsigned i = 0; i < elf->e_phnum; i++)
		if (segments[i].p_type == PT_GNU_EH_FRAME)
			tables = segments[i].p_vaddr;
	for (unsigned i = 0; i < elf->e_phnum; i++) {
		const Elf64_Phdr *s = &segments[i];
		if (s->p_type != PT_LOAD || tables - s->p_vaddr >= s->p_filesz)
			continue;
		size_t whole = (s->p_filesz + PAGE - 1) & ~(size_t)(PAGE - 1);
		uint8_t *memory =
			mmap(NULL, whole + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED ||
			mprotect(memory + PAGE, whole, PROT_READ | PROT_WRITE) != 0)
			return false;
		module.end = memory + PAGE + whole;
		module.start = module.end - (s->p_filesz & ~(size_t)7);
		memcpy((uint8_t *)module.start, file + s->p_offset, s->p_filesz & ~(size_t)7);
		header = (uint8_t *)module.start + (tables - s->p_vaddr);
		return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct stat status;
		int fd = open(argv[i], O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &status) != 0)
			continue;
		const uint8_t *file =
			mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		close(fd);
		if (file == MAP_FAILED || !load(file, (size_t)status.st_size))
			continue;
		compare_all();
		CHECK_NUMBER(n_wrong, 0);
		compare_changed();
		CHECK_NUMBER(n_wrong, 0);
		printf("%s: %u functions\n", argv[i], n_functions());
	}
	printf("%llu rows, %llu without\n", (unsigned long long)n_rows,
		(unsigned long long)n_other);
	CHECK(n_rows > 1000000 && n_other > 1000);
	return mw_check_tally("usual rows");
}
