/* SPDX: no licence chosen yet, see README */
/*
 * sums.h - the counters of one class of memory, added up over records; and how a record's
 * counters are settled to what they were at each peak (DESIGN 5, preload/format.h).
 *
 *     live = allocated - freed          Sums wrap instead of overflowing: hostile records may
 *                                       hold any number, and a wrong sum is caught by the
 *                                       report's own check of sums against totals.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "preload/format.h"

struct mw_sums {
	uint64_t allocated_bytes, allocated_blocks;
	uint64_t freed_bytes, freed_blocks;	      /* of the blocks born here */
	uint64_t freed_here_bytes, freed_here_blocks; /* by calls from here, whoever made them */
	uint64_t max_total_bytes;		      /* maximum, not sum */
	int64_t peak_bytes[MWD_N_PEAKS], peak_blocks[MWD_N_PEAKS];
	/* Of bytes that are estimates (sampled.h), in bytes squared; 0 = exact. */
	double allocated_variance, live_variance, peak_variance[MWD_N_PEAKS];
};

/* How the counters of one image's records were at each of the three peaks. */
struct mw_settle {
	uint32_t final_epoch[MWD_N_PEAKS];
	bool is_absent[MWD_N_PEAKS]; /* the image held nothing then, or there was no such peak */
};

/** mw_settle_tree_heap_peak() - the tree's heap peak in bytes, settled with the final live. */
int64_t mw_settle_tree_heap_peak(const struct mwd_control *control);

/** mw_settle_process_peak() - an image's peak in bytes of a class, settled. */
int64_t mw_settle_process_peak(const struct mwd_image *image, enum mwd_class class);

/** mw_settle_init() - the epochs an image's records are compared with. */
void mw_settle_init(
	struct mw_settle *settle, const struct mwd_control *control, const struct mwd_image *image);

/** mw_settle_record() - a record's counters, settled. */
struct mw_sums mw_settle_record(const struct mw_settle *settle, const struct mwd_record *record);

/** mw_sums_add() - @sums += @more; the maximum is taken, not added. */
void mw_sums_add(struct mw_sums *sums, const struct mw_sums *more);

/** mw_sums_subtract() - @sums -= @less, of any sign; the maximum stays; variances add up. */
void mw_sums_subtract(struct mw_sums *sums, const struct mw_sums *less);

/** mw_sums_margin() - half the width of the 95 % confidence interval, in bytes; 0 = exact. */
int64_t mw_sums_margin(double variance);

/* inline helpers */

static inline int64_t mw_sums_live_bytes(const struct mw_sums *sums)
{
	return (int64_t)(sums->allocated_bytes - sums->freed_bytes);
}

static inline int64_t mw_sums_live_blocks(const struct mw_sums *sums)
{
	return (int64_t)(sums->allocated_blocks - sums->freed_blocks);
}

/* Signed difference and sum that wrap. */
static inline int64_t mw_minus(int64_t left, int64_t right)
{
	return (int64_t)((uint64_t)left - (uint64_t)right);
}

static inline int64_t mw_plus(int64_t left, int64_t right)
{
	return (int64_t)((uint64_t)left + (uint64_t)right);
}
