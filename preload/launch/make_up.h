/* SPDX: no licence chosen yet, see README */
/*
 * make_up.h - what a process's RSS is made of at its highest: read from smaps when it stands near
 * its maximum, within the allowance; of the largest processes only, since a build has thousands
 * that nobody asks about. Hosted; serves the sampler.
 */
#pragma once

#include "preload/launch/allowance.h"
#include "preload/launch/members.h"
#include "preload/launch/smaps.h"

struct mw_make_up {
	int64_t at_ns;
	int64_t rss_bytes; /* sum of all below */
	struct mw_smaps_sums sums;
	/* Part of sums.anonymous_bytes as far as it was touched; -1 = not followed. */
	int64_t heap_live_bytes;   /* requested from malloc */
	int64_t mapped_live_bytes; /* mapped by the program itself */
};

/* The report shows fewer. */
#define MW_MAKE_UPS_LARGEST 8

struct mw_make_ups {
	const char *run_dir; /* path of the run directory; borrowed */
	struct mw_allowance allowance;
	struct mw_life *largest[MW_MAKE_UPS_LARGEST]; /* that were read; borrowed, NULL = none */
};

/** mw_make_ups_look() - at most one process at a time: the largest that is at a new maximum */
void mw_make_ups_look(
	struct mw_make_ups *make_ups, const struct mw_members *members, int64_t now_ns);
