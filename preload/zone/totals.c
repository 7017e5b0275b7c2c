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

static int64_t batch_of(int64_t peak)
{
	int64_t batch = peak / PEAK_PER_BATCH;
	return batch > MIN_BATCH_BYTES ? batch : MIN_BATCH_BYTES;
}

/*
 * Make @total the maximum if it stands above, and begin the next epoch. The maximum is read first,
 * so that our reading of the total is not older: whoever takes bytes off in between has found the
 * total above the maximum himself, and raised it, and we look again. Otherwise an epoch could begin
 * long after its peak, with all that was freed since.
 */
static MW_COLD void raise_peak(const int64_t *total, int64_t *peak, int64_t *when, uint32_t *epoch)
{
	int64_t old, live;
	do {
		old = mw_load_acquire(peak);
		live = mw_load_acquire(total);
		if (live <= old)
			return;
	} while (!mw_cas_acq_rel(peak, &old, live));
	/* acq_rel: a counter that sees the new epoch also sees the changes before it. */
	mw_add_acq_rel(epoch, 1);
	mw_store_relaxed(when, mw_clock_coarse_ns());
}

static int64_t add_to(int64_t *total, int64_t delta)
{
	if (mw_likely(__libc_single_threaded)) {
		int64_t sum = mw_load_relaxed(total) + delta;
		mw_store_relaxed(total, sum);
		return sum;
	}
	return mw_add_relaxed(total, delta) + delta;
}

static int64_t image_live(enum mwd_class class)
{
	return mw_load_relaxed(&mw_image->total[class].live_bytes);
}

int64_t mw_totals_live(const struct mw_task *task, enum mwd_class class)
{
	return image_live(class) + task->pending_bytes[class];
}

void mw_totals_publish(void)
{
	struct mwd_image *image = mw_image;
	if (!image || mw_image_has_ended())
		return;
	int64_t published = mw_load_relaxed(&image->tree_contribution_bytes);
	int64_t live = image_live(MWD_CLASS_HEAP);
	if (live == published)
		return;
	/* The contribution first: if we are killed between the two, the launcher takes off one
	 * batch too much or too little, never the whole image. */
	if (mw_cas_acq_rel(&image->tree_contribution_bytes, &published, live))
		mw_add_relaxed(&mw_control->heap_live_bytes, live - published);
}

static MW_COLD void raise_tree_peak(int64_t held_back)
{
	if (held_back > 0)
		mw_totals_publish();
	raise_peak(&mw_control->heap_live_bytes, &mw_control->heap_peak_bytes,
		&mw_control->heap_peak_ns, &mw_control->heap_epoch);
}

static MW_COLD void raise_image_peak(struct mw_task *task)
{
	struct mwd_image *image = mw_image;
	struct mwd_image_total *heap = &image->total[MWD_CLASS_HEAP];
	int64_t held_back = task->pending_bytes[MWD_CLASS_HEAP];
	if (held_back > 0) {
		add_to(&heap->live_bytes, held_back);
		task->pending_bytes[MWD_CLASS_HEAP] = 0;
	}
	if (!__libc_single_threaded) {
		raise_peak(&heap->live_bytes, &heap->peak_bytes, &image->heap_peak_ns,
			&image->heap_epoch);
		return;
	}
	mw_store_relaxed(&heap->peak_bytes, mw_load_relaxed(&heap->live_bytes));
	mw_store_relaxed(&image->heap_peak_ns, mw_clock_coarse_ns());
	mw_store_release(&image->heap_epoch, mw_load_relaxed(&image->heap_epoch) + 1);
}

/* A total that others see above its maximum is raised also by who holds back a fall himself: see
 * raise_peak(). */
MW_HOT void mw_totals_before_loss(struct mw_task *task)
{
	const struct mwd_image *image = mw_image;
	int64_t total = image_live(MWD_CLASS_HEAP);
	int64_t live = total + task->pending_bytes[MWD_CLASS_HEAP];
	if (mw_unlikely((live > total ? live : total) >
			mw_load_relaxed(&image->total[MWD_CLASS_HEAP].peak_bytes)))
		raise_image_peak(task);
	int64_t held_back = live - mw_load_relaxed(&image->tree_contribution_bytes);
	if (mw_unlikely(mw_load_relaxed(&mw_control->heap_live_bytes) +
				(held_back > 0 ? held_back : 0) >
			mw_load_relaxed(&mw_control->heap_peak_bytes)) &&
		!mw_image_has_ended())
		raise_tree_peak(held_back);
}

/* What the image may hold back from the tree; follows the tree's peak, 0 until the first look. */
static int64_t image_batch;

static MW_COLD void publish_batch(void)
{
	mw_store_relaxed(&image_batch, batch_of(mw_load_relaxed(&mw_control->heap_peak_bytes)));
	mw_totals_publish();
}

static inline void hold_back(int64_t live)
{
	int64_t held_back = live - mw_load_relaxed(&mw_image->tree_contribution_bytes);
	int64_t batch = mw_load_relaxed(&image_batch);
	if (mw_unlikely((uint64_t)(held_back + batch) > 2 * (uint64_t)batch))
		publish_batch();
}

static inline int64_t add_threaded(
	struct mw_task *task, struct mwd_image_total *total, enum mwd_class class, int64_t delta)
{
	int64_t batch = batch_of(mw_load_relaxed(&total->peak_bytes));
	delta += task->pending_bytes[class];
	if (delta < batch && delta > -batch) {
		task->pending_bytes[class] = delta;
		return mw_load_relaxed(&total->live_bytes) + delta;
	}
	task->pending_bytes[class] = 0;
	return add_to(&total->live_bytes, delta);
}

static void note_peak(struct mwd_image_total *total, int64_t live)
{
	if (live > mw_load_relaxed(&total->peak_bytes))
		mw_store_relaxed(&total->peak_bytes, live); /* no epoch hangs on it */
}

MW_HOT int64_t mw_totals_add(struct mw_task *task, enum mwd_class class, int64_t delta)
{
	struct mwd_image_total *total = &mw_image->total[class];
	int64_t live;
	if (mw_likely(__libc_single_threaded && !task->pending_bytes[class])) {
		live = mw_load_relaxed(&total->live_bytes) + delta;
		mw_store_relaxed(&total->live_bytes, live);
	} else {
		live = add_threaded(task, total, class, delta);
	}
	if (mw_likely(class == MWD_CLASS_HEAP))
		hold_back(live);
	else
		note_peak(total, live);
	return live;
}

void mw_totals_leave_tree(void)
{
	struct mwd_image *image = mw_image;
	struct mwd_image_total *heap = &image->total[MWD_CLASS_HEAP];
	raise_peak(&heap->live_bytes, &heap->peak_bytes, &image->heap_peak_ns, &image->heap_epoch);
	int64_t live = mw_load_relaxed(&heap->live_bytes);
	int64_t held = mw_exchange_acq_rel(&image->tree_contribution_bytes, 0);
	mw_add_relaxed(&mw_control->heap_live_bytes, live - held);
	raise_peak(&mw_control->heap_live_bytes, &mw_control->heap_peak_bytes,
		&mw_control->heap_peak_ns, &mw_control->heap_epoch);
	image->end_epoch[MWD_PEAK_TREE_HEAP] = mw_load_acquire(&mw_control->heap_epoch);
	image->end_epoch[MWD_PEAK_TREE_RSS] = mw_load_acquire(&mw_control->rss_epoch);
	mw_add_relaxed(&mw_control->heap_live_bytes, -live);
}

void mw_totals_rejoin_tree(void)
{
	mw_image->end_epoch[MWD_PEAK_TREE_HEAP] = 0;
	mw_image->end_epoch[MWD_PEAK_TREE_RSS] = 0;
}
