/* SPDX: no licence chosen yet, see README */
/*
 * test_timeline.c - a history of any length stays bounded, keeps its maximum and its order.
 * The trick: a single high sample among a million low ones must survive every thinning.
 */
#include <stdlib.h>
#include <unistd.h>

#include "preload/launch/text.h"
#include "preload/launch/timeline.h"
#include "tests/unit/launch/check.h"

static struct mw_timeline timeline;

static void fill(size_t n, size_t highest_at)
{
	memset(&timeline, 0, sizeof(timeline));
	for (size_t i = 0; i < n; i++) {
		struct mw_sample sample = { .elapsed_ns = (int64_t)i * 20000000 + (int64_t)(i % 7),
			.rss_bytes = i == highest_at ? 1 << 30 : (int64_t)(i % 1000),
			.n_processes = (int64_t)i,
			.pss_bytes = i == 0 ? 7 : -1,
			.swap_bytes = -1,
			.sys_available_bytes = i == 0 ? 4096 : -1,
			.psi_some_avg10 = i == 0 ? 105 : -1 };
		mw_timeline_add(&timeline, &sample);
	}
}

static void check_rows(size_t highest_at)
{
	size_t n_highest = 0;
	for (size_t i = 0; i < timeline.n_rows; i++) {
		const struct mw_sample *row = &timeline.rows[i];
		CHECK(i == 0 || row->elapsed_ns > row[-1].elapsed_ns);
		if (row->rss_bytes == 1 << 30) {
			n_highest++;
			CHECK_INT(row->n_processes, (long long)highest_at); /* a row is a sample */
		}
	}
	CHECK_INT((long long)n_highest, 1);
}

static void test_bounds(void)
{
	fill(100, 50);
	CHECK_INT((long long)timeline.n_rows, 100);
	check_rows(50);
	fill(MW_TIMELINE_ROWS, 0);
	CHECK_INT((long long)timeline.n_rows, MW_TIMELINE_ROWS);
	fill(1000000, 777777);
	CHECK(timeline.n_rows > MW_TIMELINE_ROWS / 4 && timeline.n_rows <= MW_TIMELINE_ROWS);
	check_rows(777777);
}

static void test_file(void)
{
	char path[] = "/tmp/mw-timeline-XXXXXX", line[128];
	struct mw_failure failure;
	close(mkstemp(path));
	fill(2, 1);
	CHECK_INT(mw_timeline_write(&timeline, path, &failure), MW_EXIT_OK);
	FILE *file = fopen(path, "r");
	CHECK_STRING(fgets(line, sizeof(line), file),
		"elapsed_ns,rss_bytes,heap_live_bytes,n_processes,pss_bytes,swap_bytes,"
		"sys_available_bytes,psi_some_avg10\n");
	CHECK_STRING(fgets(line, sizeof(line), file), "0,0,0,0,7,,4096,1.05\n");
	CHECK_STRING(fgets(line, sizeof(line), file), "20000001,1073741824,0,1,,,,\n");
	CHECK(fgets(line, sizeof(line), file) == NULL);
	fclose(file);
	unlink(path);
	CHECK_INT(mw_timeline_write(&timeline, "/nowhere/x", &failure), MW_EXIT_OWN_FAILURE);
	CHECK_STRING(failure.text, "/nowhere/x: cannot write: No such file or directory");
}

static void check_utf8(const char *given, const char *expected)
{
	char *made = mw_text_make_utf8(given);
	CHECK_STRING(made, expected);
	free(made);
}

/* Text of run.json: what JSON cannot hold is replaced, what it can is kept. */
static void test_utf8(void)
{
	check_utf8("", "");
	check_utf8(
		"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	check_utf8("a\xff"
		   "b",
		"a\xef\xbf\xbd"
		"b");
	check_utf8("\xc3", "\xef\xbf\xbd");				    /* cut */
	check_utf8("\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd");		    /* cut later */
	check_utf8("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");		    /* overlong */
	check_utf8("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* surrogate */
	check_utf8("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

int main(void)
{
	test_bounds();
	test_file();
	test_utf8();
	return n_failed_checks != 0;
}
