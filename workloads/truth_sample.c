/* SPDX: no licence chosen yet, see README */
/*
 * truth_sample.c - food for --sample: several sites of tiny, mixed and big blocks, each many times
 * the distance of samples (64 KiB in the tests), some freed at once, some later and elsewhere, some
 * never. Single-threaded and without any other allocation, so a seed always gives the same samples.
 */
#include "workloads/truth.h"

#include <stdlib.h>

#define N_TINY 60000
#define N_MIXED 3000
#define N_BIG 6
#define BIG_BYTES 1500000u /* more than 20 times the distance: always sampled */

static void *tiny_blocks[N_TINY], *mixed_blocks[N_MIXED], *big_blocks[N_BIG];
static uint32_t state = 1;

/* A number of [low, high], from a generator of the program's own (Lehmer's). */
static size_t between(size_t low, size_t high)
{
	state = (uint32_t)((uint64_t)state * 48271 % 0x7fffffff);
	return low + state % (high - low + 1);
}

static TRUTH_NOINLINE void *tiny(void)
{
	size_t bytes = between(1, 100);

	return T_MALLOC(bytes);
}

static TRUTH_NOINLINE void *mixed(void)
{
	size_t bytes = between(100, 20000);

	return T_MALLOC(bytes);
}

static TRUTH_NOINLINE void *big(void)
{
	return T_CALLOC(BIG_BYTES, 1);
}

/* Lives for a moment: much is allocated, nothing is left. */
static TRUTH_NOINLINE void churn(void)
{
	void *block = T_MALLOC(200);

	T_FREE(block);
}

static TRUTH_NOINLINE void *growing(void *buffer, size_t bytes)
{
	return T_REALLOC(buffer, bytes);
}

static TRUTH_NOINLINE void drop(void **blocks, int n, int keep_each)
{
	for (int i = 0; i < n; i++)
		if (i % keep_each)
			T_FREE(blocks[i]);
}

int main(void)
{
	void *grown = NULL;

	for (int i = 0; i < N_TINY; i++)
		tiny_blocks[i] = tiny();
	for (int i = 0; i < N_MIXED; i++)
		mixed_blocks[i] = mixed();
	for (int i = 0; i < 400; i++)
		grown = growing(grown, between(1, 60000));
	for (int i = 0; i < N_BIG; i++)
		big_blocks[i] = big();
	drop(mixed_blocks, N_MIXED, 4);
	for (int i = 0; i < 50000; i++)
		churn();
	drop(tiny_blocks, N_TINY, 3);
	drop(big_blocks, N_BIG, 2);
	T_FREE(grown);
	truth_print("main");
	return 0;
}
