/* SPDX: no licence chosen yet, see README */
/*
 * test_run_info.c - run.json whole, partial, missing, cut and absurd.
 */
#include "report/ingest/run.h"
#include "tests/unit/check.h"

static const char whole[] =
	"{\"schema\":1,\"version\":\"0.1.0\",\"command\":[\"make\",\"-j2\",\"a b\"],\"cwd\":\"/w\","
	"\"host\":\"h\",\"start_time\":\"2025-01-01T00:00:00Z\",\"state\":\"ended\","
	"\"duration_seconds\":1.5,\"term_signal\":11,\"root_pid\":42,\"interval_ms\":50,"
	"\"rss\":{\"peak_kib\":1000,\"peak_elapsed_seconds\":0.5,\"samples\":30},"
	"\"processes\":[{\"pid\":42,\"ppid\":1,\"max_rss_kib\":5,\"command\":\"make\"}]}";

static const char *parse(const char *text, struct mw_run_info *info)
{
	return mw_run_info_parse(text, text ? strlen(text) : 0, info);
}

static void reads_what_is_there(void)
{
	struct mw_run_info info;
	CHECK(parse(whole, &info) == NULL);
	CHECK_TEXT(info.command, "make -j2 a b");
	CHECK_TEXT(info.host, "h");
	CHECK_NUMBER(info.term_signal, 11);
	CHECK_NUMBER(info.exit_status, -1);
	CHECK_NUMBER(info.rss_peak_bytes, 1024000);
	CHECK_NUMBER(info.processes.n, 1);
	CHECK_NUMBER(info.processes.items[0].max_rss_bytes, 5120);
	mw_run_info_deinit(&info);
}

static void says_what_is_wrong(void)
{
	struct mw_run_info info;
	char cut[sizeof(whole)];
	CHECK_TEXT(parse(NULL, &info), "run.json is missing");
	mw_run_info_deinit(&info);
	for (size_t n = 0; n + 1 < sizeof(whole); n++) {
		memcpy(cut, whole, n);
		cut[n] = '\0';
		CHECK_TEXT(parse(cut, &info), "run.json is not JSON");
		mw_run_info_deinit(&info);
	}
	CHECK_TEXT(parse("[]", &info), "run.json has no schema this program reads");
	mw_run_info_deinit(&info);
	CHECK(parse("{\"schema\":1,\"state\":\"running\"}", &info) != NULL);
	mw_run_info_deinit(&info);
}

static void absurd_values_are_unknown(void)
{
	struct mw_run_info info;
	CHECK(parse("{\"schema\":1,\"state\":\"ended\",\"command\":\"make\",\"root_pid\":1e300,"
		    "\"duration_seconds\":-1e300,\"exit_status\":\"0\",\"rss\":{\"peak_kib\":1e300}"
		    ","
		    "\"processes\":[3,{\"pid\":-1e99,\"first_seen_seconds\":1e300}]}",
		      &info) == NULL);
	CHECK(info.command == NULL);
	CHECK_NUMBER(info.root_pid, -1);
	CHECK(info.duration_seconds == -1);
	CHECK_NUMBER(info.exit_status, -1);
	CHECK_NUMBER(info.rss_peak_bytes, -1);
	CHECK_NUMBER(info.processes.n, 2);
	CHECK(info.processes.items[1].first_seen_seconds == -1);
	mw_run_info_deinit(&info);
}

static void a_command_cannot_move_the_cursor(void)
{
	struct mw_run_info info;
	parse("{\"schema\":1,\"command\":[\"a\\u001b[2J\",\"b\\nc\"]}", &info);
	CHECK_TEXT(info.command, "a?[2J b?c");
	mw_run_info_deinit(&info);
}

int main(void)
{
	reads_what_is_there();
	says_what_is_wrong();
	absurd_values_are_unknown();
	a_command_cannot_move_the_cursor();
	return mw_check_tally("report/run_info");
}
