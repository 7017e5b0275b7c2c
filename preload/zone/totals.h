/* SPDX: no licence chosen yet, see README */
/*
 * totals.h - live totals of the image and of the tree, their maxima and epochs (DESIGN 5).
 *
 * A maximum can only be reached just before a total falls, so growing costs no test: whoever
 * takes bytes off a total first looks whether it stands above its maximum, and if so makes it the
 * maximum and begins a new epoch. The reader settles the last rise.
 *
 * While the process has one thread every event is published at once, and peaks are exact.
 * With more, each thread holds back up to a batch of max(4 KiB, peak / 1024), so a recorded peak
 * is off by at most threads x batch.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "preload/format.h"

struct mw_task;

/** mw_totals_add() - @delta live bytes of @class more; returns the image's live total of it. */
int64_t mw_totals_add(struct mw_task *task, enum mwd_class class, int64_t delta);

/**
 * mw_totals_before_loss() - call before any counter or total falls
 *
 * Begins the epochs of maxima that were reached, so that counters are remembered as they are.
 */
void mw_totals_before_loss(void);

/** mw_totals_leave_tree() - take this image's heap out of the tree's total, for its end. */
void mw_totals_leave_tree(void);

/** mw_totals_rejoin_tree() - put it back: the exec failed. */
void mw_totals_rejoin_tree(void);
