/* SPDX: no licence chosen yet, see README */
/*
 * pass.c - libbench-pass.so: an LD_PRELOAD object that forwards the malloc family and does nothing
 * else. What it costs is what interposing costs; the rest of a profiler's cost is its own doing.
 *
 * dlsym() may itself ask for memory before the real functions are known; it gets some of a small
 * array, which is never freed.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define REAL(name) __typeof__(name) *name

static struct {
	REAL(malloc);
	REAL(calloc);
	REAL(realloc);
	REAL(free);
	REAL(memalign);
	REAL(posix_memalign);
	REAL(aligned_alloc);
} real;

static alignas(16) char early[4096];
static size_t n_early_bytes;
static int is_resolving;

static void *early_block(size_t bytes)
{
	size_t start = n_early_bytes;
	bytes = (bytes + 15) & ~(size_t)15;
	if (bytes > sizeof(early) - start)
		return NULL;
	n_early_bytes = start + bytes;
	return early + start;
}

static int is_early(const void *block)
{
	return (uintptr_t)block - (uintptr_t)early < sizeof(early);
}

static void *find(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);
	if (!function)
		abort();
	return function;
}

/* 0 = the real functions can be called. Runs in the first allocation, before any thread. */
static __attribute__((noinline, cold)) int resolve(void)
{
	if (is_resolving)
		return -1;
	is_resolving = 1;
	*(void **)&real.calloc = find("calloc");
	*(void **)&real.realloc = find("realloc");
	*(void **)&real.free = find("free");
	*(void **)&real.memalign = find("memalign");
	*(void **)&real.posix_memalign = find("posix_memalign");
	*(void **)&real.aligned_alloc = find("aligned_alloc");
	*(void **)&real.malloc = find("malloc"); /* last: the others are known when it is */
	return 0;
}

#define IS_EARLY() __builtin_expect(!real.malloc && resolve() != 0, 0)

EXPORT void *malloc(size_t bytes)
{
	return IS_EARLY() ? early_block(bytes) : real.malloc(bytes);
}

EXPORT void *calloc(size_t n, size_t bytes)
{
	return IS_EARLY() ? early_block(n * bytes) : real.calloc(n, bytes);
}

EXPORT void *realloc(void *block, size_t bytes)
{
	if (IS_EARLY() || (block && is_early(block))) {
		void *copy = real.malloc ? real.malloc(bytes) : early_block(bytes);
		if (copy && block) {
			size_t n_rest = early + sizeof(early) - (char *)block;
			memcpy(copy, block, bytes < n_rest ? bytes : n_rest);
		}
		return copy;
	}
	return real.realloc(block, bytes);
}

EXPORT void free(void *block)
{
	if (__builtin_expect(block && !is_early(block) && !IS_EARLY(), 1))
		real.free(block);
}

EXPORT void *memalign(size_t alignment, size_t bytes)
{
	return IS_EARLY() ? NULL : real.memalign(alignment, bytes);
}

EXPORT int posix_memalign(void **block_out, size_t alignment, size_t bytes)
{
	return IS_EARLY() ? ENOMEM : real.posix_memalign(block_out, alignment, bytes);
}

EXPORT void *aligned_alloc(size_t alignment, size_t bytes)
{
	return IS_EARLY() ? NULL : real.aligned_alloc(alignment, bytes);
}
