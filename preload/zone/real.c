/* SPDX: no licence chosen yet, see README */
/*
 * real.c - finds the definitions behind our hooks, and stands in for the allocator until then.
 * Zone; hook -> [real function]. See real.h for the groups.
 */
#define MW_ZONE_DEFINES_HOOKS /* names the functions it looks up */

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload/zone/atomic.h"
#include "preload/zone/real.h"
#include "preload/zone/zone.h"

/*
 * Bump allocator for the few blocks asked for while dlsym runs (dlerror's buffer, a constructor
 * of the allocator behind us). Blocks are never reused; 16 bytes before each hold its size.
 */
#define BOOT_BYTES 65536
static MW_LARGE _Alignas(64) unsigned char boot_memory[BOOT_BYTES];
static size_t boot_used;

int mw_boot_owns(const void *block)
{
	return (uintptr_t)block - (uintptr_t)boot_memory < BOOT_BYTES;
}

size_t mw_boot_block_bytes(const void *block)
{
	size_t bytes;
	memcpy(&bytes, (const char *)block - 16, sizeof(bytes));
	return bytes;
}

static void *boot_memalign(size_t alignment, size_t bytes)
{
	if (alignment < 16)
		alignment = 16;
	if (bytes > BOOT_BYTES || alignment > 4096)
		return NULL;
	size_t wanted = 16 + alignment + ((bytes + 15) & ~(size_t)15);
	size_t at = mw_add_relaxed(&boot_used, wanted);
	if (at + wanted > BOOT_BYTES)
		return NULL;
	uintptr_t block = ((uintptr_t)boot_memory + at + 16 + alignment - 1) & ~(alignment - 1);
	memcpy((char *)block - 16, &bytes, sizeof(bytes));
	return (void *)block;
}

static void *boot_malloc(size_t bytes)
{
	return boot_memalign(16, bytes);
}

static void *boot_calloc(size_t n, size_t bytes)
{
	size_t all;
	return __builtin_mul_overflow(n, bytes, &all) ? NULL : boot_memalign(16, all);
}

/* By hand: see mw_real_stand_in(). */
void mw_boot_copy(void *to, const void *block, size_t bytes)
{
	size_t had = mw_boot_block_bytes(block);
	volatile char *out = to;
	for (size_t i = 0; i < had && i < bytes; i++)
		out[i] = ((const char *)block)[i];
}

static void *boot_realloc(void *block, size_t bytes)
{
	void *grown = boot_memalign(16, bytes);
	if (grown && block && mw_boot_owns(block))
		mw_boot_copy(grown, block, bytes);
	return grown;
}

static void boot_free(void *block)
{
	(void)block; /* bump memory is never reused */
}

struct mw_real mw_real = {
	.malloc = boot_malloc,
	.calloc = boot_calloc,
	.realloc = boot_realloc,
	.free = boot_free,
	.memalign = boot_memalign,
	.aligned_alloc = boot_memalign,
};

/* The loader writes it when it relocates us; before, it is not our address. */
static const void *const volatile relocated = (const void *)&relocated;

int mw_real_stand_in(void)
{
	if (mw_likely(relocated == (const void *)&relocated))
		return 0;
	mw_real.malloc = boot_malloc;
	mw_real.calloc = boot_calloc;
	mw_real.realloc = boot_realloc;
	mw_real.free = boot_free;
	mw_real.memalign = boot_memalign;
	mw_real.aligned_alloc = boot_memalign;
	return 1;
}

#define RESOLVE_TO(table, name) (*(void **)(&(table)->name) = dlsym(RTLD_NEXT, #name))

void mw_real_resolve_alloc(void)
{
	/* Into a copy first: dlsym may call our malloc, which must go on using the boot functions
	 * until the whole group is known. */
	struct mw_real found = { 0 };
#define X(group, result, name, parameters) RESOLVE_TO(&found, name);
	MW_REAL_ALLOC(X)
#undef X
#define X(group, result, name, parameters)                                                         \
	if (found.name)                                                                            \
		mw_store_relaxed(&mw_real.name, found.name);
	MW_REAL_ALLOC(X)
#undef X
}

void mw_real_resolve_rest(void)
{
	/* Stored one by one, always to the same value: two threads here do no harm. */
#define X(group, result, name, parameters) RESOLVE_TO(&mw_real, name);
	MW_REAL_PROCESS(X)
	MW_REAL_DL(X)
	MW_REAL_MAP(X)
#undef X
}

/* Not by name: tcmalloc has a __libc_malloc, too. */
int mw_real_malloc_is_glibc(void)
{
	struct dl_find_object libc, found;
	return _dl_find_object((void *)gnu_get_libc_version, &libc) == 0 &&
	       _dl_find_object((void *)mw_real.malloc, &found) == 0 &&
	       found.dlfo_link_map == libc.dlfo_link_map;
}

int mw_real_is_bypassed(void)
{
	return dlsym(RTLD_DEFAULT, "malloc") != (void *)malloc;
}
