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

static MW_COLD void remember(struct mwd_record *record, const uint32_t *epochs)
{
	for (unsigned i = 0; i < MWD_N_PEAKS; i++) {
		if (record->epoch[i] == epochs[i])
			continue;
		record->peak_bytes[i] = (int64_t)(record->allocated_bytes - record->freed_bytes);
		record->peak_blocks[i] = (int64_t)(record->allocated_blocks - record->freed_blocks);
		record->epoch[i] = epochs[i];
	}
}

static inline void settle(struct mwd_record *record)
{
	const uint32_t epochs[MWD_N_PEAKS] = { mw_load_acquire(&mw_image->heap_epoch),
		mw_load_acquire(&mw_control->heap_epoch), mw_load_acquire(&mw_control->rss_epoch) };
	if (mw_unlikely(record->epoch[0] != epochs[0] || record->epoch[1] != epochs[1] ||
			record->epoch[2] != epochs[2]))
		remember(record, epochs);
}

MW_HOT void mw_counters_alloc(struct mw_task *task, struct mwd_record *record, uint64_t bytes)
{
	settle(record);
	record->allocated_bytes += bytes;
	record->allocated_blocks++;
	uint64_t live = (uint64_t)mw_totals_add(task, record->class, (int64_t)bytes);
	if (live > record->max_total_bytes)
		record->max_total_bytes = live;
}

MW_HOT void mw_counters_free(
	struct mw_task *task, struct mwd_record *record, uint64_t bytes, uint64_t n_blocks)
{
	if (mw_likely(record->class == MWD_CLASS_HEAP))
		mw_totals_before_loss(task);
	settle(record);
	record->freed_bytes += bytes;
	record->freed_blocks += n_blocks;
	mw_totals_add(task, record->class, -(int64_t)bytes);
}

void mw_counters_freed_here(struct mwd_record *record, uint64_t bytes, uint64_t n_blocks)
{
	record->freed_here_bytes += bytes;
	record->freed_here_blocks += n_blocks;
}
