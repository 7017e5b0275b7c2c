/* SPDX: no licence chosen yet, see README */
/*
 * inspect_sanitizer.c - is a sanitizer's run-time the first library that a program needs?
 *
 * Before hook; compiled into shim and launcher, as inspect.c. PT_DYNAMIC of the head says where
 * the dynamic section is, its first DT_NEEDED where in the string table the name is (elf(5)).
 * Every number is the file's word only: reads fail, nothing else.
 */
#include <elf.h>
#include <stddef.h>

#include "preload/inspect.h"

#define MAX_ENTRIES 96
#define NAME_BYTES 24

static const char names[][NAME_BYTES] = { "libasan.so", "libtsan.so", "libhwasan.so",
	"libclang_rt.asan", "libclang_rt.tsan", "libclang_rt.hwasan" };

static int is_sanitizer(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t n = 0;
		while (names[i][n] && names[i][n] == name[n])
			n++;
		if (!names[i][n])
			return 1;
	}
	return 0;
}

/* Return: segment @i of the head, or one of type PT_NULL. */
static Elf64_Phdr segment_at(
	const uint8_t *head, size_t head_bytes, const Elf64_Ehdr *elf, size_t i)
{
	Elf64_Phdr segment = { .p_type = PT_NULL };
	if (elf->e_phoff < head_bytes && (head_bytes - elf->e_phoff) / sizeof(segment) > i)
		__builtin_memcpy(
			&segment, head + elf->e_phoff + i * sizeof(segment), sizeof(segment));
	return segment;
}

/* Return: where in the file @address is loaded from, 0 = nowhere. */
static uint64_t offset_of(
	const uint8_t *head, size_t head_bytes, const Elf64_Ehdr *elf, uint64_t address)
{
	for (size_t i = 0; i < elf->e_phnum; i++) {
		Elf64_Phdr segment = segment_at(head, head_bytes, elf, i);
		if (segment.p_type == PT_LOAD && address - segment.p_vaddr < segment.p_filesz)
			return segment.p_offset + (address - segment.p_vaddr);
	}
	return 0;
}

static uint64_t find_dynamic(const uint8_t *head, size_t head_bytes, const Elf64_Ehdr *elf)
{
	for (size_t i = 0; i < elf->e_phnum; i++) {
		Elf64_Phdr segment = segment_at(head, head_bytes, elf, i);
		if (segment.p_type == PT_DYNAMIC)
			return segment.p_offset;
	}
	return 0;
}

int mw_inspect_has_sanitizer(
	const uint8_t *head, size_t head_bytes, mw_inspect_read *read_at, int fd)
{
	Elf64_Ehdr elf;
	Elf64_Dyn entries[MAX_ENTRIES];
	char name[NAME_BYTES + 1] = { 0 };
	if (head_bytes < sizeof(elf) || __builtin_memcmp(head, ELFMAG, SELFMAG) != 0 ||
		head[EI_CLASS] != ELFCLASS64)
		return 0;
	__builtin_memcpy(&elf, head, sizeof(elf));
	uint64_t dynamic = find_dynamic(head, head_bytes, &elf);
	long bytes = dynamic ? read_at(fd, entries, sizeof(entries), dynamic) : 0;
	uint64_t strings = 0, first = 0;
	for (long i = 0; i < bytes / (long)sizeof(entries[0]) && entries[i].d_tag != DT_NULL; i++) {
		if (entries[i].d_tag == DT_STRTAB)
			strings = offset_of(head, head_bytes, &elf, entries[i].d_un.d_ptr);
		if (entries[i].d_tag == DT_NEEDED && !first)
			first = entries[i].d_un.d_val;
	}
	return strings && first && read_at(fd, name, NAME_BYTES, strings + first) > 0 &&
	       is_sanitizer(name);
}
