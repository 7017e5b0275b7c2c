/* SPDX: no licence chosen yet, see README */
/*
 * test_sample.c - size classes, and the sampler's distances against the law of format.h:
 * P(sampled) = 1 - exp(-size / distance). Seeds are fixed; bounds are 5 standard deviations.
 */
#include <math.h>

#include "preload/zone/arena.h"
#include "preload/zone/image.h"
#include "preload/zone/sample.h"
#include "tests/unit/check.h"

/* What sample.c takes from the rest of the zone. */
static struct mwd_control control;
struct mwd_control *mw_control = &control;
uint64_t mw_image_offset = 4096;

static void start(struct mw_sample *sample, uint64_t distance, uint64_t seed, uint32_t thread)
{
	control.sample_bytes = distance;
	control.sample_seed = seed;
	mw_sample_reset(sample, thread);
}

static void size_classes_are_tight_and_in_order(void)
{
	uint8_t last = 0;
	CHECK_NUMBER(mwd_size_class(0), 1);
	for (uint64_t bytes = 1; bytes < (1u << 20); bytes++) {
		uint8_t size_class = mwd_size_class(bytes);
		uint64_t most = mwd_size_class_bytes(size_class);
		bool is_new = size_class != last;
		if (is_new && (size_class != last + 1 ||
				      (last && mwd_size_class_bytes(last) != bytes - 1)))
			CHECK_NUMBER(bytes, 0);
		if (most < bytes || (bytes > 4 && most > bytes + bytes / 4) ||
			(bytes <= 8 && most != bytes))
			CHECK_NUMBER(most, bytes);
		last = size_class;
	}
	for (unsigned size_class = 1; size_class <= MWD_MAX_SIZE_CLASS; size_class++)
		CHECK_NUMBER(mwd_size_class(mwd_size_class_bytes((uint8_t)size_class)), size_class);
	CHECK_NUMBER(mwd_size_class_bytes(MWD_MAX_SIZE_CLASS), 1ull << 38);
	CHECK_NUMBER(mwd_size_class(UINT64_MAX), MWD_MAX_SIZE_CLASS);
}

/* How many of @n blocks of @bytes are sampled: binomial with the P of their size class. */
static void check_share(uint64_t distance, uint64_t bytes, unsigned n)
{
	struct mw_sample sample;
	start(&sample, distance, 7 + bytes, 1);
	unsigned n_sampled = 0;
	for (unsigned i = 0; i < n; i++)
		n_sampled += mw_sample_takes(&sample, bytes);
	double size = (double)mwd_size_class_bytes(mwd_size_class(bytes));
	double p = -expm1(-size / (double)distance);
	double mean = n * p, deviation = sqrt(n * p * (1 - p));
	char what[80];
	snprintf(what, sizeof(what), "%u of %u blocks of %lu at %lu: expected %.0f +- %.0f",
		n_sampled, n, (unsigned long)bytes, (unsigned long)distance, mean, deviation);
	mw_check(fabs(n_sampled - mean) <= 5 * deviation + 0.5, what, __FILE__, __LINE__);
}

static void blocks_are_sampled_with_their_probability(void)
{
	static const uint64_t sizes[] = { 0, 1, 24, 333, 4096, 65536, 100000, 300000 };
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		check_share(65536, sizes[i], sizes[i] < 4096 ? 20000000 : 1000000);
	check_share(1, 1, 100000);
	check_share(2, 1, 1000000);
	check_share(1ull << 40, 1ull << 37, 100000);
}

/* Whether a block is sampled tells nothing of the next: also where both are in one stretch. */
static void samples_are_independent(void)
{
	enum { N = 2000000 };
	struct mw_sample sample;
	start(&sample, 1000, 3, 1);
	unsigned n_pairs[2][2] = { { 0 } };
	bool last = false;
	for (unsigned i = 0; i < N; i++) {
		bool is_sampled = mw_sample_takes(&sample, i % 2 ? 640 : 1280);
		if (i % 2)
			n_pairs[last][is_sampled]++;
		last = is_sampled;
	}
	double after_hit = n_pairs[1][1] / (double)(n_pairs[1][0] + n_pairs[1][1]);
	double after_miss = n_pairs[0][1] / (double)(n_pairs[0][0] + n_pairs[0][1]);
	CHECK(fabs(after_hit - after_miss) < 5 * sqrt(0.25 / (N / 8.0) * 2));
}

static void large_blocks_are_always_sampled(void)
{
	struct mw_sample sample;
	start(&sample, 4096, 11, 1);
	unsigned n_missed = 0;
	for (unsigned i = 0; i < 1000000; i++)
		n_missed += !mw_sample_takes(&sample, 20 * 4096 + 1);
	CHECK_NUMBER(n_missed, 0);
}

/* Points where a stream of one-byte blocks is hit. */
static void hits(uint64_t seed, uint64_t image, uint32_t thread, unsigned at[static 20])
{
	struct mw_sample sample;
	mw_image_offset = image;
	start(&sample, 100, seed, thread);
	for (unsigned i = 0, n = 0; n < 20; i++) {
		if (mw_sample_takes(&sample, 1))
			at[n++] = i;
	}
	mw_image_offset = 4096;
}

static void streams_differ_and_repeat(void)
{
	unsigned first[20], again[20], thread[20], image[20], seed[20];
	hits(1, 4096, 1, first);
	hits(1, 4096, 1, again);
	hits(1, 4096, 2, thread);
	hits(1, 36864, 1, image);
	hits(2, 4096, 1, seed);
	CHECK(memcmp(first, again, sizeof(first)) == 0);
	CHECK(memcmp(first, thread, sizeof(first)) != 0);
	CHECK(memcmp(first, image, sizeof(first)) != 0);
	CHECK(memcmp(first, seed, sizeof(first)) != 0);
}

static void modes_follow_the_options(void)
{
	control = (struct mwd_control){ 0 };
	mw_sample_init();
	CHECK_NUMBER(mw_stacks_mode, MW_STACKS_ALL);
	control.sample_bytes = 1;
	mw_sample_init();
	CHECK_NUMBER(mw_stacks_mode, MW_STACKS_SAMPLED);
	control.options = MWD_OPT_NO_STACKS;
	mw_sample_init();
	CHECK_NUMBER(mw_stacks_mode, MW_STACKS_OFF);
}

int main(void)
{
	size_classes_are_tight_and_in_order();
	blocks_are_sampled_with_their_probability();
	samples_are_independent();
	large_blocks_are_always_sampled();
	streams_differ_and_repeat();
	modes_follow_the_options();
	return mw_check_tally("zone/sample");
}
