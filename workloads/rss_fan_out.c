/* SPDX: no licence chosen yet, see README */
/*
 * rss_fan_out.c - one short-lived child after the other, each with memory of its own; what a
 * sampler misses. Prints what each child read of itself.
 *
 * A child reads its VmHWM after it has given its memory back, so that what runs at its end cannot
 * raise it any more: the value is final.
 */
#include "workloads/rss_truth.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS_PER_MS 1000000LL

enum { CHILDREN, OVER_MS, MIB, ALIVE_MS, N_VALUES };

static void live(int pipe_fd, int index, const int64_t *values)
{
	int64_t start_ns = rss_truth_now_ns();
	struct rss_truth truth = { .pid = getpid(), .index = index };
	void *memory = rss_truth_hold(values[MIB]);
	truth.held_kib = rss_truth_kib("VmRSS:");
	rss_truth_sleep_until(start_ns + values[ALIVE_MS] * NS_PER_MS);
	rss_truth_drop(memory, values[MIB]);
	truth.vm_hwm_kib = rss_truth_kib("VmHWM:");
	truth.alive_us = (rss_truth_now_ns() - start_ns) / 1000;
	rss_truth_transfer(pipe_fd, &truth, sizeof(truth), 1);
	_exit(0);
}

int main(int argc, char **argv)
{
	int64_t values[N_VALUES] = { 88, 3000, 32, 14 };
	int pipe_fds[2];
	rss_truth_arguments(argc, argv, "[CHILDREN [OVER_MS [MIB [ALIVE_MS]]]]", values, N_VALUES);
	if (pipe(pipe_fds) != 0)
		return 99;
	printf("{\"children\":[");
	int64_t start_ns = rss_truth_now_ns();
	for (int i = 0; i < values[CHILDREN]; i++) {
		struct rss_truth truth;
		rss_truth_sleep_until(
			start_ns + i * values[OVER_MS] * NS_PER_MS / values[CHILDREN]);
		fflush(stdout);
		if (fork() == 0)
			live(pipe_fds[1], i, values);
		rss_truth_transfer(pipe_fds[0], &truth, sizeof(truth), 0);
		wait(NULL);
		rss_truth_print(&truth, i == 0);
	}
	printf("],\"elapsed_ms\":%lld}\n",
		(long long)((rss_truth_now_ns() - start_ns) / NS_PER_MS));
	return 0;
}
