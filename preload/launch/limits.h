/* SPDX: no licence chosen yet, see README */
/*
 * limits.h - bounds for the job's RSS: notices the first sample, or the first image's own maximum,
 * that is above, and on demand ends the job. Hosted; while the target runs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "preload/launch/sampler.h"

enum mw_limit {
	MW_LIMIT_TOTAL = 0,   /* sum over all processes */
	MW_LIMIT_PROCESS = 1, /* each process */
	MW_N_LIMITS = 2,
};

struct mw_breach {
	int64_t at_ns; /* CLOCK_MONOTONIC; 0 = none */
	int64_t rss_bytes;
	const struct mw_life *life; /* TOTAL: the largest one then; borrowed, may be NULL */
};

struct mw_limits {
	/* given */
	int64_t most_bytes[MW_N_LIMITS]; /* 0 = no limit */
	bool is_killing;
	/* found */
	struct mw_breach breach[MW_N_LIMITS]; /* the first of each kind */
	int64_t terminated_ns;		      /* SIGTERM was sent; 0 = not */
	int64_t killed_ns;		      /* SIGKILL followed */
};

/** mw_limits_check() - after a look of the sampler; on a breach, the job is told to end */
void mw_limits_check(struct mw_limits *limits, struct mw_sampler *sampler);

/** mw_limits_note_ended() - what images told at the end of the run */
void mw_limits_note_ended(struct mw_limits *limits, const struct mw_sampler *sampler);

/** mw_limits_first() - the breach that came first, *limit_out says of what. NULL = none. */
const struct mw_breach *mw_limits_first(const struct mw_limits *limits, enum mw_limit *limit_out);

/** mw_limits_is_ending() - was the job told to end, and is time left to wait for that? */
bool mw_limits_is_ending(const struct mw_limits *limits, int64_t now_ns);
