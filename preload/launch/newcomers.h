/* SPDX: no licence chosen yet, see README */
/*
 * newcomers.h - may there be processes that we have not met? Hosted; serves the sampler.
 *
 * Walking the tree of children costs a few microseconds a process; the last pid that the kernel
 * gave away (/proc/loadavg) costs as much for the whole system. While it stays the same, nobody
 * was born anywhere, and there is nothing to walk for.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct mw_newcomers {
	int fd;		   /* of /proc/loadavg; -1 = none */
	uint64_t last_pid; /* when asked last */
};

void mw_newcomers_init(struct mw_newcomers *newcomers);

/** mw_newcomers_may_be() - was a process or thread born since the last call? True if in doubt. */
bool mw_newcomers_may_be(struct mw_newcomers *newcomers);

void mw_newcomers_deinit(struct mw_newcomers *newcomers);
