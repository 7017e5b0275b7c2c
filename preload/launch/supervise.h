/* SPDX: no licence chosen yet, see README */
/*
 * supervise.h - the launcher's main loop, from the command's start to the end of the run.
 * Hosted; while the target runs. Wakes up for signals, for the end of any known process, and
 * for the sampler's ticks; an end is noticed at once, never at the next tick.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "preload/launch/births.h"
#include "preload/launch/limits.h"
#include "preload/launch/progress.h"
#include "preload/launch/sampler.h"
#include "preload/launch/signals.h"

struct mw_supervision {
	/* given */
	struct mw_sampler *sampler; /* borrowed; the command is a member already */
	struct mw_signals *signals; /* borrowed */
	struct mw_births births;
	pid_t root_pid;
	struct mw_limits limits;
	struct mw_progress progress;
	bool is_wait_all; /* go on until the last descendant has ended */
	/* Called once the run is a little old, and after a signal that may be the launcher's last
	 * was passed on. */
	void (*checkpoint)(void *context);
	void *context;
	int64_t checkpoint_ns; /* when it is due, CLOCK_MONOTONIC; INT64_MAX = it was */
	/* found */
	bool has_root_ended;
	bool is_signal; /* status is the signal that ended the command, else its exit status */
	int status;
	int64_t root_end_ns;
	bool has_children;
	/* of the loop */
	bool has_births;  /* births.h was asked to start */
	bool has_signals; /* there is something to read at signals->fd */
	bool has_ends;	  /* a member ended, which may be a child of ours */
};

/**
 * mw_supervise() - run the loop until the run is over
 *
 * Like time(1), the run ends with the command; background processes get a moment to end as
 * well (a pipeline's last ones), but are not waited for unless is_wait_all. Reaps all that the
 * kernel hands to us as subreaper.
 */
void mw_supervise(struct mw_supervision *supervision);
