/* SPDX: no licence chosen yet, see README */
/*
 * sums.c - settling: a counter X of a record at the last maximum of total T is
 *     epoch[T] == E[T] ? at_peak[T] : current X
 * where E[T] is T's final epoch. A total that ended above its recorded peak has its peak at the
 * end: nothing carries that epoch, so E + 1 stands for it and every counter is its current one.
 * An image that ended before E[T] was set held nothing at that peak.
 */
#include "report/model/sums.h"

#include <math.h>

int64_t mw_settle_tree_heap_peak(const struct mwd_control *control)
{
	return control->heap_live_bytes > control->heap_peak_bytes ? control->heap_live_bytes
								   : control->heap_peak_bytes;
}

int64_t mw_settle_process_peak(const struct mwd_image *image, enum mwd_class class)
{
	const struct mwd_image_total *total = &image->total[class];
	return total->live_bytes > total->peak_bytes ? total->live_bytes : total->peak_bytes;
}

void mw_settle_init(
	struct mw_settle *settle, const struct mwd_control *control, const struct mwd_image *image)
{
	const struct mwd_image_total *heap = &image->total[MWD_CLASS_HEAP];
	settle->final_epoch[MWD_PEAK_PROCESS_HEAP] =
		image->heap_epoch + (heap->live_bytes > heap->peak_bytes);
	settle->final_epoch[MWD_PEAK_TREE_HEAP] =
		control->heap_epoch + (control->heap_live_bytes > control->heap_peak_bytes);
	settle->final_epoch[MWD_PEAK_TREE_RSS] = control->rss_epoch;
	settle->is_absent[MWD_PEAK_PROCESS_HEAP] = false;
	for (unsigned peak = MWD_PEAK_TREE_HEAP; peak < MWD_N_PEAKS; peak++) {
		uint32_t end = image->end_epoch[peak];
		settle->is_absent[peak] = end != 0 && end < settle->final_epoch[peak];
	}
	if (control->rss_peak_bytes <= 0)
		settle->is_absent[MWD_PEAK_TREE_RSS] = true; /* never sampled */
}

struct mw_sums mw_settle_record(const struct mw_settle *settle, const struct mwd_record *record)
{
	struct mw_sums sums = {
		.allocated_bytes = record->allocated_bytes,
		.allocated_blocks = record->allocated_blocks,
		.freed_bytes = record->freed_bytes,
		.freed_blocks = record->freed_blocks,
		.freed_here_bytes = record->freed_here_bytes,
		.freed_here_blocks = record->freed_here_blocks,
		.max_total_bytes = record->max_total_bytes,
	};
	for (unsigned peak = 0; peak < MWD_N_PEAKS; peak++) {
		if (settle->is_absent[peak])
			continue;
		bool is_kept = record->epoch[peak] == settle->final_epoch[peak];
		sums.peak_bytes[peak] =
			is_kept ? record->peak_bytes[peak] : mw_sums_live_bytes(&sums);
		sums.peak_blocks[peak] =
			is_kept ? record->peak_blocks[peak] : mw_sums_live_blocks(&sums);
	}
	return sums;
}

static void add_variances(struct mw_sums *sums, const struct mw_sums *more)
{
	sums->allocated_variance += more->allocated_variance;
	sums->live_variance += more->live_variance;
	for (unsigned peak = 0; peak < MWD_N_PEAKS; peak++)
		sums->peak_variance[peak] += more->peak_variance[peak];
}

void mw_sums_add(struct mw_sums *sums, const struct mw_sums *more)
{
	sums->allocated_bytes += more->allocated_bytes;
	sums->allocated_blocks += more->allocated_blocks;
	sums->freed_bytes += more->freed_bytes;
	sums->freed_blocks += more->freed_blocks;
	sums->freed_here_bytes += more->freed_here_bytes;
	sums->freed_here_blocks += more->freed_here_blocks;
	if (more->max_total_bytes > sums->max_total_bytes)
		sums->max_total_bytes = more->max_total_bytes;
	for (unsigned peak = 0; peak < MWD_N_PEAKS; peak++) {
		sums->peak_bytes[peak] = mw_plus(sums->peak_bytes[peak], more->peak_bytes[peak]);
		sums->peak_blocks[peak] = mw_plus(sums->peak_blocks[peak], more->peak_blocks[peak]);
	}
	add_variances(sums, more);
}

void mw_sums_subtract(struct mw_sums *sums, const struct mw_sums *less)
{
	sums->allocated_bytes -= less->allocated_bytes;
	sums->allocated_blocks -= less->allocated_blocks;
	sums->freed_bytes -= less->freed_bytes;
	sums->freed_blocks -= less->freed_blocks;
	sums->freed_here_bytes -= less->freed_here_bytes;
	sums->freed_here_blocks -= less->freed_here_blocks;
	for (unsigned peak = 0; peak < MWD_N_PEAKS; peak++) {
		sums->peak_bytes[peak] = mw_minus(sums->peak_bytes[peak], less->peak_bytes[peak]);
		sums->peak_blocks[peak] =
			mw_minus(sums->peak_blocks[peak], less->peak_blocks[peak]);
	}
	add_variances(sums, less);
}

#define NORMAL_95 1.96 /* standard deviations on either side */

int64_t mw_sums_margin(double variance)
{
	double margin = ceil(NORMAL_95 * sqrt(variance));
	return margin < 0x1p62 ? (int64_t)margin : INT64_MAX;
}
