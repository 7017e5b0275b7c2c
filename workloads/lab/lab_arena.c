/* SPDX: no licence chosen yet, see README */
/* lab_arena.c - the lab's flags for compressed memory. See lab_arena.h. */
#include "workloads/lab/lab_arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SOCK "/tmp/predicomp-controller.sock"

struct lab_arena_options lab_arena_options = { .cap_mb = 256,
	.min_savings_pct = 5,
	.controller_sock = DEFAULT_SOCK,
	.policy_text = "internal",
	.t_cold_ms = 2000,
	.prefetch_distance = 1,
	.prefetch_batch = 4 };

const struct lab_flag lab_arena_flags[] = {
	{ "--use-mem-arena", LAB_SWITCH, &lab_arena_options.is_used, 0, 0,
		"keep the region in a compressing arena" },
	{ "--arena-cap-mb", LAB_INT, &lab_arena_options.cap_mb, 8, 65536, "pool of the arena" },
	{ "--arena-min-savings-pct", LAB_INT, &lab_arena_options.min_savings_pct, 0, 95,
		"compressed pages must save that much" },
	{ "--arena-stats-json", LAB_TEXT, &lab_arena_options.stats_json, 0, 0,
		"file for the arena's statistics" },
	{ 0 },
};

const struct lab_flag lab_controller_flags[] = {
	{ "--controller-enroll", LAB_SWITCH, &lab_arena_options.is_enrolled, 0, 0,
		"announce this process to a controller" },
	{ "--controller-sock", LAB_TEXT, &lab_arena_options.controller_sock, 0, 0,
		"its socket, " DEFAULT_SOCK },
	{ "--compress-policy", LAB_TEXT, &lab_arena_options.policy_text, 0, 0,
		"internal, external (at SIGUSR1) or both" },
	{ 0 },
};

const struct lab_flag lab_autoloop_flags[] = {
	{ "--arena-autoloops", LAB_SWITCH, &lab_arena_options.has_autoloops, 0, 0,
		"threads that compress and prefetch (not available)" },
	{ "--arena-t-cold-ms", LAB_INT, &lab_arena_options.t_cold_ms, 100, 60000,
		"age of a cold page" },
	{ "--arena-prefetch-distance", LAB_INT, &lab_arena_options.prefetch_distance, 1, 1024,
		"pages ahead" },
	{ "--arena-prefetch-batch", LAB_INT, &lab_arena_options.prefetch_batch, 1, 1024,
		"pages at once" },
	{ "--arena-disable-prefetch", LAB_SWITCH, &lab_arena_options.has_no_prefetch, 0, 0,
		"no prefetching thread" },
	{ "--arena-disable-bg-compress", LAB_SWITCH, &lab_arena_options.has_no_compression, 0, 0,
		"no compressing thread" },
	{ 0 },
};

static const char *const policies[] = { "internal", "external", "both" };

/* Index among policies, or -1. */
static int find_policy(const char *text)
{
	for (int i = 0; i < 3; i++) {
		if (strcmp(text, policies[i]) == 0)
			return i;
	}
	return -1;
}

enum lab_policy lab_arena_policy(void)
{
	return (enum lab_policy)find_policy(lab_arena_options.policy_text);
}

void lab_arena_check(void)
{
	const struct lab_arena_options *options = &lab_arena_options;
	int policy = find_policy(options->policy_text);
	if (policy < 0)
		lab_usage_error("invalid --compress-policy: %s (expected internal|external|both)",
			options->policy_text);
	if (!options->is_used && options->is_enrolled)
		lab_usage_error("--controller-enroll requires --use-mem-arena");
	if (!options->is_used && policy != LAB_POLICY_INTERNAL)
		lab_usage_error(
			"--compress-policy %s requires --use-mem-arena", options->policy_text);
	if (!options->is_used && options->has_autoloops)
		lab_usage_error("--arena-autoloops requires --use-mem-arena");
	if (options->has_autoloops) {
		fputs("--arena-autoloops: not available\n", stderr);
		exit(LAB_FAILED);
	}
}
