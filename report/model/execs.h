/* SPDX: no licence chosen yet, see README */
/* execs.h - programs that were started but not followed, and why: the process table's rows without
 * image, counted. */
#pragma once

#include "report/model/processes.h"
#include "report/model/profile.h"

struct mw_exec_group {
	uint32_t program; /* string id: path as it was called */
	uint32_t verdict; /* enum mwd_verdict, or MW_VERDICT_UNSEEN */
	uint32_t n;
};

struct mw_execs {
	MW_ARRAY(struct mw_exec_group) groups; /* most frequent first */
};

/** mw_execs_build() - 0 or -ENOMEM; deinit in every case. */
int mw_execs_build(const struct mw_processes *processes, struct mw_execs *execs);
void mw_execs_deinit(struct mw_execs *execs);

/** mw_execs_reason() - "static program", ..., "did not arrive"; never NULL. */
const char *mw_execs_reason(uint32_t verdict);
