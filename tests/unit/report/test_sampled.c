/* SPDX: no licence chosen yet, see README */
/*
 * test_sampled.c - records of sampled blocks -> estimates with their variance, and what has no
 * stack by choice: sums stay exact, and lines + unattributed + unstacked add up to them.
 */
#include <math.h>

#include "report/model/profile.h"
#include "report/model/sampled.h"
#include "tests/unit/check.h"
#include "tests/unit/report/dump_builder.h"

#define DISTANCE 1000
#define HEAP MWD_CLASS_HEAP
#define AT_PEAK peak_bytes[MWD_PEAK_TREE_HEAP]

/* Nodes 1 and 2: two lines; 3: the marker of what was passed over. */
static struct mw_build_node nodes[] = { { 0, 1, 0x11, 0 }, { 0, 1, 0x21, 0 },
	{ 0, 0, MWD_MARKER_NOT_SAMPLED, MWD_NODE_MARKER } };

static struct mwd_record blocks(
	uint32_t node, uint8_t size_class, uint64_t bytes, uint64_t n_blocks, uint64_t n_freed)
{
	return (struct mwd_record){ .node = node,
		.size_class = size_class,
		.allocated_bytes = bytes * n_blocks,
		.allocated_blocks = n_blocks,
		.freed_bytes = bytes * n_freed,
		.freed_blocks = n_freed };
}

static uint64_t start(struct mw_build *build, uint32_t options, uint64_t distance)
{
	mw_build_start(build, options);
	uint64_t image = mw_build_image(build, 1, 0, "a");
	mw_build_module(build, image, 1, 7, "/none/a");
	mw_build_nodes(build, image, 1, nodes, 3);
	mw_build_control(build)->sample_bytes = distance;
	return image;
}

static const struct mw_line *line_at(const struct mw_profile *profile, uint64_t address)
{
	static const struct mw_line none;
	for (size_t i = 0; i < profile->lines.n; i++) {
		if (profile->lines.items[i].address == address)
			return &profile->lines.items[i];
	}
	return &none;
}

static void check_adds_up(const struct mw_profile *profile)
{
	struct mw_sums sum = profile->unattributed[HEAP];
	mw_sums_add(&sum, &profile->unstacked[HEAP]);
	for (size_t i = 0; i < profile->lines.n; i++)
		mw_sums_add(&sum, &profile->lines.items[i].owned[HEAP]);
	CHECK_NUMBER(sum.allocated_bytes, profile->sums[HEAP].allocated_bytes);
	CHECK_NUMBER(sum.allocated_blocks, profile->sums[HEAP].allocated_blocks);
	CHECK_NUMBER(sum.freed_bytes, profile->sums[HEAP].freed_bytes);
	CHECK_NUMBER(sum.AT_PEAK, profile->sums[HEAP].AT_PEAK);
	int64_t bytes[8] = { 0 }, lines = 0;
	const struct mw_image *image = &profile->images.items[0];
	mw_profile_image_lines(profile, 0, bytes);
	for (size_t i = 0; i < 8; i++)
		lines += bytes[i];
	CHECK_NUMBER(lines + image->unattributed[HEAP].peak_bytes[MWD_PEAK_PROCESS_HEAP] +
			     image->unstacked[HEAP].peak_bytes[MWD_PEAK_PROCESS_HEAP],
		image->sums[HEAP].peak_bytes[MWD_PEAK_PROCESS_HEAP]);
}

static void probabilities_follow_the_law(void)
{
	CHECK(fabs(mw_sampled_probability(1000, mwd_size_class(1)) - 0.0009995001666) < 1e-12);
	CHECK(fabs(mw_sampled_probability(1000, mwd_size_class(100)) - (1 - exp(-0.112))) < 1e-12);
	CHECK(mw_sampled_probability(1000, mwd_size_class(20000)) == 1);
	CHECK(mw_sampled_probability(0, 5) == 1);
}

/* 30 blocks of 500, class of 512: P = 1 - exp(-0.512) = 0.40070; 20 freed, by another thread. */
static void a_sampled_block_stands_for_many(void)
{
	struct mw_build build;
	struct mw_build *one = &build;
	struct mw_profile profile;
	uint8_t small = mwd_size_class(500), large = mwd_size_class(30000);
	struct mwd_record here[] = { blocks(1, small, 500, 30, 0), blocks(2, large, 30000, 2, 1),
		blocks(3, 0, 400, 70, 60) };
	struct mwd_record there[] = { blocks(1, small, 500, 0, 20) };
	uint64_t image = start(&build, 0, DISTANCE);
	mw_build_records(&build, image, here, 3);
	mw_build_records(&build, image, there, 1);
	mw_build_profile(&profile, &one, 1);

	const double p = 1 - exp(-0.512);
	const struct mw_sums *line = &line_at(&profile, 0x10)->owned[HEAP];
	CHECK_NUMBER(line->allocated_bytes, llround(15000 / p));
	CHECK_NUMBER(line->allocated_blocks, llround(30 / p));
	CHECK_NUMBER(line->freed_bytes, llround(10000 / p));
	CHECK_NUMBER(line->AT_PEAK, llround(5000 / p));
	double each = 500.0 * 500.0 * (1 - p) / (p * p);
	CHECK(fabs(line->allocated_variance - 30 * each) < 1);
	CHECK(fabs(line->live_variance - 10 * each) < 1);
	CHECK(fabs(line->peak_variance[MWD_PEAK_TREE_HEAP] - 10 * each) < 1);
	CHECK_NUMBER(mw_sums_margin(30 * each), (int64_t)ceil(1.96 * sqrt(30 * each)));

	const struct mw_sums *certain = &line_at(&profile, 0x20)->owned[HEAP];
	CHECK_NUMBER(certain->allocated_bytes, 60000);
	CHECK_NUMBER(certain->AT_PEAK, 30000);
	CHECK(certain->allocated_variance == 0);

	CHECK_NUMBER(profile.sums[HEAP].allocated_bytes, 15000 + 60000 + 28000);
	CHECK_NUMBER(profile.sums[HEAP].allocated_blocks, 102);
	CHECK_NUMBER(profile.images.items[0].n_sampled_blocks, 32);
	CHECK_NUMBER(profile.sites.n, 2); /* the marker is none */
	CHECK(profile.is_sampled && profile.has_stacks && !profile.has_stackless);
	CHECK_NUMBER(profile.unattributed[HEAP].allocated_bytes, 0);
	CHECK_NUMBER(profile.partial[HEAP].allocated_bytes, 0);
	check_adds_up(&profile);
	mw_profile_deinit(&profile);
	mw_build_free(&build);
}

/* Rounded once, not record by record: nothing is left of blocks that are all gone. */
static void what_is_all_freed_is_estimated_as_nothing(void)
{
	struct mw_build build;
	struct mw_build *one = &build;
	struct mw_profile profile;
	uint8_t tiny = mwd_size_class(3);
	uint64_t image = start(&build, 0, DISTANCE);
	for (uint64_t n = 1; n <= 9; n++) {
		struct mwd_record records[] = { blocks(1, tiny, 3, n, 0),
			blocks(1, tiny, 3, 0, 5) };
		mw_build_records(&build, image, records, 2);
	}
	mw_build_profile(&profile, &one, 1);
	const struct mw_sums *line = &line_at(&profile, 0x10)->owned[HEAP];
	CHECK(line->allocated_blocks > 10000);
	CHECK_NUMBER(mw_sums_live_bytes(line), 0);
	CHECK_NUMBER(mw_sums_live_blocks(line), 0);
	CHECK_NUMBER(line->AT_PEAK, 0);
	CHECK(line->live_variance == 0);
	check_adds_up(&profile);
	mw_profile_deinit(&profile);
	mw_build_free(&build);
}

static void stacks_off_is_not_unattributed(void)
{
	struct mw_build build;
	struct mw_build *one = &build;
	struct mw_profile profile;
	nodes[2].value = MWD_MARKER_STACKS_OFF;
	struct mwd_record records[] = { blocks(3, 0, 400, 70, 60), blocks(0, 0, 7, 1, 0) };
	uint64_t image = start(&build, MWD_OPT_NO_STACKS, 0);
	nodes[2].value = MWD_MARKER_NOT_SAMPLED;
	mw_build_records(&build, image, records, 2);
	mw_build_profile(&profile, &one, 1);
	CHECK(!profile.has_stacks && profile.has_stackless && !profile.is_sampled);
	CHECK_NUMBER(profile.unstacked[HEAP].allocated_bytes, 28000);
	CHECK_NUMBER(profile.unattributed[HEAP].allocated_bytes, 7);
	CHECK_NUMBER(profile.lines.n, 0);
	check_adds_up(&profile);
	mw_profile_deinit(&profile);
	mw_build_free(&build);
}

/* Numbers no zone writes: no trap, and the sums still add up. */
static void damaged_records_are_harmless(void)
{
	struct mw_build build;
	struct mw_build *one = &build;
	struct mw_profile profile;
	struct mwd_record records[] = { blocks(1, 200, 500, 30, 0), blocks(1, 1, 1ull << 60, 1, 0),
		blocks(2, 1, 1, 1ull << 63, 3), blocks(1, 5, UINT64_MAX, 1, 0) };
	uint64_t image = start(&build, 0, UINT64_MAX);
	mw_build_records(&build, image, records, 4);
	mw_build_profile(&profile, &one, 1);
	CHECK_NUMBER(profile.n_bad_records, 1);
	check_adds_up(&profile);
	mw_profile_deinit(&profile);
	mw_build_free(&build);
}

int main(void)
{
	probabilities_follow_the_law();
	a_sampled_block_stands_for_many();
	what_is_all_freed_is_estimated_as_nothing();
	stacks_off_is_not_unattributed();
	damaged_records_are_harmless();
	return mw_check_tally("report/sampled");
}
