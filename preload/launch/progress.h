/* SPDX: no licence chosen yet, see README */
/*
 * progress.h - one line on the terminal that tells how the run goes: time, processes, RSS, heap,
 * peak. Hosted; while the target runs.
 *
 * It is rewritten in place and erased at the end. The command may write to the same terminal at any
 * moment, so one line of its output, without a newline yet, is what can be lost to sight. Nothing
 * is written when stderr is no terminal, while we are in its background, or while somebody reads
 * single keys from it (an editor, a password).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "preload/launch/sampler.h"

struct mw_progress {
	bool is_wanted, is_drawn;
	int64_t drawn_ns;
};

/** mw_progress_init() - @is_wanted: by the options; a terminal must be there as well */
void mw_progress_init(struct mw_progress *progress, bool is_wanted);

/** mw_progress_draw() - a few times a second, however often it is called */
void mw_progress_draw(struct mw_progress *progress, const struct mw_sampler *sampler);

/** mw_progress_erase() - leave the line empty */
void mw_progress_erase(struct mw_progress *progress);
