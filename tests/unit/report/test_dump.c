/* SPDX: no licence chosen yet, see README */
/*
 * test_dump.c - the dump reader: what is refused with which words, what is found, what is
 * salvaged of a damaged file.
 */
#include "report/ingest/dump.h"
#include "tests/unit/check.h"
#include "tests/unit/report/dump_builder.h"

static const char *refusal(const void *bytes, size_t n_bytes)
{
	static struct mw_diag diag;
	struct mw_dump dump;
	diag.text[0] = '\0';
	uint8_t *copy = aligned_alloc(8, (n_bytes + 8) & ~(size_t)7);
	memcpy(copy, bytes, n_bytes);
	int error = mw_dump_parse((struct mw_span){ copy, n_bytes }, "f", &dump, &diag);
	CHECK_NUMBER(error, error ? -22 : 0);
	mw_dump_deinit(&dump);
	free(copy);
	return diag.text;
}

static void refuses_what_is_no_dump(void)
{
	struct mw_build build;
	mw_build_start(&build, 0);
	CHECK_TEXT(refusal(build.bytes, build.n_bytes), "");
	CHECK_TEXT(refusal("", 0), "f: empty file");
	CHECK_TEXT(refusal("\177ELF", 4), "f: not a memwatch dump");
	CHECK_TEXT(refusal(build.bytes, 100),
		"f: truncated: 100 bytes, the control page alone has 4096");
	mw_build_control(&build)->version = 7;
	CHECK_TEXT(refusal(build.bytes, build.n_bytes),
		"f: dump format version 7, this program reads version 1");
	mw_build_control(&build)->version = 0x01000000;
	CHECK_TEXT(refusal(build.bytes, build.n_bytes),
		"f: written on a machine of the other byte order");
	memcpy(build.bytes, "\x89MWD\n\r\x1a\n", 8);
	CHECK_TEXT(refusal(build.bytes, build.n_bytes), "f: not a memwatch dump");
	mw_build_free(&build);
}

static void finds_nodes_across_segments(void)
{
	struct mw_build build;
	struct mw_run run;
	struct mw_diag diag = { "" };
	struct mw_build_node nodes[3] = { { 0, 1, 10, 0 }, { 1, 1, 20, 0 }, { 2, 1, 30, 0 } };
	mw_build_start(&build, 0);
	uint64_t image = mw_build_image(&build, 1, 0, "a");
	mw_build_nodes(&build, image, 4, nodes, 2); /* out of order in the file */
	mw_build_nodes(&build, image, 1, nodes, 3);
	CHECK_NUMBER(mw_build_run(&build, 0, &run, &diag), 0);
	CHECK_NUMBER(mw_dump_find_node(&run.dump, 0, 1, NULL, NULL)->value, 10);
	CHECK_NUMBER(mw_dump_find_node(&run.dump, 0, 3, NULL, NULL)->value, 30);
	CHECK_NUMBER(mw_dump_find_node(&run.dump, 0, 5, NULL, NULL)->value, 20);
	CHECK(mw_dump_find_node(&run.dump, 0, 6, NULL, NULL) == NULL);
	CHECK(mw_dump_find_node(&run.dump, 0, 0, NULL, NULL) == NULL);
	CHECK(!mw_dump_is_damaged(&run.dump));
	mw_run_close(&run);
	mw_build_free(&build);
}

static void walks_over_claims_without_header(void)
{
	struct mw_build build;
	struct mw_run run;
	struct mw_diag diag = { "" };
	mw_build_start(&build, 0);
	uint64_t dead = mw_build_image(&build, 1, 0, "dead");
	mw_build_image(&build, 2, 0, "alive");
	memset(build.bytes + dead, 0, MWD_PAGE);
	CHECK_NUMBER(mw_build_run(&build, 0, &run, &diag), 0);
	CHECK_NUMBER(run.dump.images.n, 1);
	CHECK_NUMBER(run.dump.images.items[0].head->pid, 2);
	CHECK_NUMBER(run.dump.damage.torn_bytes, MWD_PAGE);
	CHECK(!mw_dump_is_damaged(&run.dump));
	mw_run_close(&run);
	mw_build_free(&build);
}

static void skips_unknown_kinds(void)
{
	struct mw_build build;
	struct mw_run run;
	struct mw_diag diag = { "" };
	mw_build_start(&build, 0);
	uint64_t newer = mw_build_image(&build, 1, 0, "newer");
	mw_build_image(&build, 2, 0, "known");
	mw_build_head(&build, newer)->segment.kind = 99;
	CHECK_NUMBER(mw_build_run(&build, 0, &run, &diag), 0);
	CHECK_NUMBER(run.dump.images.n, 1);
	CHECK_NUMBER(run.dump.damage.n_unknown_kinds, 1);
	CHECK(!mw_dump_is_damaged(&run.dump));
	mw_run_close(&run);
	mw_build_free(&build);
}

static void counts_what_a_cut_file_lacks(void)
{
	struct mw_build build;
	struct mw_run run;
	struct mw_diag diag = { "" };
	struct mwd_record records[40] = { { .node = 0 } };
	mw_build_start(&build, 0);
	uint64_t image = mw_build_image(&build, 1, 0, "a");
	mw_build_records(&build, image, records, 40); /* two pages */
	CHECK_NUMBER(mw_build_run(&build, build.n_bytes - MWD_PAGE, &run, &diag), 0);
	CHECK_NUMBER(run.dump.damage.missing_bytes, MWD_PAGE);
	CHECK_NUMBER(run.dump.damage.n_cut_segments, 1);
	CHECK_NUMBER(run.dump.segments.items[0].n_elements, (MWD_PAGE - 128) / 128);
	mw_run_close(&run);
	mw_build_free(&build);
}

static void believes_no_parent_behind_its_child(void)
{
	struct mw_build build;
	struct mw_run run;
	struct mw_diag diag = { "" };
	mw_build_start(&build, 0);
	uint64_t first = mw_build_image(&build, 1, 0, "a");
	uint64_t second = mw_build_fork(&build, first, 2, 1, 1);
	mw_build_head(&build, first)->parent_image = second; /* a cycle */
	CHECK_NUMBER(mw_build_run(&build, 0, &run, &diag), 0);
	CHECK_NUMBER(run.dump.images.items[0].parent_idx, MW_DUMP_NO_IMAGE);
	CHECK_NUMBER(run.dump.images.items[1].parent_idx, 0);
	CHECK_NUMBER(run.dump.damage.n_bad_parents, 1);
	mw_run_close(&run);
	mw_build_free(&build);
}

int main(void)
{
	refuses_what_is_no_dump();
	finds_nodes_across_segments();
	walks_over_claims_without_header();
	skips_unknown_kinds();
	counts_what_a_cut_file_lacks();
	believes_no_parent_behind_its_child();
	return mw_check_tally("report/dump");
}
