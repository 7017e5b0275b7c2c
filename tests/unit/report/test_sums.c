/* SPDX: no licence chosen yet, see README */
/*
 * test_sums.c - settling of peaks, all the cases of preload/format.h: kept, current, ended
 * before, ended after, peak at the end, never sampled.
 */
#include "report/model/sums.h"
#include "tests/unit/check.h"

/* 1000 allocated, 300 freed: current 700 bytes in 7 blocks; kept values differ by peak. */
static const struct mwd_record record = {
	.allocated_bytes = 1000,
	.allocated_blocks = 10,
	.freed_bytes = 300,
	.freed_blocks = 3,
	.epoch = { 5, 8, 2 },
	.peak_bytes = { 900, 800, 600 },
	.peak_blocks = { 9, 8, 6 },
};

static struct mwd_control control_at(uint32_t heap_epoch, uint32_t rss_epoch)
{
	return (struct mwd_control){ .heap_epoch = heap_epoch,
		.heap_live_bytes = 10,
		.heap_peak_bytes = 5000,
		.rss_epoch = rss_epoch,
		.rss_peak_bytes = 9999 };
}

static struct mwd_image image_at(uint32_t heap_epoch)
{
	return (struct mwd_image){ .heap_epoch = heap_epoch,
		.total = { { .live_bytes = 700, .peak_bytes = 900 } } };
}

static struct mw_sums settle(const struct mwd_control *control, const struct mwd_image *image)
{
	struct mw_settle epochs;
	mw_settle_init(&epochs, control, image);
	return mw_settle_record(&epochs, &record);
}

static void takes_kept_value_of_the_final_epoch(void)
{
	struct mwd_control control = control_at(8, 2);
	struct mwd_image image = image_at(5);
	struct mw_sums sums = settle(&control, &image);
	CHECK_NUMBER(sums.peak_bytes[MWD_PEAK_PROCESS_HEAP], 900);
	CHECK_NUMBER(sums.peak_bytes[MWD_PEAK_TREE_HEAP], 800);
	CHECK_NUMBER(sums.peak_bytes[MWD_PEAK_TREE_RSS], 600);
	CHECK_NUMBER(sums.peak_blocks[MWD_PEAK_TREE_RSS], 6);
}

static void takes_current_value_of_an_untouched_record(void)
{
	struct mwd_control control = control_at(9, 3);
	struct mwd_image image = image_at(6);
	struct mw_sums sums = settle(&control, &image);
	for (unsigned peak = 0; peak < MWD_N_PEAKS; peak++) {
		CHECK_NUMBER(sums.peak_bytes[peak], 700);
		CHECK_NUMBER(sums.peak_blocks[peak], 7);
	}
}

static void image_that_ended_before_held_nothing(void)
{
	struct mwd_control control = control_at(9, 3);
	struct mwd_image image = image_at(5);
	image.end_epoch[MWD_PEAK_TREE_HEAP] = 8;
	image.end_epoch[MWD_PEAK_TREE_RSS] = 2;
	struct mw_sums sums = settle(&control, &image);
	CHECK_NUMBER(sums.peak_bytes[MWD_PEAK_PROCESS_HEAP], 900);
	CHECK_NUMBER(sums.peak_bytes[MWD_PEAK_TREE_HEAP], 0);
	CHECK_NUMBER(sums.peak_blocks[MWD_PEAK_TREE_HEAP], 0);
	CHECK_NUMBER(sums.peak_bytes[MWD_PEAK_TREE_RSS], 0);
}

static void image_that_ended_after_held_its_part(void)
{
	struct mwd_control control = control_at(8, 3);
	struct mwd_image image = image_at(5);
	image.end_epoch[MWD_PEAK_TREE_HEAP] = 8;
	image.end_epoch[MWD_PEAK_TREE_RSS] = 3;
	struct mw_sums sums = settle(&control, &image);
	CHECK_NUMBER(sums.peak_bytes[MWD_PEAK_TREE_HEAP], 800);
	CHECK_NUMBER(sums.peak_bytes[MWD_PEAK_TREE_RSS], 700);
}

static void peak_at_the_end_is_the_current_value(void)
{
	struct mwd_control control = control_at(8, 2);
	struct mwd_image image = image_at(5);
	control.heap_live_bytes = 6000; /* above the recorded 5000 */
	image.total[MWD_CLASS_HEAP].live_bytes = 950;
	struct mw_sums sums = settle(&control, &image);
	CHECK_NUMBER(mw_settle_tree_heap_peak(&control), 6000);
	CHECK_NUMBER(mw_settle_process_peak(&image, MWD_CLASS_HEAP), 950);
	CHECK_NUMBER(sums.peak_bytes[MWD_PEAK_PROCESS_HEAP], 700);
	CHECK_NUMBER(sums.peak_bytes[MWD_PEAK_TREE_HEAP], 700);
	CHECK_NUMBER(sums.peak_bytes[MWD_PEAK_TREE_RSS], 600);
	image.end_epoch[MWD_PEAK_TREE_HEAP] = 8; /* gone before that end */
	CHECK_NUMBER(settle(&control, &image).peak_bytes[MWD_PEAK_TREE_HEAP], 0);
}

static void nothing_was_held_at_an_rss_peak_never_sampled(void)
{
	struct mwd_control control = control_at(8, 2);
	struct mwd_image image = image_at(5);
	control.rss_peak_bytes = 0;
	CHECK_NUMBER(settle(&control, &image).peak_bytes[MWD_PEAK_TREE_RSS], 0);
}

static void adds_up_but_for_the_maximum(void)
{
	struct mw_sums sums = { .allocated_bytes = 5, .max_total_bytes = 7 };
	struct mw_sums more = { .allocated_bytes = 6, .freed_bytes = 20, .max_total_bytes = 3 };
	mw_sums_add(&sums, &more);
	CHECK_NUMBER(sums.allocated_bytes, 11);
	CHECK_NUMBER(sums.max_total_bytes, 7);
	CHECK_NUMBER(mw_sums_live_bytes(&sums), -9); /* frees of other threads' blocks */
}

int main(void)
{
	takes_kept_value_of_the_final_epoch();
	takes_current_value_of_an_untouched_record();
	image_that_ended_before_held_nothing();
	image_that_ended_after_held_its_part();
	peak_at_the_end_is_the_current_value();
	nothing_was_held_at_an_rss_peak_never_sampled();
	adds_up_but_for_the_maximum();
	return mw_check_tally("report/sums");
}
