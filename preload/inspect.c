/* SPDX: no licence chosen yet, see README */
/*
 * inspect.c - can this program be followed? Answered from the first bytes of its file.
 *
 * Before hook; compiled into both the shim (asked before an exec) and the launcher (asked
 * before its spawn). Invariant: no byte outside [head, head + head_bytes) is read, whatever
 * the bytes say; nothing but memcmp and memcpy is called, so the zone may use it anywhere.
 */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "preload/inspect.h"

#if defined(__x86_64__)
#define NATIVE_MACHINE EM_X86_64
#define NATIVE_LOADER "ld-linux-x86-64.so.2"
#elif defined(__aarch64__)
#define NATIVE_MACHINE EM_AARCH64
#define NATIVE_LOADER "ld-linux-aarch64.so.1"
#else
#error "add this machine's ELF number and the name of its dynamic loader"
#endif

/* st_mode bits, as in <sys/stat.h>, which is no header for the zone. */
#define MODE_SET_UID 04000u
#define MODE_SET_GID 02000u
#define MODE_GROUP_EXECUTE 00010u

static int starts_with(const uint8_t *bytes, size_t n_bytes, const void *prefix, size_t n_prefix)
{
	return n_bytes >= n_prefix && __builtin_memcmp(bytes, prefix, n_prefix) == 0;
}

/* Does the last component of @path equal @name? */
static int has_basename(const char *path, size_t path_bytes, const char *name, size_t name_bytes)
{
	if (path_bytes < name_bytes)
		return 0;
	size_t start = path_bytes - name_bytes;
	if (start > 0 && path[start - 1] != '/')
		return 0;
	return __builtin_memcmp(path + start, name, name_bytes) == 0;
}

static size_t length_of(const char *text, size_t limit)
{
	size_t n = 0;
	while (n < limit && text[n] != '\0')
		n++;
	return n;
}

/*
 * Does the kernel start it in secure mode, where ld.so drops our LD_PRELOAD? A set-group-ID bit
 * without group execute means mandatory locking, not a change of ids.
 */
static int is_secure_exec(const struct mw_inspect_facts *facts)
{
	uint32_t uid = facts->mode & MODE_SET_UID ? facts->file_uid : facts->effective_uid;
	int is_set_gid = (facts->mode & MODE_SET_GID) && (facts->mode & MODE_GROUP_EXECUTE);
	uint32_t gid = is_set_gid ? facts->file_gid : facts->effective_gid;
	if (uid != facts->real_uid || gid != facts->real_gid)
		return 1;
	return facts->has_capabilities && facts->real_uid != 0;
}

/* "#! /usr/bin/env -S x\n": blanks, then the path up to a blank, a line end or the head's end. */
static void find_interpreter(const uint8_t *head, size_t head_bytes, char *interpreter_out)
{
	size_t limit = head_bytes < MW_INSPECT_SCRIPT_BYTES ? head_bytes : MW_INSPECT_SCRIPT_BYTES;
	size_t start = 2;
	while (start < limit && (head[start] == ' ' || head[start] == '\t'))
		start++;
	size_t end = start;
	while (end < limit && head[end] != ' ' && head[end] != '\t' && head[end] != '\n' &&
		head[end] != '\0')
		end++;
	/* A path that the kernel's view cuts off is refused by the kernel as well (ENOEXEC). */
	if (end == MW_INSPECT_SCRIPT_BYTES)
		end = start;
	__builtin_memcpy(interpreter_out, head + start, end - start);
	interpreter_out[end - start] = '\0';
}

static int is_native(const uint8_t *head)
{
	Elf64_Half machine;
	__builtin_memcpy(&machine, head + offsetof(Elf64_Ehdr, e_machine), sizeof(machine));
	return head[EI_CLASS] == ELFCLASS64 && head[EI_DATA] == ELFDATA2LSB &&
	       machine == NATIVE_MACHINE;
}

/* The loader itself has no PT_INTERP, but running "ld.so prog" does honour LD_PRELOAD. */
static enum mwd_verdict judge_without_loader(
	const Elf64_Ehdr *elf, const struct mw_inspect_facts *facts)
{
	size_t path_bytes = length_of(facts->path, SIZE_MAX);
	if (elf->e_type == ET_DYN && has_basename(facts->path, path_bytes, "ld.so", 5))
		return MWD_VERDICT_FOLLOWED;
	if (elf->e_type == ET_DYN &&
		mw_inspect_loader(facts->path, path_bytes) == MWD_VERDICT_FOLLOWED)
		return MWD_VERDICT_FOLLOWED;
	return MWD_VERDICT_STATIC;
}

static enum mwd_verdict judge_loader(const uint8_t *head, size_t head_bytes,
	const Elf64_Phdr *segment, struct mw_inspect_result *result)
{
	if (segment->p_filesz == 0 || segment->p_filesz > MW_INSPECT_HEAD_BYTES)
		return MWD_VERDICT_UNKNOWN;
	if (segment->p_offset < head_bytes && segment->p_filesz <= head_bytes - segment->p_offset)
		return mw_inspect_loader((const char *)head + segment->p_offset, segment->p_filesz);
	result->loader_offset = segment->p_offset;
	result->loader_bytes = (uint32_t)segment->p_filesz;
	return MWD_VERDICT_UNKNOWN;
}

static enum mwd_verdict judge_elf(const uint8_t *head, size_t head_bytes,
	const struct mw_inspect_facts *facts, struct mw_inspect_result *result)
{
	Elf64_Ehdr elf;
	if (head_bytes < sizeof(elf))
		return MWD_VERDICT_UNKNOWN;
	if (!is_native(head))
		return MWD_VERDICT_OTHER_CLASS;
	__builtin_memcpy(&elf, head, sizeof(elf));
	if (elf.e_type != ET_EXEC && elf.e_type != ET_DYN)
		return MWD_VERDICT_UNKNOWN;
	if (elf.e_phentsize != sizeof(Elf64_Phdr) || elf.e_phoff > head_bytes)
		return MWD_VERDICT_UNKNOWN;
	size_t n_readable = (head_bytes - elf.e_phoff) / sizeof(Elf64_Phdr);
	for (size_t i = 0; i < elf.e_phnum && i < n_readable; i++) {
		Elf64_Phdr segment;
		__builtin_memcpy(
			&segment, head + elf.e_phoff + i * sizeof(segment), sizeof(segment));
		if (segment.p_type == PT_INTERP)
			return judge_loader(head, head_bytes, &segment, result);
	}
	if (elf.e_phnum == 0 || elf.e_phnum > n_readable)
		return MWD_VERDICT_UNKNOWN;
	return judge_without_loader(&elf, facts);
}

enum mwd_verdict mw_inspect_loader(const char *name, size_t name_bytes)
{
	size_t length = length_of(name, name_bytes);
	return has_basename(name, length, NATIVE_LOADER, sizeof(NATIVE_LOADER) - 1)
		       ? MWD_VERDICT_FOLLOWED
		       : MWD_VERDICT_OTHER_LOADER;
}

void mw_inspect_program(const uint8_t *head, size_t head_bytes,
	const struct mw_inspect_facts *facts, struct mw_inspect_result *result_out)
{
	/* Field by field: an initialiser would become a call of memset. */
	result_out->verdict = MWD_VERDICT_UNKNOWN;
	result_out->script_interpreter[0] = '\0';
	result_out->loader_offset = 0;
	result_out->loader_bytes = 0;
	if (starts_with(head, head_bytes, "#!", 2)) {
		find_interpreter(head, head_bytes, result_out->script_interpreter);
		return; /* the kernel ignores set-ID bits of scripts */
	}
	if (!starts_with(head, head_bytes, ELFMAG, SELFMAG))
		return;
	result_out->verdict = judge_elf(head, head_bytes, facts, result_out);
	if (result_out->verdict != MWD_VERDICT_OTHER_CLASS && is_secure_exec(facts)) {
		result_out->verdict = MWD_VERDICT_SETUID;
		result_out->loader_offset = 0;
	}
	if (result_out->verdict == MWD_VERDICT_FOLLOWED && facts->has_sanitizer)
		result_out->verdict = MWD_VERDICT_SANITIZER;
}
