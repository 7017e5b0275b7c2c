/* SPDX: no licence chosen yet, see README */
/*
 * group_watch.h - did a signal go to our whole process group, and so to the command as well, or to
 * us alone? Nothing in the signal tells. Hosted; while the target runs.
 *
 * So a process of ours stands in the group, with all signals blocked, and does nothing: what is
 * pending there was sent to the group. The kernel serves a group's youngest member first, so it is
 * pending before the launcher can have read its own.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct mw_group_watch { /* zero = none */
	pid_t pid; /* of the watching process; 0 = none, then no signal counts as the group's */
};

/**
 * mw_group_watch_start() - costs one clone; shares our memory, dies with us, is never reaped by a
 * waitid() for ordinary children
 */
void mw_group_watch_start(struct mw_group_watch *watch_out);

/** mw_group_watch_saw() - whether the group got signal @number; forgets it then */
bool mw_group_watch_saw(struct mw_group_watch *watch, int number);

/** mw_group_watch_stop() - safe to call twice */
void mw_group_watch_stop(struct mw_group_watch *watch);
