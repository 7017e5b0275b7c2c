/* SPDX: no licence chosen yet, see README */
/*
 * surroundings.h - the system's memory while the run lasts: what was available, how long tasks
 * waited for memory (PSI), what the control group counted. Hosted; serves the sampler. Each is a
 * matter of the whole system, not of the job alone.
 */
#pragma once

#include <limits.h>
#include <stdint.h>

#include "preload/launch/clock.h"

#define MW_SURROUNDINGS_PERIOD_NS (100 * MW_NS_PER_MS)

struct mw_surroundings {
	int meminfo_fd, pressure_fd; /* -1 = not there */
	int64_t read_ns;
	int64_t available_bytes, least_available_bytes; /* MemAvailable; -1 = unknown */
	int64_t total_bytes;
	int32_t some_avg10;			   /* hundredths of a percent; -1 = unknown */
	int64_t some_us_before, some_us;	   /* stalled in all; -1 = unknown */
	char cgroup_file[PATH_MAX];		   /* "" = none readable */
	int64_t cgroup_before_bytes, cgroup_bytes; /* its highest use, ever; page cache included */
};

/** mw_surroundings_init() - opens what is there, notes the state before the run */
void mw_surroundings_init(struct mw_surroundings *surroundings);

/** mw_surroundings_look() - read anew, but not more often than once a period */
void mw_surroundings_look(struct mw_surroundings *surroundings, int64_t now_ns);

/** mw_surroundings_finish() - the state after the run; closes all. Also called twice. */
void mw_surroundings_finish(struct mw_surroundings *surroundings);
