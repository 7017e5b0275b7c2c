/* SPDX: no licence chosen yet, see README */
/*
 * clock.h - the launcher's two clocks, in nanoseconds. Hosted. CLOCK_MONOTONIC is the time of
 * everything in a run; CLOCK_REALTIME stands once in its header.
 */
#pragma once

#include <stdint.h>
#include <time.h>

#define MW_NS_PER_S 1000000000LL
#define MW_NS_PER_MS 1000000LL

static inline int64_t mw_clock_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return now.tv_sec * MW_NS_PER_S + now.tv_nsec;
}

static inline int64_t mw_clock_monotonic_ns(void)
{
	return mw_clock_ns(CLOCK_MONOTONIC);
}
