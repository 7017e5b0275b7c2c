/* SPDX: no licence chosen yet, see README */
/*
 * upper_bound.h - what the tree's RSS can have been at most: the highest sum, over time, of what
 * each process alive then can have held. Hosted; sampler -> run.json.
 *
 * A process never held more than VmHWM said at the time it was read, and its image's last VmHWM in
 * all. So its bound is a stair: each reading holds from the one before it until its own moment, the
 * final one from the last reading to the end. A life counts from its first sight or the image's
 * first event; that between fork, exec and there it had no more than afterwards is taken for
 * granted.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "preload/launch/lives.h"

struct mw_upper_bound {
	int64_t bytes;
	size_t n_alive;	  /* processes at that moment */
	size_t n_sampled; /* of these, whose maximum is only the highest sample: "at most" is not
			   * proven for them */
};

/** mw_upper_bound_find() - after the end of the run. All zero without memory. */
struct mw_upper_bound mw_upper_bound_find(const struct mw_lives *lives);
