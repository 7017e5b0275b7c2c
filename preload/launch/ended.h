/* SPDX: no licence chosen yet, see README */
/*
 * ended.h - what the kernel counted of the job's processes that have ended: of all that were waited
 * for, by us or, before, by their parents, whether anybody saw them or not. Hosted.
 */
#pragma once

#include <sys/resource.h>

#include "preload/format.h"

struct mw_ended {
	struct rusage before; /* of children that were ours before we were the launcher, by exec */
};

/** mw_ended_init() - before the command is started */
void mw_ended_init(struct mw_ended *ended);

/** mw_ended_usage() - the sum of all */
struct mwd_usage mw_ended_usage(const struct mw_ended *ended);

/** mw_ended_max_rss_bytes() - of the largest one; 0 = cannot be told from us, or from those before
 */
int64_t mw_ended_max_rss_bytes(const struct mw_ended *ended);
