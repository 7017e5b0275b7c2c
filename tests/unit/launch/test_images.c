/* SPDX: no licence chosen yet, see README */
/*
 * test_images.c - burying the dead, on a forged dump: the arithmetic of the tree's peak, ends
 * that were told, cut short or never told, and lists that lie.
 *
 * The dump is written here as the zone would write it; the images belong to no real process,
 * so every interleaving can be set up by hand.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/launch/images.h"
#include "preload/launch/run_dir.h"
#include "tests/unit/launch/check.h"

static struct mw_control control;
static struct mw_images images;
static struct mw_run_dir run_dir;
static char *file; /* the first 64 pages, mapped shared */

static void begin(void)
{
	struct mw_failure failure;
	struct mw_control_settings settings = { .options = MWD_OPT_FREE_STACKS, .max_frames = 99 };
	strcpy(run_dir.path, "/tmp/mw-images-XXXXXX");
	run_dir.is_created = mkdtemp(run_dir.path) != NULL;
	CHECK_INT(mw_control_create(&run_dir, &settings, &control, &failure), MW_EXIT_OK);
	file = mmap(NULL, 64 * MWD_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, control.fd, 0);
}

static void end(void)
{
	mw_images_deinit(&images);
	munmap(file, 64 * MWD_PAGE);
	mw_control_close(&control, 1);
	mw_run_dir_discard(&run_dir);
	CHECK(access(run_dir.path, F_OK) != 0);
}

static struct mwd_image *image_at(uint64_t page)
{
	return (struct mwd_image *)(file + page * MWD_PAGE);
}

static struct mwd_image *add_image(uint64_t page, int32_t pid, int64_t live_bytes)
{
	struct mwd_image *image = image_at(page);
	memset(image, 0, sizeof(*image));
	image->pid = pid;
	image->ppid = pid == 1 ? 0 : 10;
	image->start_ns = (int64_t)page;
	image->tree_contribution_bytes = live_bytes;
	image->total[MWD_CLASS_HEAP].live_bytes = live_bytes;
	image->prev_image = control.page->images_head;
	image->segment.kind = MWD_SEGMENT_IMAGE;
	image->segment.magic = MWD_SEGMENT_MAGIC;
	control.page->images_head = page * MWD_PAGE;
	control.page->heap_live_bytes += live_bytes;
	return image;
}

static void test_control_page(void)
{
	begin();
	CHECK_INT(control.page->version, MWD_VERSION);
	CHECK_INT(control.page->options, MWD_OPT_FREE_STACKS);
	CHECK_INT(control.page->max_frames, 99);
	CHECK_INT((long long)control.page->next_offset, MWD_CLAIM_ALIGN);
	uint64_t first_end = control.page->allocated_end;
	CHECK(first_end >= MWD_PAGE + MW_CONTROL_LEAST_AHEAD_BYTES);
	CHECK(first_end < MW_CONTROL_AHEAD_BYTES); /* little, until something is claimed */
	control.page->next_offset = 3u << 20;
	mw_control_allocate_ahead(&control);
	CHECK(control.page->allocated_end >= 2 * control.page->next_offset);
	control.page->next_offset = MWD_PAGE;
	control.page->next_offset += 32u << 20; /* a claimer that ran ahead of us */
	mw_control_allocate_ahead(&control);
	CHECK(control.page->allocated_end > first_end);
	CHECK(control.page->allocated_end >= control.page->next_offset + MW_CONTROL_AHEAD_BYTES);
	uint64_t end_before = control.page->allocated_end;
	control.page->next_offset =
		UINT64_MAX - MWD_PAGE + 1; /* damaged: no reason to fill the disk */
	mw_control_allocate_ahead(&control);
	CHECK_INT((long long)control.page->allocated_end, (long long)end_before);
	control.page->next_offset = MWD_PAGE;
	end();
}

/* 100 + 50 live, never published as a peak: a death must make 150 the peak before it takes 50. */
static void test_killed_at_the_peak(void)
{
	begin();
	struct mwd_image *survivor = add_image(1, 11, 100);
	struct mwd_image *victim = add_image(2, 12, 50);
	mw_control_set_rss_peak(&control, 777, 5);
	mw_images_collect(&images, &control);
	CHECK_INT((long long)images.n_open, 2);
	mw_images_bury_pid(&images, &control, 12, 42);
	CHECK_INT(control.page->heap_peak_bytes, 150);
	CHECK_INT(control.page->heap_peak_ns, 42);
	CHECK_INT(control.page->heap_live_bytes, 100);
	CHECK_INT(control.page->heap_epoch, 2);
	CHECK_INT(victim->end, MWD_END_KILLED);
	CHECK_INT(victim->end_ns, 42);
	CHECK_INT(victim->end_epoch[MWD_PEAK_TREE_HEAP], 2); /* it held bytes at this peak */
	CHECK_INT(victim->end_epoch[MWD_PEAK_TREE_RSS], 2);
	CHECK_INT(victim->tree_contribution_bytes, 0);
	CHECK_INT(survivor->end, MWD_END_NONE);
	mw_images_bury_pid(&images, &control, 12, 43); /* once only */
	CHECK_INT(control.page->heap_live_bytes, 100);
	/* Below the peak a death starts no epoch. */
	mw_images_bury_pid(&images, &control, 11, 44);
	CHECK_INT(control.page->heap_epoch, 2);
	CHECK_INT(control.page->heap_live_bytes, 0);
	end();
}

/* The zone publishes to the tree in batches: 10 of the victim's 50 were still held back. */
static void test_killed_with_bytes_held_back(void)
{
	begin();
	add_image(1, 11, 100);
	struct mwd_image *victim = add_image(2, 12, 40);
	victim->total[MWD_CLASS_HEAP].live_bytes = 50;
	mw_images_collect(&images, &control);
	mw_images_bury_pid(&images, &control, 12, 42);
	CHECK_INT(control.page->heap_peak_bytes, 150);
	CHECK_INT(control.page->heap_live_bytes, 100);
	CHECK_INT(victim->end_epoch[MWD_PEAK_TREE_HEAP], control.page->heap_epoch);
	end();
}

static void test_ends_that_were_told(void)
{
	begin();
	struct mwd_image *gone = add_image(1, 11, 0);
	gone->end = MWD_END_EXIT;
	gone->end_ns = 7;
	struct mwd_image *cut_short = add_image(2, 12, 30); /* killed within its farewell */
	cut_short->end = MWD_END_IMMEDIATE;
	cut_short->end_ns = 8;
	mw_images_collect(&images, &control);
	CHECK_INT((long long)images.n_open, 1);
	mw_images_bury_pid(&images, &control, 11, 42);
	mw_images_bury_pid(&images, &control, 12, 42);
	CHECK_INT(gone->end, MWD_END_EXIT);
	CHECK_INT(gone->end_ns, 7);
	CHECK_INT(cut_short->end, MWD_END_IMMEDIATE);
	CHECK_INT(cut_short->end_ns, 8);
	CHECK_INT(cut_short->end_epoch[MWD_PEAK_TREE_HEAP], 2);
	CHECK_INT(control.page->heap_live_bytes, 0);
	end();
}

/* An exec may fail and be taken back: such an image is watched until a new one replaces it. */
static void test_exec(void)
{
	begin();
	struct mwd_image *old = add_image(1, 11, 0);
	old->end = MWD_END_EXEC;
	mw_images_collect(&images, &control);
	CHECK_INT((long long)images.n_open, 1);
	old->end = MWD_END_NONE; /* it failed */
	old->tree_contribution_bytes = 5;
	old->total[MWD_CLASS_HEAP].live_bytes = 5;
	control.page->heap_live_bytes = 5;
	mw_images_collect(&images, &control);
	CHECK_INT((long long)images.n_open, 1);
	old->end = MWD_END_EXEC; /* it succeeded */
	old->tree_contribution_bytes = 0;
	control.page->heap_live_bytes = 0;
	add_image(2, 11, 9);
	mw_images_collect(&images, &control);
	mw_images_collect(&images, &control);
	CHECK_INT((long long)images.n_open, 1);
	CHECK_INT((long long)images.open[0].offset, 2 * MWD_PAGE);
	mw_images_bury_pid(&images, &control, 11, 42);
	CHECK_INT(old->end, MWD_END_EXEC);
	CHECK_INT(image_at(2)->end, MWD_END_KILLED);
	end();
}

static void test_each_image_once(void)
{
	begin();
	for (uint64_t page = 1; page < 60; page++) {
		add_image(page, (int32_t)page + 10, 1);
		if (page % 7 == 0)
			mw_images_collect(&images, &control);
	}
	mw_images_collect(&images, &control);
	mw_images_collect(&images, &control);
	CHECK_INT((long long)images.n_open, 59);
	CHECK_INT(images.open[0].pid_namespace, 0);
	/* The first of a pid namespace, whose pid says so; it is not whoever has it outside. */
	add_image(61, 1, 1);
	mw_images_collect(&images, &control);
	CHECK(images.open[59].pid_namespace != 0);
	mw_images_bury_pid(&images, &control, 1, 42);
	CHECK_INT((long long)images.n_open, 60);
	end();
}

static void check_list(uint64_t head, size_t n_expected)
{
	mw_images_deinit(&images);
	control.page->images_head = head;
	mw_images_collect(&images, &control);
	CHECK_INT((long long)images.n_open, (long long)n_expected);
}

static void test_lists_that_lie(void)
{
	begin();
	add_image(1, 11, 0);
	add_image(2, 12, 0);
	check_list(2 * MWD_PAGE, 2);
	check_list(2 * MWD_PAGE + 8, 0);
	check_list(UINT64_MAX - MWD_PAGE + 1, 0);
	check_list(1ull << 40, 0);
	check_list(3 * MWD_PAGE, 0);		/* nothing there */
	image_at(1)->prev_image = 2 * MWD_PAGE; /* a ring ends after as many links as pages */
	mw_images_deinit(&images);
	control.page->images_head = 2 * MWD_PAGE;
	mw_images_collect(&images, &control);
	image_at(1)->prev_image = 1ull << 50;
	check_list(2 * MWD_PAGE, 2);
	image_at(1)->pid = -4;
	check_list(2 * MWD_PAGE, 1);
	end();
}

int main(void)
{
	test_control_page();
	test_killed_at_the_peak();
	test_killed_with_bytes_held_back();
	test_ends_that_were_told();
	test_exec();
	test_each_image_once();
	test_lists_that_lie();
	return n_failed_checks != 0;
}
