/* SPDX: no licence chosen yet, see README */
/*
 * sampled.c - see sampled.h. Horvitz-Thompson: a block of s bytes that is sampled with probability
 * P stands for s / P bytes and 1 / P blocks; the sum over sampled blocks of s^2 (1 - P) / P^2 is an
 * unbiased estimate of the estimate's variance. Here s is the mean of the blocks of one site and
 * size class, which are no more than a quarter apart: at most 1.3 % of the variance is missed.
 */
#include "report/model/sampled.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define CERTAIN 20.0 /* sizes from so many times the distance on are always sampled */

double mw_sampled_probability(uint64_t sample_bytes, uint8_t size_class)
{
	if (sample_bytes == 0)
		return 1;
	double ratio = (double)mwd_size_class_bytes(size_class) / (double)sample_bytes;
	return ratio >= CERTAIN ? 1 : -expm1(-ratio);
}

static bool is_part(const void *context, uint32_t element, const void *key)
{
	const struct mw_part *part = &((const struct mw_profile *)context)->parts.items[element];
	const struct mw_part *wanted = key;
	return part->image_idx == wanted->image_idx && part->site_idx == wanted->site_idx &&
	       part->size_class == wanted->size_class;
}

int mw_sampled_add(struct mw_profile *profile, uint32_t image_idx, uint32_t site_idx,
	uint8_t size_class, const struct mw_sums *sums)
{
	struct mw_part key = { image_idx, site_idx, size_class, { 0 } };
	uint64_t hash = mw_hash_word(MW_HASH_START, (uint64_t)image_idx << 32 | site_idx);
	hash = mw_hash_word(hash, size_class);
	uint32_t element;
	if (mw_index_find(&profile->part_index, hash, is_part, profile, &key, &element) != 0) {
		struct mw_part *part = mw_array_push(&profile->parts);
		if (!part)
			return -ENOMEM;
		*part = key;
		element = (uint32_t)(profile->parts.n - 1);
		int error = mw_index_add(&profile->part_index, hash, element);
		if (error)
			return error;
	}
	mw_sums_add(&profile->parts.items[element].sums, sums);
	return 0;
}

/* Damaged counters can be anything; so far from any real size it does not matter what they give. */
static int64_t scale(int64_t value, double factor)
{
	double scaled = (double)value * factor;
	return fabs(scaled) < 0x1p62 ? llround(scaled) : 0;
}

static double variance_of(int64_t bytes, int64_t blocks, double probability)
{
	if (blocks == 0)
		return 0;
	double mean = (double)bytes / (double)blocks;
	return fabs((double)blocks) * mean * mean * (1 - probability) / (probability * probability);
}

static void scale_unsigned(uint64_t *value, double factor)
{
	*value = (uint64_t)scale((int64_t)*value, factor);
}

static struct mw_sums weigh(const struct mw_sums *raw, double probability)
{
	struct mw_sums sums = *raw;
	double factor = 1 / probability;
	if (probability == 1)
		return sums;
	scale_unsigned(&sums.allocated_bytes, factor);
	scale_unsigned(&sums.allocated_blocks, factor);
	scale_unsigned(&sums.freed_bytes, factor);
	scale_unsigned(&sums.freed_blocks, factor);
	scale_unsigned(&sums.freed_here_bytes, factor);
	scale_unsigned(&sums.freed_here_blocks, factor);
	sums.allocated_variance = variance_of(
		(int64_t)raw->allocated_bytes, (int64_t)raw->allocated_blocks, probability);
	sums.live_variance =
		variance_of(mw_sums_live_bytes(raw), mw_sums_live_blocks(raw), probability);
	for (unsigned peak = 0; peak < MWD_N_PEAKS; peak++) {
		sums.peak_bytes[peak] = scale(raw->peak_bytes[peak], factor);
		sums.peak_blocks[peak] = scale(raw->peak_blocks[peak], factor);
		sums.peak_variance[peak] =
			variance_of(raw->peak_bytes[peak], raw->peak_blocks[peak], probability);
	}
	return sums;
}

static int compare_images(const void *left, const void *right)
{
	const struct mw_part *a = left, *b = right;
	if (a->image_idx != b->image_idx)
		return a->image_idx < b->image_idx ? -1 : 1;
	if (a->site_idx != b->site_idx)
		return a->site_idx < b->site_idx ? -1 : 1;
	return a->size_class < b->size_class ? -1 : a->size_class > b->size_class;
}

static void weigh_part(struct mw_profile *profile, struct mw_part *part)
{
	struct mw_image *image = &profile->images.items[part->image_idx];
	struct mw_site *site = &profile->sites.items[part->site_idx];
	uint64_t distance = profile->runs.items[image->run_idx].dump.control.sample_bytes;
	struct mw_sums raw = part->sums;
	part->sums = weigh(&raw, mw_sampled_probability(distance, part->size_class));
	image->n_sampled_blocks += raw.allocated_blocks;
	mw_sums_add(&site->sums, &part->sums);
	mw_sums_add(&image->unstacked[site->class], &raw);
	mw_sums_subtract(&image->unstacked[site->class], &part->sums);
	image->n_parts++;
}

void mw_sampled_weigh(struct mw_profile *profile)
{
	mw_index_deinit(&profile->part_index); /* of the order before */
	if (profile->parts.n > 0)
		qsort(profile->parts.items, profile->parts.n, sizeof(profile->parts.items[0]),
			compare_images);
	for (uint32_t i = 0; i < profile->parts.n; i++) {
		struct mw_image *image = &profile->images.items[profile->parts.items[i].image_idx];
		if (image->n_parts == 0)
			image->first_part = i;
		weigh_part(profile, &profile->parts.items[i]);
	}
	for (size_t i = 0; i < profile->images.n; i++) {
		for (unsigned class = 0; class < MWD_N_CLASSES; class ++)
			mw_sums_add(&profile->unstacked[class],
				&profile->images.items[i].unstacked[class]);
	}
}

const char *mw_sampled_rest_name(const struct mw_profile *profile)
{
	if (profile->is_sampled)
		return profile->has_stackless ? "stacks off; exact total minus estimates"
					      : "exact total minus estimates";
	return profile->has_stackless ? "stacks off" : NULL;
}
