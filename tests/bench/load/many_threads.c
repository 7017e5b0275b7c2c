/* SPDX: no licence chosen yet, see README */
/*
 * many_threads.c - patterns that are about threads: blocks freed by another thread than their
 * maker's, and threads that live for ten allocations. Stands before hook (the target).
 */
#include "tests/bench/load/harness.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * handover: threads 2k make batches of blocks, threads 2k + 1 free them. Between the two is a
 * queue of limited length; who waits sleeps, so that CPU time is time spent on events.
 */
enum { N_BATCH = 1024, N_QUEUE = 8, N_QUEUES_MAX = 32 };

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	void *batches[N_QUEUE][N_BATCH]; /* [n_taken, n_put) modulo N_QUEUE are full */
	uint64_t n_put, n_taken;
	int is_closed;
};

static struct queue queues[N_QUEUES_MAX] = { [0 ... N_QUEUES_MAX - 1] = {
						     .lock = PTHREAD_MUTEX_INITIALIZER,
						     .changed = PTHREAD_COND_INITIALIZER,
					     } };

/* Only its maker writes a batch that is not full, only its taker reads one that is. */
static int64_t make_batch(struct queue *queue, struct bench_thread *thread)
{
	pthread_mutex_lock(&queue->lock);
	while (queue->n_put - queue->n_taken == N_QUEUE)
		pthread_cond_wait(&queue->changed, &queue->lock);
	pthread_mutex_unlock(&queue->lock);

	void **batch = queue->batches[queue->n_put % N_QUEUE];
	for (int i = 0; i < N_BATCH; i++)
		batch[i] = malloc(16 + (bench_random(thread) >> 56));

	pthread_mutex_lock(&queue->lock);
	queue->n_put++;
	pthread_cond_signal(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	return N_BATCH;
}

static int64_t free_batch(struct queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	while (queue->n_put == queue->n_taken && !queue->is_closed)
		pthread_cond_wait(&queue->changed, &queue->lock);
	int is_empty = queue->n_put == queue->n_taken;
	pthread_mutex_unlock(&queue->lock);
	if (is_empty)
		return -1;

	void **batch = queue->batches[queue->n_taken % N_QUEUE];
	for (int i = 0; i < N_BATCH; i++)
		free(batch[i]);

	pthread_mutex_lock(&queue->lock);
	queue->n_taken++;
	pthread_cond_signal(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
	return 0; /* the maker counted them */
}

static __attribute__((noinline)) int64_t handover(struct bench_thread *thread)
{
	struct queue *queue = &queues[thread->idx / 2];
	return thread->idx % 2 ? free_batch(queue) : make_batch(queue, thread);
}

/* A taker that is over goes on until the queue is empty: no maker may wait for ever. */
static void handover_end(struct bench_thread *thread)
{
	struct queue *queue = &queues[thread->idx / 2];
	if (thread->idx % 2) {
		while (free_batch(queue) >= 0)
			;
		return;
	}
	pthread_mutex_lock(&queue->lock);
	queue->is_closed = 1;
	pthread_cond_signal(&queue->changed);
	pthread_mutex_unlock(&queue->lock);
}

/* storm: threads of ten pairs each, eight at a time. */
enum { N_STORM = 8, N_PAIRS = 10 };

static __attribute__((noinline)) void *short_life(void *levels)
{
	if (levels) {
		void *result = short_life((char *)levels - 1);
		__asm__ volatile("" : : : "memory");
		return result;
	}
	void *blocks[N_PAIRS];
	for (int i = 0; i < N_PAIRS; i++)
		bench_keep(blocks[i] = malloc(16 << i));
	for (int i = 0; i < N_PAIRS; i++)
		free(blocks[i]);
	return NULL;
}

static __attribute__((noinline)) int64_t storm(struct bench_thread *thread)
{
	pthread_t ids[N_STORM];
	char *levels = (char *)NULL + thread->n_levels;
	for (int i = 0; i < N_STORM; i++)
		if (pthread_create(&ids[i], NULL, short_life, levels)) {
			fprintf(stderr, "bench_loops: cannot create a thread\n");
			exit(1);
		}
	for (int i = 0; i < N_STORM; i++)
		pthread_join(ids[i], NULL);
	return N_STORM;
}

const struct bench_pattern bench_many_threads_patterns[] = {
	{ .name = "handover",
		.event = "malloc here, free in another thread",
		.chunk = handover,
		.end = handover_end,
		.n_threads_min = 2 },
	{ .name = "storm",
		.event = "thread of ten mallocs and frees",
		.chunk = storm,
		.is_cold = 1 },
	{ 0 },
};
