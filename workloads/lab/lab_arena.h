/* SPDX: no licence chosen yet, see README */
/*
 * lab_arena.h - the lab's flags for compressed memory (mem_arena.h), their ranges and rules.
 */
#pragma once

#include "workloads/lab/lab_common.h"

enum lab_policy { LAB_POLICY_INTERNAL, LAB_POLICY_EXTERNAL, LAB_POLICY_BOTH };

struct lab_arena_options {
	bool is_used;
	int cap_mb, min_savings_pct;
	const char *stats_json; /* NULL = none */
	bool is_enrolled;
	const char *controller_sock;
	const char *policy_text;
	bool has_autoloops;
	int t_cold_ms, prefetch_distance, prefetch_batch;
	bool has_no_prefetch, has_no_compression;
};

extern struct lab_arena_options lab_arena_options;

/* Lists for lab_parse(). */
extern const struct lab_flag lab_arena_flags[], lab_controller_flags[], lab_autoloop_flags[];

/**
 * lab_arena_check() - after lab_parse(): flags that need the arena, the policy's name
 *
 * Exit 2 as for wrong usage; exit 1 for what this build cannot do.
 */
void lab_arena_check(void);

/** lab_arena_policy() - of a checked command line */
enum lab_policy lab_arena_policy(void);
