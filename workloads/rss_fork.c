/* SPDX: no licence chosen yet, see README */
/*
 * rss_fork.c - a process that once had more forks a child, which has all that it has at once, and
 * lives for a moment. Prints the true peak of the tree: parent and child, each of which read its
 * VmRSS while both held everything.
 */
#include "workloads/rss_truth.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS_PER_MS 1000000LL

enum { MIB, MORE_MIB, MORE_MS, LATER_MS, HOLD_MS, N_VALUES };

static int64_t values[N_VALUES] = { 180, 140, 90, 150, 8 };

static void sleep_ms(int64_t ms)
{
	rss_truth_sleep_until(rss_truth_now_ns() + ms * NS_PER_MS);
}

static void live(int to_parent)
{
	struct rss_truth truth = { .pid = getpid() };
	void *volatile event = malloc(100); /* so that it is known to be there */
	free(event);
	truth.held_kib = rss_truth_kib("VmRSS:");
	sleep_ms(values[HOLD_MS]);
	rss_truth_transfer(to_parent, &truth, sizeof(truth), 1);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct rss_truth child;
	int to_parent[2];
	rss_truth_arguments(
		argc, argv, "[MIB [MORE_MIB [MORE_MS [LATER_MS [HOLD_MS]]]]]", values, N_VALUES);
	if (pipe(to_parent) != 0)
		return 99;
	rss_truth_hold(values[MIB]);
	void *more = rss_truth_hold(values[MORE_MIB]);
	int64_t before_kib = rss_truth_kib("VmRSS:");
	sleep_ms(values[MORE_MS]);
	rss_truth_drop(more, values[MORE_MIB]);
	sleep_ms(values[LATER_MS]);
	int64_t own_kib = rss_truth_kib("VmRSS:");
	if (fork() == 0)
		live(to_parent[1]);
	rss_truth_transfer(to_parent[0], &child, sizeof(child), 0);
	wait(NULL);
	printf("{\"before_kib\":%lld,\"peak_kib\":%lld}\n", (long long)before_kib,
		(long long)(own_kib + child.held_kib));
	return 0;
}
