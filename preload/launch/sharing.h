/* SPDX: no licence chosen yet, see README */
/*
 * sharing.h - how much of the tree's RSS is counted more than once: PSS and USS of all processes,
 * read when the sum of RSS comes to a new maximum. Hosted; serves the sampler.
 *
 * RSS counts a shared page once a process, PSS divides it among those that map it, so that the sum
 * of PSS is real memory; USS is what a process has alone. The kernel computes both anew for each
 * read, page by page, so they are read seldom: within the allowance, and when the sum has stopped
 * rising or has doubled.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "preload/launch/allowance.h"
#include "preload/launch/members.h"

struct mw_shares {
	int64_t at_ns;	   /* 0 = never read */
	int64_t rss_bytes; /* sums */
	int64_t pss_bytes, uss_bytes, swap_bytes, hugetlb_bytes;
	uint64_t n_processes, n_unreadable; /* these count with their RSS */
	bool is_torn;			    /* a process ended meanwhile */
};

struct mw_sharing {
	struct mw_shares
		highest;     /* the reading with the highest sum of RSS, and whole if possible */
	int64_t asked_ns;    /* when it was read last; 0 = never */
	int64_t asked_bytes; /* sum of RSS, as sampled, that it was read for */
	uint64_t n_readings;
	int64_t level_bytes, level_ns; /* the sum has stayed near that since then */
};

/**
 * mw_sharing_wants() - is it time to read? To be asked at each sample.
 * @rss_bytes: sum of RSS at this sample
 */
bool mw_sharing_wants(struct mw_sharing *sharing, const struct mw_members *members,
	const struct mw_allowance *allowance, int64_t rss_bytes, int64_t now_ns);

/** mw_sharing_read() - all members now, @rss_bytes as sampled; their lives keep what is theirs */
void mw_sharing_read(struct mw_sharing *sharing, const struct mw_members *members,
	struct mw_allowance *allowance, int64_t rss_bytes, int64_t now_ns);
