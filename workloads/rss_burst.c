/* SPDX: no licence chosen yet, see README */
/*
 * rss_burst.c - now and then some children hold memory together for a moment. Prints what each read
 * of itself, and the true peak of the tree: RSS of all of them, read while all held all; and when
 * that was, for each burst, by CLOCK_MONOTONIC.
 *
 * Each child says "ready" when it holds its memory; when all did, the parent lets them read. None
 * grows or shrinks between its reading and the end of the time they hold, so the readings are of
 * one moment, and no other moment has more.
 */
#include "workloads/rss_truth.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS_PER_MS 1000000LL
#define MOST_CHILDREN 64

enum { BURSTS, CHILDREN, MIB, HOLD_MS, EVERY_MS, START_MS, N_VALUES };

/* One moment of a burst in which all held all, to another. */
struct together {
	int64_t from_ns, until_ns;
};

static int64_t values[N_VALUES] = { 8, 4, 64, 20, 350, 350 };
static int to_parent[2], to_children[2];

static void live(int index)
{
	int64_t birth_ns = rss_truth_now_ns();
	struct rss_truth truth = { .pid = getpid(), .index = index };
	void *memory = rss_truth_hold(values[MIB]);
	char go;
	rss_truth_transfer(to_parent[1], &truth, sizeof(truth), 1);
	rss_truth_transfer(to_children[0], &go, 1, 0);
	int64_t start_ns = rss_truth_now_ns();
	truth.held_kib = rss_truth_kib("VmRSS:");
	rss_truth_sleep_until(start_ns + values[HOLD_MS] * NS_PER_MS);
	truth.held_until_ns = rss_truth_now_ns();
	rss_truth_drop(memory, values[MIB]);
	truth.vm_hwm_kib = rss_truth_kib("VmHWM:");
	truth.alive_us = (rss_truth_now_ns() - birth_ns) / 1000;
	rss_truth_transfer(to_parent[1], &truth, sizeof(truth), 1);
	_exit(0);
}

/* Return: KiB that all held together, the parent included. */
static int64_t burst(struct rss_truth *children, struct together *together)
{
	struct rss_truth truth;
	char go[MOST_CHILDREN] = { 0 };
	fflush(stdout);
	for (int i = 0; i < values[CHILDREN]; i++) {
		if (fork() == 0)
			live(i);
	}
	for (int i = 0; i < values[CHILDREN]; i++)
		rss_truth_transfer(to_parent[0], &truth, sizeof(truth), 0);
	*together = (struct together){ rss_truth_now_ns(), INT64_MAX };
	rss_truth_transfer(to_children[1], go, (size_t)values[CHILDREN], 1);
	int64_t sum_kib = rss_truth_kib("VmRSS:");
	for (int i = 0; i < values[CHILDREN]; i++) {
		rss_truth_transfer(to_parent[0], &truth, sizeof(truth), 0);
		children[truth.index] = truth;
		sum_kib += truth.held_kib;
		if (truth.held_until_ns < together->until_ns)
			together->until_ns = truth.held_until_ns;
	}
	while (wait(NULL) > 0)
		;
	return sum_kib;
}

int main(int argc, char **argv)
{
	struct rss_truth children[MOST_CHILDREN];
	struct together *together;
	int64_t peak_kib = 0;
	rss_truth_arguments(
		argc, argv, "[BURSTS [CHILDREN [MIB [HOLD_MS [EVERY_MS]]]]]", values, N_VALUES);
	together = calloc((size_t)values[BURSTS], sizeof(*together));
	if (values[CHILDREN] > MOST_CHILDREN || together == NULL || pipe(to_parent) != 0 ||
		pipe(to_children) != 0)
		return 99;
	printf("{\"children\":[");
	int64_t start_ns = rss_truth_now_ns();
	for (int b = 0; b < values[BURSTS]; b++) {
		rss_truth_sleep_until(
			start_ns + (values[START_MS] + b * values[EVERY_MS]) * NS_PER_MS);
		int64_t sum_kib = burst(children, &together[b]);
		peak_kib = sum_kib > peak_kib ? sum_kib : peak_kib;
		for (int i = 0; i < values[CHILDREN]; i++)
			rss_truth_print(&children[i], b + i == 0);
	}
	printf("],\"peak_kib\":%lld,\"together_ns\":[", (long long)peak_kib);
	for (int b = 0; b < values[BURSTS]; b++)
		printf("%s[%lld,%lld]", b ? "," : "", (long long)together[b].from_ns,
			(long long)together[b].until_ns);
	puts("]}");
	return 0;
}
