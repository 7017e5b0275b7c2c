/* SPDX: no licence chosen yet, see README */
/*
 * truth_lines.c - many sites, single-threaded: loops, several calls on neighbouring lines, growth
 * by realloc, calloc, the aligned family, a wrapper with many callers, inlined callers, blocks
 * freed far from where they were made, leaks. Every count must come out exact.
 */
#include "workloads/truth.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static TRUTH_NOINLINE void loop_of_small_blocks(void)
{
	void *kept[100];

	for (int i = 0; i < 100; i++)
		kept[i] = T_MALLOC((size_t)16 + (size_t)i);
	for (int i = 0; i < 100; i += 2)
		T_FREE(kept[i]);
	for (int i = 1; i < 100; i += 2)
		T_FREE(kept[i]);
}

static TRUTH_NOINLINE void neighbours(void)
{
	char *a = T_MALLOC(1000);
	char *b = T_MALLOC(2000);
	char *c = T_CALLOC(3, 1000);

	for (int i = 0; i < 3000; i++)
		if (c[i])
			abort();
	memset(a, 1, 1000);
	memset(b, 1, 2000);
	T_FREE(b);
	T_FREE(a);
	T_FREE(c);
}

static TRUTH_NOINLINE void *growth(void)
{
	char *buffer = T_MALLOC(10);

	for (size_t n = 20; n <= 200000; n += n / 2)
		buffer = T_REALLOC(buffer, n);
	return T_REALLOC(buffer, 5000);
}

static TRUTH_NOINLINE void aligned_family(void)
{
	void *p = NULL;

	if (posix_memalign(&p, 64, 640))
		abort();
	T_FREE(truth_born(p, 640, __func__, __LINE__ - 2));
	T_FREE(truth_born(aligned_alloc(128, 1280), 1280, TRUTH_SITE));
	T_FREE(truth_born(memalign(32, 320), 320, TRUTH_SITE));
}

/* All bytes are this line's; each caller's line has its share. */
static TRUTH_NOINLINE void *wrapped(size_t n)
{
	void *p = T_MALLOC(n);

	TRUTH_KEEP_FRAME();
	return p;
}

static TRUTH_NOINLINE void callers_of_wrapper(void)
{
	void *a = wrapped(111);
	void *b = wrapped(222);

	for (int i = 0; i < 10; i++) {
		void *c = wrapped(33);

		T_FREE(c);
	}
	T_FREE(a);
	T_FREE(b);
}

/* At -O2 these are levels of an inline chain, not frames. */
TRUTH_INLINE void *inlined_inner(size_t n)
{
	return T_MALLOC(n);
}

TRUTH_INLINE void *inlined_outer(size_t n)
{
	void *first = inlined_inner(n);
	void *second = T_CALLOC(2, n);

	T_FREE(first);
	return second;
}

static TRUTH_NOINLINE void through_inlines(void)
{
	void *p = inlined_outer(700);
	void *q = inlined_inner(50);

	T_FREE(p);
	T_FREE(q);
}

static TRUTH_NOINLINE void *made_here(int i)
{
	return T_MALLOC(4096 + (size_t)i);
}

static TRUTH_NOINLINE void freed_elsewhere(void **blocks, int n)
{
	for (int i = 0; i < n; i++)
		T_FREE(blocks[i]);
}

static TRUTH_NOINLINE void leak(void)
{
	for (int i = 1; i <= 7; i++)
		memset(T_MALLOC((size_t)i * 100), 0, (size_t)i * 100);
}

int main(void)
{
	void *blocks[40];

	loop_of_small_blocks();
	neighbours();
	void *grown = growth();

	aligned_family();
	callers_of_wrapper();
	through_inlines();
	for (int i = 0; i < 40; i++)
		blocks[i] = made_here(i);
	leak();
	freed_elsewhere(blocks, 40);
	T_FREE(grown);
	truth_print("main");
	return 0;
}
