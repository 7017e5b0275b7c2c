/* SPDX: no licence chosen yet, see README */
/*
 * test_merge.c - records of several images and runs -> one profile. Modules that are not on disk
 * make every address a line of its own, so sums can be told apart by address.
 */
#include "report/model/profile.h"
#include "tests/unit/check.h"
#include "tests/unit/report/dump_builder.h"

static const struct mw_line *line_at(const struct mw_profile *profile, uint64_t address)
{
	static const struct mw_line none;
	for (size_t i = 0; i < profile->lines.n; i++) {
		if (profile->lines.items[i].address == address)
			return &profile->lines.items[i];
	}
	return &none;
}

static struct mwd_record heap(uint32_t node, uint64_t bytes, uint64_t blocks)
{
	return (struct mwd_record){ .node = node,
		.allocated_bytes = bytes,
		.allocated_blocks = blocks,
		.max_total_bytes = bytes };
}

/* Every heap byte at a line or unattributed, in the whole and in each image. */
static void check_sums(const struct mw_profile *profile)
{
	struct mw_sums owned = profile->unattributed[MWD_CLASS_HEAP], images = { 0 };
	for (size_t i = 0; i < profile->lines.n; i++)
		mw_sums_add(&owned, &profile->lines.items[i].owned[MWD_CLASS_HEAP]);
	for (size_t i = 0; i < profile->images.n; i++)
		mw_sums_add(&images, &profile->images.items[i].sums[MWD_CLASS_HEAP]);
	CHECK_NUMBER(owned.allocated_bytes, profile->sums[MWD_CLASS_HEAP].allocated_bytes);
	CHECK_NUMBER(images.allocated_bytes, profile->sums[MWD_CLASS_HEAP].allocated_bytes);
	for (unsigned peak = 0; peak < MWD_N_PEAKS; peak++) {
		CHECK_NUMBER(
			owned.peak_bytes[peak], profile->sums[MWD_CLASS_HEAP].peak_bytes[peak]);
		CHECK_NUMBER(
			images.peak_bytes[peak], profile->sums[MWD_CLASS_HEAP].peak_bytes[peak]);
	}
}

/* The same build ID under other module ids and paths, in two images of each of two runs. */
static void merges_by_build_id_over_images_and_runs(void)
{
	struct mw_build builds[2];
	struct mw_build *both[2] = { &builds[0], &builds[1] };
	struct mw_profile profile;
	for (int run = 0; run < 2; run++) {
		mw_build_start(&builds[run], 0);
		for (uint16_t i = 1; i <= 2; i++) {
			struct mw_build_node node = { 0, i, 0x101, 0 };
			struct mwd_record record = heap(1, 100, 1);
			uint64_t image = mw_build_image(&builds[run], i, 0, i == 1 ? "cc1" : "as");
			mw_build_module(&builds[run], image, i, 7, run ? "/none/a" : "/none/b");
			mw_build_nodes(&builds[run], image, 1, &node, 1);
			mw_build_records(&builds[run], image, &record, 1);
		}
		mw_build_control(&builds[run])->heap_peak_bytes = 200;
	}
	mw_build_profile(&profile, both, 2);
	CHECK_NUMBER(profile.modules.n, 1);
	CHECK_NUMBER(profile.sites.n, 1);
	const struct mw_line *line = line_at(&profile, 0x100); /* the call, not the return */
	CHECK_NUMBER(line->owned[MWD_CLASS_HEAP].peak_bytes[MWD_PEAK_TREE_HEAP], 400);
	CHECK_NUMBER(profile.tree_heap_peak_bytes, 400);
	int n_shares = 0;
	for (uint32_t at = line->first_share; at != MW_NONE; at = profile.shares.items[at].next) {
		CHECK_NUMBER(profile.shares.items[at].n_images, 2);
		CHECK_NUMBER(profile.shares.items[at].bytes, 200);
		n_shares++;
	}
	CHECK_NUMBER(n_shares, 2); /* cc1 and as */
	check_sums(&profile);
	mw_profile_deinit(&profile);
	mw_build_free(&builds[0]);
	mw_build_free(&builds[1]);
}

static void without_build_id_the_path_decides(void)
{
	struct mw_build build;
	struct mw_build *one = &build;
	struct mw_profile profile;
	mw_build_start(&build, 0);
	uint64_t image = mw_build_image(&build, 1, 0, "a");
	mw_build_module(&build, image, 1, 0, "/none/a");
	mw_build_module(&build, image, 2, 0, "/none/b");
	mw_build_module(&build, image, 3, 0, "/none/a"); /* loaded again */
	mw_build_profile(&profile, &one, 1);
	CHECK_NUMBER(profile.modules.n, 2);
	mw_profile_deinit(&profile);
	mw_build_free(&build);
}

/* A grandchild names nodes and modules of its parent and of its grandparent by id. */
static void forked_children_inherit_ids(void)
{
	struct mw_build build;
	struct mw_build *one = &build;
	struct mw_profile profile;
	struct mw_build_node root_nodes[] = { { 0, 1, 0x11, 0 }, { 1, 1, 0x21, 0 },
		{ 1, 1, 0x999, 0 } };
	struct mw_build_node child_nodes[] = { { 2, 1, 0x31, 0 } };
	struct mw_build_node grandchild_nodes[] = { { 3, 2, 0x41, 0 } };
	struct mwd_record records[] = { heap(4, 10, 1), heap(3, 20, 1), heap(2, 40, 1) };
	mw_build_start(&build, 0);
	uint64_t root = mw_build_image(&build, 1, 0, "a");
	mw_build_module(&build, root, 1, 7, "/none/a");
	mw_build_nodes(&build, root, 1, root_nodes, 3); /* id 3 made after the fork */
	uint64_t child = mw_build_fork(&build, root, 2, 3, 2);
	mw_build_nodes(&build, child, 3, child_nodes, 1);
	mw_build_module(&build, child, 2, 8, "/none/b");
	uint64_t grandchild = mw_build_fork(&build, child, 3, 4, 3);
	mw_build_nodes(&build, grandchild, 4, grandchild_nodes, 1);
	mw_build_records(&build, grandchild, records, 3);
	mw_build_profile(&profile, &one, 1);
	CHECK_NUMBER(profile.n_broken_stacks, 0);
	CHECK_NUMBER(line_at(&profile, 0x40)->owned[MWD_CLASS_HEAP].allocated_bytes, 10);
	CHECK_NUMBER(line_at(&profile, 0x30)->owned[MWD_CLASS_HEAP].allocated_bytes, 20);
	CHECK_NUMBER(line_at(&profile, 0x30)->through[MWD_CLASS_HEAP].allocated_bytes, 30);
	CHECK_NUMBER(line_at(&profile, 0x20)->through[MWD_CLASS_HEAP].allocated_bytes, 70);
	CHECK_NUMBER(line_at(&profile, 0x10)->through[MWD_CLASS_HEAP].allocated_bytes, 70);
	CHECK(line_at(&profile, 0x40)->function_idx != line_at(&profile, 0x30)->function_idx);
	check_sums(&profile);
	mw_profile_deinit(&profile);
	mw_build_free(&build);
}

static void cross_thread_frees_settle_in_the_sum(void)
{
	struct mw_build build;
	struct mw_build *one = &build;
	struct mw_profile profile;
	struct mw_build_node node = { 0, 1, 0x11, 0 };
	struct mwd_record allocating = heap(1, 1000, 10);
	struct mwd_record freeing = { .node = 1, .freed_bytes = 600, .freed_blocks = 6 };
	mw_build_start(&build, 0);
	uint64_t image = mw_build_image(&build, 1, 0, "a");
	mw_build_module(&build, image, 1, 7, "/none/a");
	mw_build_nodes(&build, image, 1, &node, 1);
	mw_build_records(&build, image, &allocating, 1);
	mw_build_records(&build, image, &freeing, 1); /* the other thread's block */
	mw_build_profile(&profile, &one, 1);
	const struct mw_sums *sums = &line_at(&profile, 0x10)->owned[MWD_CLASS_HEAP];
	CHECK_NUMBER(profile.sites.n, 1);
	CHECK_NUMBER(mw_sums_live_bytes(sums), 400);
	CHECK_NUMBER(mw_sums_live_blocks(sums), 4);
	CHECK_NUMBER(sums->peak_bytes[MWD_PEAK_PROCESS_HEAP], 400);
	check_sums(&profile);
	mw_profile_deinit(&profile);
	mw_build_free(&build);
}

static void recursion_counts_once(void)
{
	struct mw_build build;
	struct mw_build *one = &build;
	struct mw_profile profile;
	struct mw_build_node nodes[] = { { 0, 1, 0x11, 0 }, { 1, 1, 0x21, 0 }, { 2, 1, 0x21, 0 },
		{ 3, 1, 0x21, 0 } };
	struct mwd_record record = heap(4, 5, 1);
	mw_build_start(&build, 0);
	uint64_t image = mw_build_image(&build, 1, 0, "a");
	mw_build_module(&build, image, 1, 7, "/none/a");
	mw_build_nodes(&build, image, 1, nodes, 4);
	mw_build_records(&build, image, &record, 1);
	mw_build_profile(&profile, &one, 1);
	CHECK_NUMBER(line_at(&profile, 0x20)->through[MWD_CLASS_HEAP].allocated_bytes, 5);
	CHECK_NUMBER(profile.functions.n, 1);
	CHECK_NUMBER(profile.functions.items[0].through[MWD_CLASS_HEAP].allocated_bytes, 5);
	mw_profile_deinit(&profile);
	mw_build_free(&build);
}

/* What cannot be followed is unattributed or cut and counted; no byte is dropped. */
static void bad_nodes_keep_the_sum(void)
{
	struct mw_build build;
	struct mw_build *one = &build;
	struct mw_profile profile;
	struct mw_build_node nodes[] = {
		{ 2, 1, 0x11, 0 }, { 1, 1, 0x21, 0 },		     /* 1, 2: a cycle */
		{ 77, 1, 0x31, 0 },				     /* 3: no such parent */
		{ 0, 0, MWD_MARKER_TRUNCATED, MWD_NODE_MARKER },     /* 4 */
		{ 4, 1, 0x51, 0 }, { 0, 0, 0x7fffff, MWD_NODE_JIT }, /* 5, 6 */
		{ 0, 9, 0x71, 0 }, { 0, 0, 0, 99 },		     /* 7: no such module, 8 */
	};
	struct mwd_record records[10];
	for (uint32_t i = 0; i < 10; i++)
		records[i] = heap(i, 1u << i, 1); /* 9: no such node; 0: no stack */
	mw_build_start(&build, 0);
	uint64_t image = mw_build_image(&build, 1, 0, "a");
	mw_build_module(&build, image, 1, 7, "/none/a");
	mw_build_nodes(&build, image, 1, nodes, 8);
	mw_build_records(&build, image, records, 10);
	mw_build_profile(&profile, &one, 1);
	CHECK_NUMBER(profile.sums[MWD_CLASS_HEAP].allocated_bytes, (1 << 10) - 1);
	CHECK_NUMBER(
		profile.unattributed[MWD_CLASS_HEAP].allocated_bytes, 1 << 0 | 1 << 4 | 1 << 9);
	CHECK_NUMBER(profile.partial[MWD_CLASS_HEAP].allocated_bytes,
		1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 9);
	CHECK_NUMBER(profile.n_broken_stacks, 3); /* the cycle once, nodes 77 and 9 */
	check_sums(&profile);
	mw_profile_deinit(&profile);
	mw_build_free(&build);
}

static void our_own_frames_are_left_out(void)
{
	struct mw_build build;
	struct mw_build *one = &build;
	struct mw_profile profile;
	struct mw_build_node nodes[] = { { 0, 1, 0x11, 0 }, { 1, 2, 0x21, 0 } };
	struct mwd_record record = heap(2, 5, 1);
	mw_build_start(&build, 0);
	uint64_t image = mw_build_image(&build, 1, 0, "a");
	mw_build_module(&build, image, 1, 7, "/none/a");
	mw_build_module(&build, image, 2, 8, "/opt/lib/libmemwatch-preload.so");
	mw_build_nodes(&build, image, 1, nodes, 2);
	mw_build_records(&build, image, &record, 1);
	mw_build_profile(&profile, &one, 1);
	CHECK_NUMBER(profile.lines.n, 1);
	CHECK_NUMBER(line_at(&profile, 0x10)->owned[MWD_CLASS_HEAP].allocated_bytes, 5);
	mw_profile_deinit(&profile);
	mw_build_free(&build);
}

int main(void)
{
	merges_by_build_id_over_images_and_runs();
	without_build_id_the_path_decides();
	forked_children_inherit_ids();
	cross_thread_frees_settle_in_the_sum();
	recursion_counts_once();
	bad_nodes_keep_the_sum();
	our_own_frames_are_left_out();
	return mw_check_tally("report/merge");
}
