/* SPDX: no licence chosen yet, see README */
/*
 * sample.h - which events get a stack: all; of heap allocations a sample; none. Between hook and
 * unwind.
 *
 * The law of sampling, and what a sampled block stands for, is in format.h. Here it is a countdown
 * for each thread: the distance to the next point, in bytes, from which every allocation takes its
 * size. Only the one that reaches the point costs more. Distances are exponential; as these have no
 * memory, a new one begins behind the block that was hit.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "preload/format.h"

enum mw_stacks_mode {
	MW_STACKS_ALL = 0,
	MW_STACKS_SAMPLED = 1, /* mappings: all */
	MW_STACKS_OFF = 2,
};

/* Decided once, at boot. */
extern uint32_t mw_stacks_mode; /* enum mw_stacks_mode */

/* A thread's sampler. All zero: it draws its first distance at its first event. */
struct mw_sample {
	int64_t left_bytes; /* to the next point */
	uint64_t random;    /* state of the generator; 0 = not seeded */
	uint64_t seed;	    /* of the thread in its image; tells streams apart */
};

/** mw_sample_init() - read the run's options from the control page. Once, at boot. */
void mw_sample_init(void);

/** mw_sample_reset() - begin anew, for thread @number of this image: its own stream. */
void mw_sample_reset(struct mw_sample *sample, uint32_t number);

/** mw_sample_reached() - the countdown is over for a block of @bytes: is it sampled? False when
 * the countdown had not begun yet. */
bool mw_sample_reached(struct mw_sample *sample, uint64_t class_bytes);

/** mw_sample_takes() - is this allocation of @bytes sampled? Context: zone, signal handlers. */
static inline bool mw_sample_takes(struct mw_sample *sample, uint64_t bytes)
{
	uint64_t class_bytes = mwd_size_class_bytes(mwd_size_class(bytes));
	sample->left_bytes -= (int64_t)class_bytes;
	if (__builtin_expect(sample->left_bytes > 0, 1))
		return false;
	return mw_sample_reached(sample, class_bytes);
}
