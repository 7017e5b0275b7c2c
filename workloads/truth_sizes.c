/* SPDX: no licence chosen yet, see README */
/*
 * truth_sizes.c - blocks of every small size side by side, aligned ones, and huge ones that are
 * never touched, freed in all kinds of order: what a table of live blocks keeps of one must not run
 * into its neighbours, whatever their sizes.
 */
#include "workloads/truth.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>

#define N_SIZES 200u
#define N_ROUNDS 20u
#define GIB ((size_t)1 << 30)

static void *kept[N_SIZES];

static TRUTH_NOINLINE void fill(size_t more)
{
	for (size_t n = 0; n < N_SIZES; n++)
		kept[n] = T_MALLOC(n + more);
	TRUTH_KEEP_FRAME();
}

static TRUTH_NOINLINE void *aligned(size_t alignment, size_t n)
{
	void *p = truth_born(memalign(alignment, n), n, TRUTH_SITE);

	TRUTH_KEEP_FRAME();
	return p;
}

/* Each @step-th, beginning anew behind the last one: 1 = in order. */
static TRUTH_NOINLINE void drop(size_t step)
{
	for (size_t first = 0; first < step; first++)
		for (size_t n = first; n < N_SIZES; n += step)
			T_FREE(kept[n]);
}

/* Every second one is freed and replaced by one of another size, in the hole or elsewhere. */
static TRUTH_NOINLINE void replace(size_t more)
{
	for (size_t n = 0; n < N_SIZES; n += 2)
		T_FREE(kept[n]);
	for (size_t n = 0; n < N_SIZES; n += 2)
		kept[n] = T_MALLOC((n * 7 + more) % N_SIZES);
}

static TRUTH_NOINLINE void shrink_and_grow(void)
{
	for (size_t n = 0; n < N_SIZES; n++)
		kept[n] = T_REALLOC(kept[n], (n * 5 + 40) % 96 + 1);
}

static TRUTH_NOINLINE void many_aligned(void)
{
	for (size_t n = 0; n < N_SIZES; n++)
		kept[n] = aligned((size_t)16 << n % 8, n);
	drop(3);
}

/* Address space only. Where the machine will not give so much, there is nothing to count. */
static TRUTH_NOINLINE void huge(size_t n)
{
	void *p = T_MALLOC(n);
	void *beside = T_MALLOC(41);

	if (p)
		T_FREE(p);
	T_FREE(beside);
}

int main(void)
{
	for (size_t round = 0; round < N_ROUNDS; round++) {
		fill(round);
		replace(round);
		shrink_and_grow();
		drop(round % 7 + 1);
	}
	many_aligned();
	for (size_t n = GIB / 2; n <= 64 * GIB; n *= 2) {
		huge(n - 1);
		huge(n);
		huge(n + 4097);
	}
	fill(0); /* live at the end */
	truth_print("sizes");
	return 0;
}
