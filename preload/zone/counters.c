/* SPDX: no licence chosen yet, see README */
/*
 * counters.c - see counters.h. Zone; account. Plain stores: a record belongs to one thread.
 * (cur, at_peak, epoch): before a counter changes in a new epoch, its value is what it was at
 * the peak that ended the last one (DESIGN 5).
 */
#include "preload/zone/arena.h"
#include "preload/zone/atomic.h"
#include "preload/zone/counters.h"
#include "preload/zone/image.h"
#include "preload/zone/totals.h"
#include "preload/zone/zone.h"

static MW_COLD void remember(struct mwd_record *record)
{
	const uint32_t epochs[MWD_N_PEAKS] = { mw_load_acquire(&mw_image->heap_epoch),
		mw_load_acquire(&mw_control->heap_epoch),
		mw_load_acquire(&mw_control->rss_epoch_beside) };
	for (unsigned i = 0; i < MWD_N_PEAKS; i++) {
		if (record->epoch[i] == epochs[i])
			continue;
		record->peak_bytes[i] = (int64_t)(record->allocated_bytes - record->freed_bytes);
		record->peak_blocks[i] = (int64_t)(record->allocated_blocks - record->freed_blocks);
		record->epoch[i] = epochs[i];
	}
}

/* Both of the tree's epochs in one word; they lie side by side in record and control page. */
typedef uint64_t __attribute__((may_alias, aligned(4))) two_epochs;

static inline void settle(struct mwd_record *record)
{
	uint64_t of_tree = mw_load_acquire((const two_epochs *)&mw_control->heap_epoch);
	uint32_t of_image = mw_load_acquire(&mw_image->heap_epoch);
	if (mw_unlikely(record->epoch[MWD_PEAK_PROCESS_HEAP] != of_image ||
			*(const two_epochs *)&record->epoch[MWD_PEAK_TREE_HEAP] != of_tree))
		remember(record);
}

MW_HOT void mw_counters_alloc(
	struct mw_task *task, struct mwd_record *record, enum mwd_class class, uint64_t bytes)
{
	settle(record);
	record->allocated_bytes += bytes;
	record->allocated_blocks++;
	uint64_t live = (uint64_t)mw_totals_add(task, class, (int64_t)bytes);
	if (live > record->max_total_bytes)
		record->max_total_bytes = live;
	if (class == MWD_CLASS_HEAP && mw_unlikely((int64_t)live > task->region_peak_bytes))
		task->region_peak_bytes = (int64_t)live;
}

MW_HOT void mw_counters_free(struct mw_task *task, struct mwd_record *record, enum mwd_class class,
	uint64_t bytes, uint64_t n_blocks)
{
	if (mw_likely(class == MWD_CLASS_HEAP))
		mw_totals_before_loss(task);
	settle(record);
	record->freed_bytes += bytes;
	record->freed_blocks += n_blocks;
	mw_totals_add(task, class, -(int64_t)bytes);
}

void mw_counters_freed_here(struct mw_task *task, struct mwd_record *record, enum mwd_class class,
	uint64_t bytes, uint64_t n_blocks)
{
	record->freed_here_bytes += bytes;
	record->freed_here_blocks += n_blocks;
	uint64_t live = (uint64_t)mw_totals_live(task, class);
	if ((int64_t)live > 0 && live > record->max_total_bytes)
		record->max_total_bytes = live;
}
