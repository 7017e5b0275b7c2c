/* SPDX: no licence chosen yet, see README */
/*
 * execs.h - programs that were started but are not in the report, and why; from the images'
 * exec logs, and from the processes that left no image.
 */
#pragma once

#include "report/model/processes.h"
#include "report/model/profile.h"

/* Beside enum mwd_verdict: no exec of it was logged, the launcher alone saw the process. */
#define MW_VERDICT_UNSEEN UINT32_MAX

struct mw_exec_group {
	uint32_t program; /* string id: path as it was called */
	uint32_t verdict; /* enum mwd_verdict; FOLLOWED = it should have arrived, but did not */
	uint32_t n;
};

struct mw_execs {
	MW_ARRAY(struct mw_exec_group) groups; /* most frequent first */
	MW_ARRAY(pid_t) pids;		       /* of those not followed, where known */
	uint64_t n_followed;
};

/** mw_execs_build() - 0 or -ENOMEM; deinit in every case. */
int mw_execs_build(
	struct mw_profile *profile, const struct mw_processes *processes, struct mw_execs *execs);
void mw_execs_deinit(struct mw_execs *execs);

/** mw_execs_reason() - "static program", ..., "did not arrive"; never NULL. */
const char *mw_execs_reason(uint32_t verdict);
