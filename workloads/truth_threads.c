/* SPDX: no licence chosen yet, see README */
/*
 * truth_threads.c - four threads, each frees the blocks its left neighbour made; counts per line
 * stay exact, whoever frees. Threads are made in two generations, so that later ones reuse the
 * thread blocks and stacks of earlier ones. The peak is reached in a phase where every thread
 * waits at a barrier, so it is known although the way there is not.
 */
#include "workloads/truth.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { N_THREADS = 4, N_BLOCKS = 500 };

static void *ring[N_THREADS][N_BLOCKS];
static pthread_barrier_t barrier;

static TRUTH_NOINLINE void make(int who)
{
	for (int i = 0; i < N_BLOCKS; i++)
		ring[who][i] = T_MALLOC((size_t)(who + 1) * 100 + (size_t)i);
}

static TRUTH_NOINLINE void grow(int who)
{
	for (int i = 0; i < N_BLOCKS; i += 5)
		ring[who][i] = T_REALLOC(ring[who][i], 2000);
}

static TRUTH_NOINLINE void drop(int who)
{
	for (int i = 0; i < N_BLOCKS; i++)
		T_FREE(ring[who][i]);
}

static TRUTH_NOINLINE void churn(void)
{
	for (int i = 0; i < 20000; i++)
		T_FREE(T_MALLOC((size_t)(i % 300)));
}

static void *work(void *argument)
{
	int who = (int)(intptr_t)argument;

	make(who);
	pthread_barrier_wait(&barrier);
	grow((who + 1) % N_THREADS);
	pthread_barrier_wait(&barrier); /* everything is live: the peak */
	drop((who + 2) % N_THREADS);
	pthread_barrier_wait(&barrier);
	churn();
	return NULL;
}

int main(void)
{
	for (int generation = 0; generation < 2; generation++) {
		pthread_t threads[N_THREADS];

		pthread_barrier_init(&barrier, NULL, N_THREADS);
		for (intptr_t i = 0; i < N_THREADS; i++)
			if (pthread_create(&threads[i], NULL, work, (void *)i))
				abort();
		for (int i = 0; i < N_THREADS; i++)
			pthread_join(threads[i], NULL);
		pthread_barrier_destroy(&barrier);
	}
	truth_print("main");
	return 0;
}
