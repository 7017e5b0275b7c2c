/* SPDX: no licence chosen yet, see README */
/*
 * member_reading.h - what /proc says of a member, noted in it and in its life. Hosted; serves
 * members.c, which knows when. Of a process that is gone nothing is noted.
 */
#pragma once

#include "preload/launch/members.h"

/** mw_member_read_rss() - RSS now (statm); none while it shares its parent's memory after a vfork
 */
void mw_member_read_rss(struct mw_member *member);

/** mw_member_read_status() - VmHWM, context switches, n_pids. 10 us with cold caches. */
void mw_member_read_status(struct mw_member *member, int64_t now_ns);

/* Where a process lives whose pid is another one inside. */
struct mw_inner {
	uint32_t pid_namespace; /* MW_NAMESPACE_UNKNOWN: one that we may not know */
	int32_t pid;
};

/** mw_proc_read_inner() - all 0: it lives in @own_namespace. Return: false if it is gone. */
bool mw_proc_read_inner(int32_t pid, uint32_t own_namespace, struct mw_inner *inner_out);

/** mw_member_read_times() - CPU time, faults, threads (stat). A zombie has them still. */
void mw_member_read_times(const struct mw_member *member);

/** mw_member_read_io() - bytes read from and written to devices */
void mw_member_read_io(const struct mw_member *member);
