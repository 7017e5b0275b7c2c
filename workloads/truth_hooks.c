/* SPDX: no licence chosen yet, see README */
/*
 * truth_hooks.c - every function of the malloc family once or more, with its corner cases: sizes
 * of zero, sizes that must fail, errno after success and after failure, alignment of the result.
 * What it observes goes to stdout, where it must be the same with and without the profiler.
 * C23's free_sized and free_aligned_sized are not in glibc 2.36: they are called where the
 * process has them (the profiler's), else free stands in.
 */
#include "workloads/truth.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Volatile: the compiler must neither warn about nor fold calls that fail. */
static volatile size_t huge = SIZE_MAX / 2 + 1;
static volatile size_t zero;

static void observe(const char *what, const void *block, size_t alignment)
{
	char text[160];
	int error = errno;

	snprintf(text, sizeof text, "%s: %s, errno %d, %s\n", what, block ? "block" : "NULL", error,
		(uintptr_t)block % alignment ? "misaligned" : "aligned");
	truth_say(text);
	errno = EXDEV; /* a successful call must leave it alone */
}

static TRUTH_NOINLINE void plain(void)
{
	void *p = T_MALLOC(123);

	observe("malloc", p, 16);
	if (malloc_usable_size(p) < 123)
		abort();
	memset(p, 1, malloc_usable_size(p)); /* usable means usable */
	p = T_REALLOC(p, 456);
	observe("realloc", p, 16);
	p = truth_born(reallocarray(truth_moving(p, TRUTH_SITE), 10, 50), 500, TRUTH_SITE);
	observe("reallocarray", p, 16);
	T_FREE(p);
	observe("free", p, 1);
	p = T_CALLOC(7, 11);
	observe("calloc", p, 16);
	T_FREE(p);
	free(NULL);
	observe("free(NULL)", NULL, 1);
}

static TRUTH_NOINLINE void aligned(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *p = NULL;
	int status = posix_memalign(&p, 4096, 100);

	p = truth_born(p, 100, __func__, __LINE__ - 2);
	observe(status ? "posix_memalign failed" : "posix_memalign", p, 4096);
	T_FREE(p);
	p = truth_born(aligned_alloc(256, 512), 512, TRUTH_SITE);
	observe("aligned_alloc", p, 256);
	T_FREE(p);
	p = truth_born(memalign(1024, 10), 10, TRUTH_SITE);
	observe("memalign", p, 1024);
	p = T_REALLOC(p, 20);
	T_FREE(p);
	p = truth_born(valloc(300), 300, TRUTH_SITE);
	observe("valloc", p, page);
	T_FREE(p);
	p = truth_born(pvalloc(400), 400, TRUTH_SITE);
	observe("pvalloc", p, page);
	T_FREE(p);
}

static TRUTH_NOINLINE void zeros(void)
{
	void *p = T_MALLOC(zero);

	observe("malloc(0)", p, 16);
	T_FREE(p);
	p = T_CALLOC(zero, 10);
	observe("calloc(0, 10)", p, 16);
	T_FREE(p);
	p = T_MALLOC(77);
	p = T_REALLOC(p, zero); /* glibc: frees and gives NULL */
	observe("realloc(p, 0)", p, 1);
	p = T_REALLOC(NULL, 88);
	observe("realloc(NULL, 88)", p, 16);
	T_FREE(p);
	p = T_REALLOC(NULL, zero);
	observe("realloc(NULL, 0)", p, 16);
	T_FREE(p);
}

static TRUTH_NOINLINE void failures(void)
{
	void *p = T_MALLOC(99);
	void *q = (void *)1;

	observe("malloc(huge)", T_MALLOC(huge), 16);
	observe("calloc(huge, 4)", truth_born(calloc(huge, 4), 1, TRUTH_SITE), 16);
	observe("realloc(p, huge)", T_REALLOC(p, huge), 16);
	observe("reallocarray overflow",
		truth_born(reallocarray(truth_moving(p, TRUTH_SITE), huge, 4), 1, TRUTH_SITE), 16);
	observe("memalign(64, huge)", truth_born(memalign(64, huge), 1, TRUTH_SITE), 64);
	observe("aligned_alloc(64, huge)", truth_born(aligned_alloc(64, huge), 1, TRUTH_SITE), 64);
	observe("valloc(huge)", truth_born(valloc(huge), 1, TRUTH_SITE), 64);
	observe("pvalloc(huge)", truth_born(pvalloc(huge), 1, TRUTH_SITE), 64);
	if (posix_memalign(&q, 3 + zero, 8) != EINVAL || q != (void *)1)
		abort();
	if (posix_memalign(&q, 64, huge) != ENOMEM || q != (void *)1)
		abort();
	observe("posix_memalign failures", NULL, 1);
	T_FREE(p);
	errno = 0;
}

static TRUTH_NOINLINE void c23(void)
{
	void (*free_sized)(void *, size_t);
	void (*free_aligned_sized)(void *, size_t, size_t);

	*(void **)&free_sized = dlsym(RTLD_DEFAULT, "free_sized");
	*(void **)&free_aligned_sized = dlsym(RTLD_DEFAULT, "free_aligned_sized");
	void *p = T_MALLOC(640);
	void *q = truth_born(aligned_alloc(64, 128), 128, TRUTH_SITE);

	if (free_sized)
		free_sized(truth_died(p, TRUTH_SITE), 640);
	else
		T_FREE(p);
	if (free_aligned_sized)
		free_aligned_sized(truth_died(q, TRUTH_SITE), 64, 128);
	else
		T_FREE(q);
	TRUTH_KEEP_FRAME();
}

int main(void)
{
	errno = EXDEV;
	plain();
	aligned();
	zeros();
	failures();
	c23();
	truth_print("main");
	return 0;
}
