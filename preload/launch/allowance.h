/* SPDX: no licence chosen yet, see README */
/*
 * allowance.h - CPU time for reading smaps: the kernel walks page tables for it, 8 us a MB, and
 * holds up the target meanwhile. A share of the time that passed, and a little to begin with; but
 * nothing for a run that may be over the next moment. Hosted; serves the sampler.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "preload/launch/clock.h"

/* Most commands are shorter, and a reading would be a good part of what they take. */
#define MW_ALLOWANCE_WAIT_NS (50 * MW_NS_PER_MS)

struct mw_allowance {
	int64_t start_ns; /* CLOCK_MONOTONIC */
	int64_t first_ns; /* to begin with, after the wait */
	int64_t share;	  /* and then one part in so many */
	int64_t spent_ns; /* CPU time */
};

/* What reading smaps_rollup will cost. */
static inline int64_t mw_allowance_estimate_ns(int64_t rss_bytes)
{
	return 20000 + rss_bytes / 120; /* 8.3 us a MB */
}

static inline bool mw_allowance_covers(
	const struct mw_allowance *allowance, int64_t cost_ns, int64_t now_ns)
{
	int64_t elapsed_ns = now_ns - allowance->start_ns;
	int64_t earned_ns = elapsed_ns / allowance->share;
	return elapsed_ns >= MW_ALLOWANCE_WAIT_NS &&
	       allowance->spent_ns + cost_ns <= allowance->first_ns + earned_ns;
}
