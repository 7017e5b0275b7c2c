/* SPDX: no licence chosen yet, see README */
/*
 * sampled.h - heap records of runs that sampled (--sample): what they stand for. While merging,
 * beside merge.c.
 *
 * The law is format.h's. Records are added up by (image, site, size class) first and weighted then,
 * once, so that what was all freed is estimated as 0 to the byte, and the sums of images, lines and
 * programs are made of the same whole numbers.
 */
#pragma once

#include "report/model/profile.h"

/** mw_sampled_add() - a settled record of sampled blocks; 0 or -ENOMEM. */
int mw_sampled_add(struct mw_profile *profile, uint32_t image_idx, uint32_t site_idx,
	uint8_t size_class, const struct mw_sums *sums);

/**
 * mw_sampled_weigh() - all runs are merged: parts -> estimates, added to their sites
 *
 * Afterwards parts are in order of images. The difference between exact sums and estimates goes to
 * `unstacked`, of images and of the profile.
 */
void mw_sampled_weigh(struct mw_profile *profile);

/** mw_sampled_rest_name() - what mw_profile.unstacked is, in words; NULL if all had stacks. */
const char *mw_sampled_rest_name(const struct mw_profile *profile);

/** mw_sampled_probability() - with which a block of a class is sampled; 1 when @sample_bytes is 0
 */
double mw_sampled_probability(uint64_t sample_bytes, uint8_t size_class);
