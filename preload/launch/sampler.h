/* SPDX: no licence chosen yet, see README */
/*
 * sampler.h - the job's processes and their RSS over time. Hosted; account -> dump.
 *
 * One tick finds new members (the dump's list of images, and the children of children, since
 * what the shim cannot enter has no image), measures all, and, when the sum sets a new maximum,
 * tells the zone by the dump's RSS epoch. Ticks are dense while a process is young, or the sum
 * rises fast beyond its maximum, and take a fortieth of one core then at most; else they follow
 * the interval, or come later to take no more than a hundredth.
 */
#pragma once

#include <stdint.h>

#include "preload/launch/control.h"
#include "preload/launch/group_watch.h"
#include "preload/launch/images.h"
#include "preload/launch/lives.h"
#include "preload/launch/make_up.h"
#include "preload/launch/ended.h"
#include "preload/launch/members.h"
#include "preload/launch/newcomers.h"
#include "preload/launch/process_timeline.h"
#include "preload/launch/sharing.h"
#include "preload/launch/surroundings.h"
#include "preload/launch/timeline.h"

struct mw_look {
	int64_t at_ns;
	int64_t rss_bytes; /* sum */
};

struct mw_sampler {
	struct mw_control *control;	    /* borrowed */
	const struct mw_group_watch *group; /* borrowed; a child of ours that is not of the job */
	int64_t interval_ns;
	int64_t start_ns;		/* of the run, CLOCK_MONOTONIC */
	int64_t rise_most_bytes_per_ns; /* of the sum, all CPUs filling pages; by guess */
	struct mw_lives lives;
	struct mw_members members;
	struct mw_images images;
	bool has_walked_for_images; /* since they were last collected */
	struct mw_timeline timeline;
	struct mw_process_timeline process_timeline;
	int64_t rss_peak_bytes, rss_peak_ns; /* of the sampled sums */
	/* Largest RSS peak of one program, and when it had ended: the tree's was not below that,
	 * however short it lived. */
	int64_t own_peak_bytes, own_peak_ns;
	const struct mw_life
		*own_peak_life; /* told by its image; NULL = known to the kernel only */
	struct mw_ended ended;
	uint32_t peak_number; /* counts the maxima; names the last one in the members */
	uint64_t n_samples;
	int64_t cpu_begin_ns, cpu_ns; /* of the launcher: at creation; what it used since */
	int64_t finish_ns;	      /* 0 = the run goes on */
	int64_t work_ns;	      /* CPU time of a tick, smoothed */
	uint64_t n_stretched;	      /* samples that came later than the interval, to keep */
	int64_t longest_period_ns;    /* within the budget; the longest of these pauses */
	int64_t most_late_ns;	      /* from when a sample was due to its end, on a busy machine */
	struct mw_look look;	      /* the last one */
	struct mw_newcomers newcomers;
	struct mw_allowance sharing_allowance;
	struct mw_sharing sharing;
	struct mw_make_ups make_ups;
	struct mw_surroundings surroundings;
	int64_t next_tick_ns, earliest_tick_ns;
	int64_t next_walk_ns; /* of the tree of children */
	int children_fd;      /* the list of our own; only the main thread has any */
};

/** mw_sampler_create() - Ownership: the caller's. Return: NULL without memory. */
struct mw_sampler *mw_sampler_create(
	struct mw_control *control, const char *run_dir, int64_t interval_ns);

/** mw_sampler_destroy() - also takes NULL. Return: NULL. */
struct mw_sampler *mw_sampler_destroy(struct mw_sampler *sampler);

/**
 * mw_sampler_rss_peak() - the tree's RSS peak as far as it is known: a lower bound
 * @at_ns_out: when, CLOCK_MONOTONIC
 */
int64_t mw_sampler_rss_peak(const struct mw_sampler *sampler, int64_t *at_ns_out);

/** mw_sampler_hurry() - a followed process was born: the next tick is as soon as it can matter to
 * the tree's maximum, and the budget allows */
void mw_sampler_hurry(struct mw_sampler *sampler);

/** mw_sampler_walk() - meet all children of all members, and of theirs */
void mw_sampler_walk(struct mw_sampler *sampler, int64_t now_ns);

/** mw_sampler_tick() - look once, whenever called; sets next_tick_ns */
void mw_sampler_tick(struct mw_sampler *sampler);

/**
 * mw_sampler_retire_ended() - note all members that have ended, bury what they left in the dump
 * @is_thorough: see mw_members_next_ended()
 */
void mw_sampler_retire_ended(struct mw_sampler *sampler, bool is_thorough);

/** mw_sampler_finish() - last look for members that ended; the sum is not measured any more */
void mw_sampler_finish(struct mw_sampler *sampler);
