/* SPDX: no licence chosen yet, see README */
/*
 * totals.h - live totals of the image and of the tree, their maxima and epochs (DESIGN 5).
 *
 * Three levels, each an addition to the next:
 *
 *     thread's pending  ->  image.total[class].live_bytes  ->  control.heap_live_bytes
 *
 * What is published where. While the process has one thread, every event goes to the image at
 * once, by a plain addition: nobody else writes it. With more threads, each holds back up to a
 * batch. The image in turn holds back up to a batch from the tree, so that no event writes a cache
 * line another process reads. A batch is max(4 KiB, peak / 1024).
 *
 * A maximum can only be reached just before a total falls, so growing costs no test: whoever takes
 * bytes off first adds what it holds back itself to the published total, and if that stands above
 * the maximum, publishes, makes it the maximum, and begins a new epoch. The reader settles the last
 * rise. So a peak is exact as long as the other threads (of the image) or images (of the tree)
 * hold nothing back, and off by at most their number x batch otherwise. Images publish before they
 * spawn, exec and end: a parent that waits for its child holds back nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "preload/format.h"

struct mw_task;

/** mw_totals_add() - @delta live bytes of @class more; returns the image's live total of it. */
int64_t mw_totals_add(struct mw_task *task, enum mwd_class class, int64_t delta);

/** mw_totals_live() - the image's live total of @class, with what this thread holds back. */
int64_t mw_totals_live(const struct mw_task *task, enum mwd_class class);

/**
 * mw_totals_before_loss() - call before any heap counter or total falls
 *
 * Begins the epochs of maxima that were reached, so that counters are remembered as they are.
 */
void mw_totals_before_loss(struct mw_task *task);

/** mw_totals_publish() - hold nothing back from the tree. */
void mw_totals_publish(void);

/** mw_totals_leave_tree() - take this image's heap out of the tree's total, for its end. */
void mw_totals_leave_tree(void);

/** mw_totals_rejoin_tree() - put it back: the exec failed. */
void mw_totals_rejoin_tree(void);
