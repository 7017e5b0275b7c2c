/* SPDX: no licence chosen yet, see README */
/*
 * harness.c - bench_loops PATTERN [--depth N] [--threads N] [--seconds S | --events N]
 * [--blocks N]: runs one pattern, prints one line of JSON. Stands before hook (the target).
 *
 * Depth counts the program's own frames from main or the thread's start function to the one that
 * calls malloc: run_thread, descend..., measure, the chunk, and main in the first thread. Libc's
 * two or three frames below come on top. All threads warm up with one chunk, meet, and start.
 */
#include "tests/bench/load/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { N_THREADS_MAX = 64, DEPTH_MAX = 1000, N_OWN_FRAMES = 4 };

static pthread_barrier_t start_line;
static int64_t seconds_ns = 400000000;
/* Taken by thread 0 when all have met; read after all have ended. */
static int64_t start_wall_ns, start_cpu_ns;

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static void start_clocks(struct bench_thread *thread)
{
	pthread_barrier_wait(&start_line);
	if (thread->idx == 0) {
		start_wall_ns = clock_ns(CLOCK_MONOTONIC);
		start_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	}
	thread->end_ns = clock_ns(CLOCK_MONOTONIC) + seconds_ns;
}

static int is_over(const struct bench_thread *thread)
{
	if (thread->n_events_max >= 0)
		return thread->n_events >= thread->n_events_max;
	return clock_ns(CLOCK_MONOTONIC) >= thread->end_ns;
}

static __attribute__((noinline)) void measure(struct bench_thread *thread)
{
	if (!thread->pattern->is_cold)
		thread->pattern->chunk(thread);
	start_clocks(thread);
	while (!is_over(thread)) {
		int64_t n_made = thread->pattern->chunk(thread);
		if (n_made < 0)
			break;
		thread->n_events += n_made;
	}
	if (thread->pattern->end)
		thread->pattern->end(thread);
}

static __attribute__((noinline)) void descend(struct bench_thread *thread, unsigned n_levels)
{
	if (n_levels == 1)
		measure(thread);
	else
		descend(thread, n_levels - 1);
	__asm__ volatile("" : : : "memory"); /* keeps the call above from becoming a jump */
}

static __attribute__((noinline)) void *run_thread(void *argument)
{
	struct bench_thread *thread = argument;
	if (thread->pattern->does_recurse)
		measure(thread);
	else
		descend(thread, thread->n_levels);
	__asm__ volatile("" : : : "memory");
	return NULL;
}

static void start_others(struct bench_thread *threads, pthread_t *ids_out)
{
	unsigned n_threads = threads[0].n_threads;
	pthread_barrier_init(&start_line, NULL, n_threads);
	for (unsigned i = 1; i < n_threads; i++) {
		int error = pthread_create(&ids_out[i], NULL, run_thread, &threads[i]);
		if (error) {
			fprintf(stderr, "bench_loops: thread %u: %s\n", i, strerror(error));
			exit(1);
		}
	}
}

static void print_result(const struct bench_thread *threads)
{
	int64_t wall_ns = clock_ns(CLOCK_MONOTONIC) - start_wall_ns;
	int64_t cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start_cpu_ns;
	int64_t n_events = 0;
	for (unsigned i = 0; i < threads[0].n_threads; i++)
		n_events += threads[i].n_events;
	printf("{\"events\": %" PRId64 ", \"cpu_ns\": %" PRId64 ", \"wall_ns\": %" PRId64 "}\n",
		n_events, cpu_ns, wall_ns);
}

static void usage(void)
{
	fprintf(stderr, "usage: bench_loops PATTERN [--depth N] [--threads N] [--blocks N] "
			"[--seconds S | --events N]\npatterns:\n");
	const struct bench_pattern *lists[] = { bench_one_thread_patterns,
		bench_many_threads_patterns };
	for (unsigned i = 0; i < 2; i++)
		for (const struct bench_pattern *p = lists[i]; p->name; p++)
			fprintf(stderr, "  %-10s %s\n", p->name, p->event);
	exit(64);
}

static const struct bench_pattern *find_pattern(const char *name)
{
	const struct bench_pattern *lists[] = { bench_one_thread_patterns,
		bench_many_threads_patterns };
	for (unsigned i = 0; i < 2; i++)
		for (const struct bench_pattern *p = lists[i]; p->name; p++)
			if (!strcmp(p->name, name))
				return p;
	fprintf(stderr, "bench_loops: no pattern '%s'\n", name);
	usage();
	return NULL;
}

static double number_of(const char *option, const char *text, double min, double max)
{
	char *end;
	errno = 0;
	double number = strtod(text, &end);
	if (errno || end == text || *end || !(number >= min && number <= max)) {
		fprintf(stderr, "bench_loops: --%s=%s: not in %g..%g\n", option, text, min, max);
		exit(64);
	}
	return number;
}

/* Fills @base_out and @depth_out from the command line; complains and ends the program. */
static void read_options(int argc, char **argv, struct bench_thread *base_out, unsigned *depth_out)
{
	static const struct option options[] = { { "depth", 1, NULL, 'd' },
		{ "threads", 1, NULL, 't' }, { "blocks", 1, NULL, 'b' },
		{ "seconds", 1, NULL, 's' }, { "events", 1, NULL, 'e' }, { 0 } };
	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o == 'd')
			*depth_out = number_of("depth", optarg, N_OWN_FRAMES + 1, DEPTH_MAX);
		else if (o == 't')
			base_out->n_threads = number_of("threads", optarg, 1, N_THREADS_MAX);
		else if (o == 'b')
			base_out->n_blocks = number_of("blocks", optarg, 1, 1e9);
		else if (o == 's')
			seconds_ns = 1e9 * number_of("seconds", optarg, 0.001, 3600);
		else if (o == 'e')
			base_out->n_events_max = number_of("events", optarg, 1, 1e12);
		else
			usage();
	}
	if (optind + 1 != argc)
		usage();
	base_out->pattern = find_pattern(argv[optind]);
	unsigned n_min = base_out->pattern->n_threads_min;
	if (n_min && base_out->n_threads % n_min) {
		fprintf(stderr, "bench_loops: %s needs a multiple of %u threads\n",
			base_out->pattern->name, n_min);
		exit(64);
	}
}

int main(int argc, char **argv)
{
	struct bench_thread base = { .n_threads = 1, .n_events_max = -1 };
	unsigned depth = 20;
	read_options(argc, argv, &base, &depth);
	base.n_levels = depth - N_OWN_FRAMES;
	if (!base.n_blocks)
		base.n_blocks = base.pattern->n_blocks;

	static struct bench_thread threads[N_THREADS_MAX];
	for (unsigned i = 0; i < base.n_threads; i++) {
		threads[i] = base;
		threads[i].idx = i;
		threads[i].random = 0x9e3779b97f4a7c15ull * (i + 1);
	}
	pthread_t ids[N_THREADS_MAX];
	start_others(threads, ids);
	run_thread(&threads[0]);
	for (unsigned i = 1; i < base.n_threads; i++)
		pthread_join(ids[i], NULL);
	print_result(threads);
	return 0;
}
