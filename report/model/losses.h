/* SPDX: no licence chosen yet, see README */
/*
 * losses.h - what the numbers do not hold, counted over all images; and our own cost.
 */
#pragma once

#include "report/model/profile.h"

struct mw_losses {
	uint64_t lost[MWD_N_LOST]; /* enum mwd_lost */
	uint64_t n_lost_images, unknown_frees;
	uint64_t n_checked, n_mismatched; /* stacks compared with libunwind's, and different */
	uint64_t n_own_malloc, n_other_malloc;
	uint64_t inherited_freed_bytes, inherited_freed_blocks;
	uint64_t own_private_bytes, max_own_private_bytes, own_shared_bytes, dump_bytes;
	uint64_t max_own_rss_bytes; /* of one image, measured at its end; 0 = none was */
	uint64_t torn_bytes;
	uint64_t n_modules, n_modules_without_symbols, n_modules_without_lines; /* used ones */
	const char *first_without_symbols, *first_reason; /* NULL = none; borrowed */
};

/** mw_losses_count() - after mw_profile_resolve(). */
void mw_losses_count(const struct mw_profile *profile, struct mw_losses *losses);

/* Both 0 where one thread of one image had memory at the peak. */
struct mw_peak_bound {
	/* By how much the tree's heap peak can be wrong: threads of an image and images of the tree
	 * each hold back up to a batch from the next total (preload/zone/totals.h). */
	int64_t batches_bytes;
	/* By how much more the records' sum at the peak can differ from it: a thread counts an
	 * event in its record first, in a total next, and somebody else may find the peak in
	 * between. At most one block a thread, and no block is larger than its image's peak. */
	int64_t in_flight_bytes;
};

/** mw_losses_peak_bound() - of the peaks of all runs, summed */
struct mw_peak_bound mw_losses_peak_bound(const struct mw_profile *profile);

/** mw_losses_partial_program() - whose partial stacks allocated more heap than all others'; NULL if
 * there is no such program. After mw_profile_aggregate(). */
const char *mw_losses_partial_program(const struct mw_profile *profile);

/** mw_losses_is_used() - whether this version of the format counts anything there. */
bool mw_losses_is_used(unsigned lost);

/** mw_losses_name() - an enum mwd_lost in words; never NULL. */
const char *mw_losses_name(unsigned lost);

/** mw_losses_key() - the same as a JSON key. */
const char *mw_losses_key(unsigned lost);
