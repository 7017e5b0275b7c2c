/* SPDX: no licence chosen yet, see README */
/*
 * pids.h - pids as seen from outside. An image and its log know the numbers of their own pid
 * namespace; which those are for the launcher stands in run.json. After ingest; for all of model/.
 */
#pragma once

#include "report/model/profile.h"

/** mw_pids_set() - pid and ppid of all images of a run. Return: 0 or -ENOMEM. */
int mw_pids_set(struct mw_profile *profile, uint32_t run_idx);

/** mw_pids_of_log() - of a process that is @pid for @image, at @time_ns; 0 stays 0 */
pid_t mw_pids_of_log(
	const struct mw_profile *profile, const struct mw_image *image, pid_t pid, int64_t time_ns);

/** mw_pids_shown() - 0 instead of one that nobody knows */
static inline pid_t mw_pids_shown(pid_t pid)
{
	return pid > 0 ? pid : 0;
}
