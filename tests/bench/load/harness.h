/* SPDX: no licence chosen yet, see README */
/*
 * harness.h - times patterns of allocation from inside the program that makes them, so that the
 * start of a profiler and its helpers stay outside. Stands before hook: this is the target.
 *
 * A pattern is a function that makes a chunk of events. The harness calls it at a chosen call
 * depth in a chosen number of threads until a time is over or a number of events is reached, and
 * prints what they cost: CPU time of the whole process, and wall time.
 */
#pragma once

#include <stdint.h>

struct bench_pattern;

/* One of the threads that run a pattern. Only its own thread touches it, but for <stop>. */
struct bench_thread {
	const struct bench_pattern *pattern;
	unsigned idx;	      /* 0 ... n_threads - 1 */
	unsigned n_threads;   /* constant */
	unsigned n_levels;    /* levels of recursion that the pattern makes itself */
	uint64_t n_blocks;    /* how many blocks the pattern keeps live */
	uint64_t random;      /* state of bench_random(); never 0 */
	void **live;	      /* owned by the pattern: n_blocks pointers */
	int64_t n_events_max; /* -1 = until <end_ns> */
	int64_t end_ns;	      /* CLOCK_MONOTONIC; when to stop */
	int64_t n_events;     /* made so far */
	unsigned n_left;      /* of the current chunk, for patterns that recurse */
	unsigned n_up_max;    /* levels that a walk goes up at most */
};

struct bench_pattern {
	const char *name;
	const char *event; /* what is counted, for people */
	/** makes some events; returns their number, or -1 when no more can follow */
	int64_t (*chunk)(struct bench_thread *thread);
	/** called by each thread after its last chunk; may be NULL */
	void (*end)(struct bench_thread *thread);
	uint64_t n_blocks;	/* default for bench_thread.n_blocks; 0 = keeps none */
	unsigned n_threads_min; /* and a multiple of it; 0 is 1 */
	int does_recurse;	/* walks through n_levels itself instead of the harness */
	int is_cold;		/* the first chunk counts, too: there is no warming up */
};

/** bench_random() - next number of the thread's own sequence (xorshift64*) */
static inline uint64_t bench_random(struct bench_thread *thread)
{
	uint64_t x = thread->random;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	thread->random = x;
	return x * 0x2545f4914f6cdd1dull;
}

/** bench_keep() - the compiler must believe that somebody reads @block */
static inline void bench_keep(void *block)
{
	__asm__ volatile("" : : "r"(block) : "memory");
}

/* The patterns: one_thread.c and many_threads.c. Both lists end with a pattern without name. */
extern const struct bench_pattern bench_one_thread_patterns[];
extern const struct bench_pattern bench_many_threads_patterns[];
