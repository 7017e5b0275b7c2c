/* SPDX: no licence chosen yet, see README */
/*
 * control.h - the dump file as the launcher sees it: makes it with its control page, keeps disk
 * blocks allocated ahead of the zone's claims, raises the tree's peaks. Hosted; account -> dump.
 * The layout and the rules of the peaks are format.h's.
 */
#pragma once

#include <stdint.h>

#include "preload/format.h"
#include "preload/launch/failure.h"
#include "preload/launch/run_dir.h"

/*
 * Space a claim finds ready: as much again as is claimed, but enough for a dozen process images,
 * and no more than for some hundred. A file system in memory takes 0.3 ms for each MiB, and as much
 * to take back what was not needed.
 */
#define MW_CONTROL_LEAST_AHEAD_BYTES (512u << 10)
#define MW_CONTROL_AHEAD_BYTES (8u << 20)

struct mw_control_settings {
	uint32_t options; /* enum mwd_option */
	uint32_t max_frames;
	uint32_t check_every;		    /* MWD_OPT_CHECK_UNWIND only */
	uint64_t sample_bytes, sample_seed; /* see struct mwd_control; seed 0 = a random one */
};

struct mw_control {
	struct mwd_control *page;	 /* mapped shared; written by every process of the job */
	int fd;				 /* of the dump, close-on-exec */
	int64_t boot_minus_monotonic_ns; /* /proc counts from boot, suspension included */
	int growth_error;		 /* errno of the last attempt to allocate ahead; 0 = fine */
};

/**
 * mw_control_create() - make run.mwd in @run_dir
 *
 * Takes the start of the run (both clocks) and a random run id.
 * Return: MW_EXIT_OK, or MW_EXIT_OWN_FAILURE with @failure_out filled (disk full, not writable).
 */
int mw_control_create(const struct mw_run_dir *run_dir, const struct mw_control_settings *settings,
	struct mw_control *control_out, struct mw_failure *failure_out);

/**
 * mw_control_allocate_ahead() - restore the free space ahead of the claims
 *
 * Cheap when nothing is to be done (one load). A full disk is remembered in growth_error and
 * tried again at the next call; the zone then loses what does not fit, and counts it.
 */
void mw_control_allocate_ahead(struct mw_control *control);

/** mw_control_set_rss() - tell a new maximum of the tree's RSS sum; then its epoch (release) */
void mw_control_set_rss_peak(struct mw_control *control, int64_t rss_bytes, int64_t now_ns);

/**
 * mw_control_settle_heap_peak() - the tree's live heap is about to fall: if it stands above its
 * peak, it is the peak, and a new epoch begins
 */
void mw_control_settle_heap_peak(struct mw_control *control, int64_t now_ns);

/** mw_control_leave_heap() - take a dead image's bytes out of the tree's live heap */
void mw_control_leave_heap(struct mw_control *control, int64_t bytes);

/**
 * mw_control_close() - unmap and close
 * @is_quiet: no process of the job is left, so the space ahead can be given back
 */
void mw_control_close(struct mw_control *control, int is_quiet);
