/* SPDX: no licence chosen yet, see README */
/* totals.c - see totals.h. Zone; account. */
#include <stddef.h>
#include <sys/single_threaded.h>

#include "preload/zone/arena.h"
#include "preload/zone/atomic.h"
#include "preload/zone/image.h"
#include "preload/zone/raw.h"
#include "preload/zone/task.h"
#include "preload/zone/totals.h"
#include "preload/zone/zone.h"

#define MIN_BATCH_BYTES 4096
#define PEAK_PER_BATCH 1024

/* Make @live the maximum if it is above, and begin the next epoch. */
static MW_COLD void raise_peak(int64_t *peak, int64_t live, int64_t *when, uint32_t *epoch)
{
	int64_t old = mw_load_relaxed(peak);
	while (live > old) {
		if (!mw_cas_acq_rel(peak, &old, live))
			continue;
		mw_store_relaxed(when, mw_clock_coarse_ns());
		/* acq_rel: a counter that sees the new epoch also sees the changes before it. */
		mw_add_acq_rel(epoch, 1);
		return;
	}
}

static void settle_process(struct mwd_image *image)
{
	struct mwd_image_total *heap = &image->total[MWD_CLASS_HEAP];
	int64_t live = mw_load_relaxed(&heap->live_bytes);
	if (live > mw_load_relaxed(&heap->peak_bytes))
		raise_peak(&heap->peak_bytes, live, &image->heap_peak_ns, &image->heap_epoch);
}

static void settle_tree(struct mwd_control *control)
{
	int64_t live = mw_load_relaxed(&control->heap_live_bytes);
	if (live > mw_load_relaxed(&control->heap_peak_bytes))
		raise_peak(&control->heap_peak_bytes, live, &control->heap_peak_ns,
			&control->heap_epoch);
}

MW_HOT void mw_totals_before_loss(void)
{
	settle_process(mw_image);
	settle_tree(mw_control);
}

static void publish_to_tree(int64_t delta)
{
	/* The contribution first: if we are killed between the two, the launcher takes off one
	 * event too much or too little, never the whole image. */
	mw_add_relaxed(&mw_image->tree_contribution_bytes, delta);
	mw_add_relaxed(&mw_control->heap_live_bytes, delta);
}

static int64_t publish(enum mwd_class class, int64_t delta)
{
	struct mwd_image_total *total = &mw_image->total[class];
	int64_t live = mw_add_relaxed(&total->live_bytes, delta) + delta;
	if (class == MWD_CLASS_HEAP) {
		if (mw_likely(!mw_image_has_ended()))
			publish_to_tree(delta);
	} else if (live > mw_load_relaxed(&total->peak_bytes)) {
		mw_store_relaxed(&total->peak_bytes, live); /* no epoch hangs on it */
	}
	return live;
}

static int64_t batch_bytes(enum mwd_class class)
{
	int64_t batch = mw_load_relaxed(&mw_image->total[class].peak_bytes) / PEAK_PER_BATCH;
	return batch > MIN_BATCH_BYTES ? batch : MIN_BATCH_BYTES;
}

MW_HOT int64_t mw_totals_add(struct mw_task *task, enum mwd_class class, int64_t delta)
{
	delta += task->pending_bytes[class];
	if (!__libc_single_threaded) {
		int64_t batch = batch_bytes(class);
		if (delta < batch && delta > -batch) {
			task->pending_bytes[class] = delta;
			return mw_load_relaxed(&mw_image->total[class].live_bytes) + delta;
		}
	}
	task->pending_bytes[class] = 0;
	return publish(class, delta);
}

void mw_totals_leave_tree(void)
{
	struct mwd_image *image = mw_image;
	settle_process(image);
	settle_tree(mw_control);
	int64_t held = mw_exchange_acq_rel(&image->tree_contribution_bytes, 0);
	image->end_epoch[MWD_PEAK_TREE_HEAP] = mw_load_acquire(&mw_control->heap_epoch);
	image->end_epoch[MWD_PEAK_TREE_RSS] = mw_load_acquire(&mw_control->rss_epoch);
	mw_add_relaxed(&mw_control->heap_live_bytes, -held);
}

void mw_totals_rejoin_tree(void)
{
	struct mwd_image *image = mw_image;
	image->end_epoch[MWD_PEAK_TREE_HEAP] = 0;
	image->end_epoch[MWD_PEAK_TREE_RSS] = 0;
	publish_to_tree(mw_load_relaxed(&image->total[MWD_CLASS_HEAP].live_bytes));
}
