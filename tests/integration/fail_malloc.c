/* SPDX: no licence chosen yet, see README */
/*
 * fail_malloc.c - preloaded into memwatch-report or memwatch-preload by test_alloc_fail.py: the
 * FAIL_AT-th allocation (from 1) fails, or with FAIL_COUNT their number is written there at the
 * end.
 *
 * Only in a program named FAIL_PROGRAM, so not in what the launcher starts; and only allocations
 * by the program itself and by libraries whose word we rely on. Not in the threads that read
 * symbols: elfutils does not always look at what it got, and for our part of it there is
 * tests/unit/symbolize/test_alloc_fail.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long n_allocations, failing; /* failing: 0 = none */
static int is_on;

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t n, size_t bytes);
extern void *__libc_realloc(void *block, size_t bytes);

static struct {
	uintptr_t start, end;
} meant[8];
static size_t n_meant;

static bool is_meant(const char *name)
{
	return name[0] == '\0' || strstr(name, "/libc.so") || strstr(name, "/libcjson") ||
	       strstr(name, "/libprotobuf-c");
}

static int add_code(struct dl_phdr_info *object, size_t bytes, void *context)
{
	(void)bytes;
	(void)context;
	if (!is_meant(object->dlpi_name))
		return 0;
	for (size_t i = 0; i < object->dlpi_phnum && n_meant < 8; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		meant[n_meant].start = object->dlpi_addr + segment->p_vaddr;
		meant[n_meant].end = meant[n_meant].start + segment->p_memsz;
		n_meant++;
	}
	return 0;
}

static bool fails(const void *caller)
{
	bool is_ours = false;
	if (!__atomic_load_n(&is_on, __ATOMIC_ACQUIRE) || gettid() != getpid())
		return false;
	for (size_t i = 0; i < n_meant; i++)
		is_ours |= (uintptr_t)caller >= meant[i].start && (uintptr_t)caller < meant[i].end;
	if (!is_ours || __atomic_add_fetch(&n_allocations, 1, __ATOMIC_RELAXED) != failing)
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t bytes)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(n, bytes);
}

void *realloc(void *block, size_t bytes)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(block, bytes);
}

__attribute__((constructor)) static void start(void)
{
	const char *program = getenv("FAIL_PROGRAM"), *at = getenv("FAIL_AT");
	if (!program || strcmp(program, program_invocation_short_name) != 0)
		return;
	dl_iterate_phdr(add_code, NULL);
	failing = at ? strtoul(at, NULL, 10) : 0;
	__atomic_store_n(&is_on, 1, __ATOMIC_RELEASE);
}

__attribute__((destructor)) static void stop(void)
{
	const char *path = getenv("FAIL_COUNT");
	char text[32];
	if (!is_on || !path)
		return;
	__atomic_store_n(&is_on, 0, __ATOMIC_RELEASE);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int n = snprintf(text, sizeof(text), "%lu", n_allocations);
	if (fd < 0 || write(fd, text, (size_t)n) != n)
		abort();
	close(fd);
}
