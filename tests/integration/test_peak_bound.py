#!/usr/bin/python3
"""How far a peak may be off with threads: the total as far as README says, the lines at it by a block
of each thread more. One program whose highest total is known whatever the threads' order; one
whose threads find peaks while others are in the middle of an event, with blocks far larger than
what is held back.
"""

import hazards
import lib
from hazards import times

HEAD = r"""
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#define N 4
static pthread_barrier_t all;
"""
MAIN = r"""
int main(void)
{
	pthread_t threads[N];
	mallopt(M_MMAP_THRESHOLD, 1 << 30); /* no mapping is made for each, or given back */
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	pthread_barrier_init(&all, NULL, N);
	for (size_t i = 0; i < N; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
"""
# All hold all of theirs between two barriers: 4 x 100 x 3001 bytes, each time.
TOGETHER = HEAD + r"""
static void *work(void *unused)
{
	void *blocks[100];
	for (int round = 0; round < 200; round++) {
		for (int i = 0; i < 100; i++)
			blocks[i] = malloc(3001);
		pthread_barrier_wait(&all);
		for (int i = 0; i < 100; i++)
			free(blocks[i]);
		pthread_barrier_wait(&all);
	}
	return unused;
}
""" + MAIN
LARGE = HEAD + r"""
static void *work(void *number)
{
	unsigned random = (unsigned)(size_t)number * 77 + 1;
	for (int i = 0; i < 20000; i++) {
		random = random * 1103515245 + 12345;
		void *volatile block = malloc((size_t)(1 + (random >> 16) % 8) << 20);
		free(block);
	}
	return NULL;
}
""" + MAIN
TOGETHER_BYTES, LARGE_BYTES = 4 * 100 * 3001, 8 << 20


def bound_of(profile):
    n_threads = profile.images[0].n_threads
    return n_threads * max(4096, profile.peak_heap_bytes // 1024)


def together():
    """What the threads themselves hold besides (their stacks' books) is some KiB."""
    program = hazards.build(TOGETHER, "-pthread", "-O1")
    for _ in range(times(5, 50)):
        profile = lib.Profiled([program]).must_have_profile()
        bound = bound_of(profile)
        low, high = TOGETHER_BYTES - bound, TOGETHER_BYTES + bound + 8192
        lib.check(low <= profile.peak_heap_bytes <= high,
                  f"together: peak {profile.peak_heap_bytes} is not in {low} ... {high}")
        lib.check_sums(profile)


def large():
    program = hazards.build(LARGE, "-pthread", "-O1")
    for _ in range(times(5, 50)):
        profiled = lib.Profiled([program])
        profile = profiled.must_have_profile()
        # In truth no more than a block each, and one block at least.
        lib.check(LARGE_BYTES - bound_of(profile) <= profile.peak_heap_bytes
                  <= 4 * LARGE_BYTES + bound_of(profile) + 8192,
                  f"large: peak {profile.peak_heap_bytes}")
        at_peak = profile.data["totals"]["at_tree_heap_peak"]
        bound, in_flight = at_peak["bound_bytes"], at_peak["in_flight_bytes"]
        difference = abs(at_peak["difference_bytes"])
        lib.check(difference <= 5 * LARGE_BYTES + bound, f"large: lines at the peak: {at_peak}")
        lib.check(difference <= bound + in_flight, f"large: beyond what is stated: {at_peak}")
        lib.check("damaged" not in profiled.report and "records are missing" not in profiled.report,
                  f"large: {profiled.report[-2000:]}")
        lib.equal("at that very moment" in " ".join(profiled.report.split()), difference > bound,
                  f"large: the caption, difference {difference} of {bound}")


def alone():
    """One thread: nothing to state, nothing off."""
    program = hazards.build(LARGE.replace("#define N 4", "#define N 0"), "-pthread", "-O1")
    profile = lib.Profiled([program]).must_have_profile()
    at_peak = profile.data["totals"]["at_tree_heap_peak"]
    lib.equal([at_peak[key] for key in ("bound_bytes", "difference_bytes", "in_flight_bytes")],
              [0, 0, 0], "alone")


def main():
    together()
    large()
    alone()
    lib.finish()


main()
