/* SPDX: no licence chosen yet, see README */
/*
 * test_fixture.c - the run kept of each dump format version is read as on its first day.
 * Argument: tests/fixtures. The numbers are what workloads/truth_tree.c said of itself.
 */
#include <stdlib.h>

#include "report/model/processes.h"
#include "tests/unit/check.h"

static void refuse(void *context, const struct mw_diag *diag)
{
	(void)context;
	mw_check(false, diag->text, __FILE__, __LINE__);
}

struct expected_process {
	int64_t heap_peak_bytes, at_tree_peak_bytes;
	int exit_status;
};

static const struct expected_process expected[] = {
	{ 614400, 153600, 0 },
	{ 921600, 460800, 0 },
	{ 819200, 460800, 1 },
	{ 409600, 409600, 2 },
};

static void check_processes(struct mw_profile *profile)
{
	struct mw_processes processes;
	CHECK_NUMBER(mw_processes_build(profile, &processes), 0);
	CHECK_NUMBER(processes.rows.n, 4);
	for (size_t i = 0; i < 4 && i < processes.rows.n; i++) {
		const struct mw_process_row *row = &processes.rows.items[i];
		CHECK_NUMBER(row->heap_peak_bytes, expected[i].heap_peak_bytes);
		CHECK_NUMBER(row->at_tree_peak_bytes, expected[i].at_tree_peak_bytes);
		CHECK_NUMBER(row->end, MW_PROCESS_EXITED);
		CHECK_NUMBER(row->end_value, expected[i].exit_status);
		CHECK_NUMBER(row->parent, i == 0 ? MW_NONE : 0);
		CHECK(row->is_rss_exact);
	}
	mw_processes_deinit(&processes);
}

int main(int argc, char **argv)
{
	char path[4096];
	const char *directory = path;
	struct mw_profile profile;
	snprintf(path, sizeof(path), "%s/dump-v1", argc > 1 ? argv[1] : ".");
	CHECK_NUMBER(mw_profile_open(&profile, &directory, 1, refuse, NULL), 0);
	CHECK_NUMBER(profile.images.n, 4);
	CHECK_NUMBER(profile.tree_heap_peak_bytes, 1484800);
	const struct mw_sums *heap = &profile.sums[MWD_CLASS_HEAP];
	CHECK_NUMBER(heap->peak_bytes[MWD_PEAK_TREE_HEAP], 1484800);
	CHECK_NUMBER(heap->peak_blocks[MWD_PEAK_TREE_HEAP], 6);
	CHECK_NUMBER(heap->allocated_bytes, 3758080);
	CHECK_NUMBER(heap->allocated_blocks, 10);
	CHECK_NUMBER(heap->freed_bytes, 2150400);
	CHECK_NUMBER(heap->freed_here_bytes, 2150400);
	CHECK_NUMBER(heap->max_total_bytes, 921600);
	CHECK(profile.has_free_stacks);
	if (profile.runs.n == 1) {
		CHECK(!mw_dump_is_damaged(&profile.runs.items[0].dump));
		CHECK(profile.runs.items[0].info_problem == NULL);
		CHECK_NUMBER(profile.runs.items[0].dump.control.rss_peak_bytes, 5414912);
	}
	check_processes(&profile);
	mw_profile_deinit(&profile);
	return mw_check_tally("report/fixture");
}
