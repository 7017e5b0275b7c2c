/* SPDX: no licence chosen yet, see README */
/*
 * pool.h - run independent jobs on a few threads and wait for all of them.
 */
#pragma once

#include <stddef.h>

struct mw_symbol_pool_jobs {
	void (*run)(void *context, size_t job_idx); /* called once for each job, on any thread */
	void *run_context;
	size_t n_jobs;
	/* Called by the thread that called mw_symbol_pool_run(); may be NULL. */
	void (*progress)(void *context, size_t n_done, size_t n_all);
	void *progress_context;
};

/**
 * mw_symbol_pool_run() - do all jobs, started in order of their index
 * @jobs:      what to do
 * @n_threads: at most this many at once; 0 = one per CPU. Where threads cannot be had the
 *             caller's own does the work.
 *
 * Context: hosted; returns when the last job has ended and every thread is gone.
 */
void mw_symbol_pool_run(const struct mw_symbol_pool_jobs *jobs, unsigned n_threads);
