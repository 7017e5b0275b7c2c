/* SPDX: no licence chosen yet, see README */
/*
 * starts.h - programs that an image's log has as started by exec or spawn, but that left no image
 * themselves. After merging; for processes.c.
 */
#pragma once

#include "report/model/profile.h"

struct mw_start {
	uint32_t run_idx;
	pid_t pid;	  /* 0 = not known: the call was cut short, or system()'s. As in mw_image */
	pid_t inner_pid;  /* as its own pid namespace has it */
	pid_t ppid;	  /* of the new program's process */
	bool is_exec;	  /* of the logging process itself; else its child's */
	int64_t time_ns;  /* just before the call; CLOCK_MONOTONIC */
	int64_t until_ns; /* when the pid began its next program; INT64_MAX = never */
	uint32_t program; /* string id: path as it was called, safe for a terminal */
	uint32_t verdict; /* enum mwd_verdict; FOLLOWED = it should have arrived, but did not */
};

struct mw_starts {
	MW_ARRAY(struct mw_start) missing; /* by run, pid, time */
	uint64_t n_followed;
};

/** mw_starts_build() - 0 or -ENOMEM; deinit in every case. */
int mw_starts_build(struct mw_profile *profile, struct mw_starts *starts);
void mw_starts_deinit(struct mw_starts *starts);
