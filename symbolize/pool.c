/* SPDX: no licence chosen yet, see README */
/*
 * pool.c - jobs on a few threads (pool.h). Part of symbolize; hosted.
 *
 * Workers draw the next job index under the lock and run it without the lock. The caller only
 * waits and reports progress, so that a progress line needs no locking of its own.
 */
#include "symbolize/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

#define MAX_THREADS 64

struct pool {
	const struct mw_symbol_pool_jobs *jobs;
	pthread_mutex_t lock; /* guards the two counts */
	pthread_cond_t job_is_done;
	size_t n_started;
	size_t n_done;
};

static bool start_job(struct pool *pool, size_t *job_idx_out)
{
	bool is_left;

	pthread_mutex_lock(&pool->lock);
	is_left = pool->n_started < pool->jobs->n_jobs;
	if (is_left)
		*job_idx_out = pool->n_started++;
	pthread_mutex_unlock(&pool->lock);
	return is_left;
}

static void *work(void *context)
{
	struct pool *pool = context;
	size_t job_idx;

	while (start_job(pool, &job_idx)) {
		pool->jobs->run(pool->jobs->run_context, job_idx);
		pthread_mutex_lock(&pool->lock);
		pool->n_done++;
		pthread_cond_signal(&pool->job_is_done);
		pthread_mutex_unlock(&pool->lock);
	}
	return NULL;
}

static void report(const struct mw_symbol_pool_jobs *jobs, size_t n_done)
{
	if (jobs->progress)
		jobs->progress(jobs->progress_context, n_done, jobs->n_jobs);
}

static void work_alone(const struct mw_symbol_pool_jobs *jobs)
{
	for (size_t i = 0; i < jobs->n_jobs; i++) {
		jobs->run(jobs->run_context, i);
		report(jobs, i + 1);
	}
}

/* progress() runs without the lock: it may be slow (a terminal). */
static void wait_for_all(struct pool *pool)
{
	size_t n_reported = 0;

	while (n_reported < pool->jobs->n_jobs) {
		pthread_mutex_lock(&pool->lock);
		while (pool->n_done == n_reported)
			pthread_cond_wait(&pool->job_is_done, &pool->lock);
		n_reported = pool->n_done;
		pthread_mutex_unlock(&pool->lock);
		report(pool->jobs, n_reported);
	}
}

static unsigned choose_n_threads(unsigned n_wanted, size_t n_jobs)
{
	cpu_set_t cpus;

	if (n_wanted == 0)
		n_wanted = sched_getaffinity(0, sizeof(cpus), &cpus) == 0
				   ? (unsigned)CPU_COUNT(&cpus)
				   : 1;
	if (n_wanted > MAX_THREADS)
		n_wanted = MAX_THREADS;
	return n_wanted < n_jobs ? n_wanted : (unsigned)n_jobs;
}

void mw_symbol_pool_run(const struct mw_symbol_pool_jobs *jobs, unsigned n_threads)
{
	struct pool pool = { .jobs = jobs };
	pthread_t threads[MAX_THREADS];
	unsigned n_created = 0;

	n_threads = choose_n_threads(n_threads, jobs->n_jobs);
	if (n_threads <= 1) {
		work_alone(jobs);
		return;
	}
	pthread_mutex_init(&pool.lock, NULL);
	pthread_cond_init(&pool.job_is_done, NULL);
	while (n_created < n_threads && pthread_create(&threads[n_created], NULL, work, &pool) == 0)
		n_created++;
	if (n_created > 0)
		wait_for_all(&pool);
	else
		work_alone(jobs);
	for (unsigned i = 0; i < n_created; i++)
		pthread_join(threads[i], NULL);
	pthread_cond_destroy(&pool.job_is_done);
	pthread_mutex_destroy(&pool.lock);
}
