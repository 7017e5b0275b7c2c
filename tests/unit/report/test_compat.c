/* SPDX: no licence chosen yet, see README */
/*
 * test_compat.c - memwatch's numbers, quoting and tables, byte by byte, from a job made by hand.
 */
#include <stdlib.h>

#include "report/render/memwatch.h"
#include "report/util/compat.h"
#include "tests/unit/check.h"

static char *bytes;
static size_t n_bytes;

static FILE *begin(void)
{
	free(bytes);
	bytes = NULL;
	return open_memstream(&bytes, &n_bytes);
}

static void sizes_and_clocks(void)
{
	char out[MW_COMPAT_BYTES];
	CHECK_TEXT(mw_compat_size(out, 0), "0 KiB");
	CHECK_TEXT(mw_compat_size(out, 512), "512 KiB");
	CHECK_TEXT(mw_compat_size(out, 1023), "1023 KiB");
	CHECK_TEXT(mw_compat_size(out, 1024), "1.0 MiB");
	CHECK_TEXT(mw_compat_size(out, 1572864), "1.5 GiB");
	CHECK_TEXT(mw_compat_clock(out, 59.5), "00:00:59");
	CHECK_TEXT(mw_compat_clock(out, 3661), "01:01:01");
	CHECK_TEXT(mw_compat_clock(out, 360000), "100:00:00");
	CHECK_TEXT(mw_compat_clock(out, -1), "00:00:00");
}

static void timestamps_have_as_few_digits_as_do(void)
{
	char out[MW_COMPAT_BYTES];
	int64_t second = 1763661754000000000;
	CHECK_TEXT(mw_compat_timestamp(out, second, "Z"), "2025-11-20T18:02:34Z");
	CHECK_TEXT(mw_compat_timestamp(out, second + 120000000, "Z"), "2025-11-20T18:02:34.120Z");
	CHECK_TEXT(mw_compat_timestamp(out, second + 123456000, "+00:00"),
		"2025-11-20T18:02:34.123456+00:00");
	CHECK_TEXT(mw_compat_timestamp(out, second + 123456789, "Z"),
		"2025-11-20T18:02:34.123456789Z");
	CHECK_TEXT(mw_compat_timestamp(out, second + 1, "Z"), "2025-11-20T18:02:34.000000001Z");
	CHECK_TEXT(mw_compat_timestamp(out, -1, "Z"), "1969-12-31T23:59:59.999999999Z");
}

static void quotes_are_doubled(void)
{
	FILE *out = begin();
	mw_compat_put_quoted(out, "hello \"world\"");
	fclose(out);
	CHECK_TEXT(bytes, "\"hello \"\"world\"\"\"");
}

/* A job made by hand. */

#define START_NS 1763661754000000000
static struct mw_view view;
static struct mw_run run;
static struct mw_filter filter;
static struct mw_job_process processes[8];

static void start_job(const char *include, const char *exclude)
{
	struct mw_diag diag = { "" };
	memset(&view, 0, sizeof(view));
	memset(&run, 0, sizeof(run));
	run.info.command = (char *)"cargo build --release";
	run.dump.control.start_realtime_ns = START_NS;
	view.profile.runs.items = &run;
	view.profile.runs.n = 1;
	view.job.start_ns = START_NS;
	view.job.duration_seconds = 201.9;
	view.job.n_samples = 402;
	view.job.processes.items = processes;
	CHECK_NUMBER(mw_filter_init(&filter, include, exclude, &diag), 0);
}

/* Largest first, as mw_job_build() sorts them. */
static void add(const char *command, int64_t kib, double peak_seconds)
{
	size_t n = view.job.processes.n++;
	processes[n] = (struct mw_job_process){ .pid = 8473 + (pid_t)n,
		.ppid = 8472,
		.command = (char *)command,
		.first_seen_ns = START_NS + 500000000,
		.last_seen_ns = START_NS + 60000000001,
		.peak_ns = START_NS + (int64_t)(peak_seconds * 1e9),
		.max_rss_kib = kib };
}

static void finish_job(int64_t max_total_rss_kib)
{
	view.job.max_total_rss_kib = max_total_rss_kib;
	mw_job_filter(&view.job, &filter);
}

static void check_filter(const char *include, const char *exclude, size_t n_hidden, int64_t kib)
{
	mw_filter_deinit(&filter);
	start_job(include, exclude);
	add("rustc", 200, 1);
	add("cargo test", 100, 1);
	add("sleep", 50, 1);
	finish_job(1000);
	CHECK_NUMBER(view.job.n_hidden, n_hidden);
	CHECK_NUMBER(view.job.hidden_kib, kib);
	CHECK_NUMBER(view.job.max_total_rss_kib, 1000);
}

static void filters_count_what_they_hide(void)
{
	check_filter(NULL, "cargo|rustc", 2, 300);
	check_filter("^sleep", NULL, 2, 300);
	check_filter(NULL, "nothing has this", 0, 0);
	check_filter(".*", NULL, 0, 0);
	check_filter(NULL, "(?i)RUSTC|\\w+ t.s?t$", 2, 300);
	check_filter(NULL, NULL, 0, 0);
	CHECK(!view.job.is_filtered);
	mw_filter_deinit(&filter);
	start_job("test", "helper");
	add("test_worker_2", 200, 1);
	add("cargo", 150, 1);
	add("test_worker_1", 100, 1);
	add("test_helper", 50, 1);
	finish_job(500);
	CHECK_NUMBER(view.job.n_hidden, 2);
	CHECK_NUMBER(view.job.hidden_kib, 200);
	CHECK(!processes[0].is_hidden && processes[1].is_hidden && !processes[2].is_hidden);
}

static void bad_patterns_are_named(void)
{
	struct mw_filter bad;
	struct mw_diag diag = { "" };
	static const char excluded[] = "Invalid exclude pattern '[[invalid': must be valid regex: ";
	CHECK(mw_filter_init(&bad, NULL, "[[invalid", &diag) < 0);
	CHECK(strncmp(diag.text, excluded, sizeof(excluded) - 1) == 0);
	mw_filter_deinit(&bad);
	diag.text[0] = '\0';
	CHECK(mw_filter_init(&bad, "(", ")", &diag) < 0);
	CHECK(strncmp(diag.text, "Invalid include pattern '(': must be valid regex: ", 50) == 0);
	mw_filter_deinit(&bad);
}

static void a_pattern_that_explodes_is_given_up(void)
{
	mw_filter_deinit(&filter);
	start_job("^(a+)+$", NULL);
	add("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 1, 1);
	finish_job(1);
	CHECK_NUMBER(view.job.n_given_up, 1);
	CHECK(!processes[0].is_hidden);
}

/* One of each that has no row: without memory, and what a child is before its exec. */
static void make_build(const char *include, const char *exclude)
{
	mw_filter_deinit(&filter);
	start_job(include, exclude);
	add("/usr/bin/rustc \"a\" -O", 546816, 45.24);
	add("rustc --crate-name x", 2048, 100.06);
	add("cargo build --release", 912, 0.5);
	add("nothing", 0, 0);
	add("cargo build --release", 2048, 0);
	processes[4].is_prelude = true;
	finish_job(6710886);
}

static const char *text_of(bool has_color)
{
	struct mw_text text = { .out = begin(), .width = 80, .has_color = has_color };
	CHECK_NUMBER(mw_memwatch_text_render(&text, &view), 0);
	fclose(text.out);
	return bytes;
}

static void the_summary(void)
{
	make_build(NULL, NULL);
	CHECK_TEXT(text_of(false), "\nJob: cargo build --release\n"
				   "Duration: 00:03:21  |  Samples: 402\n"
				   "\n"
				   "MEMORY SUMMARY\n"
				   "  Total peak:    6.4 GiB\n"
				   "  Process peak:  534.0 MiB (pid 8473)\n"
				   "\n"
				   "PER-PROCESS PEAKS\n"
				   "    PID      MEMORY      TIME  COMMAND\n"
				   "   8473   534.0 MiB  @  45.2s  /usr/bin/rustc \"a\" -O\n"
				   "   8474     2.0 MiB  @ 100.1s  rustc --crate-name x\n"
				   "   8475     912 KiB  @   0.5s  cargo build --release\n"
				   "\n"
				   "PROCESS GROUPS\n"
				   "  COMMAND                   PROCESSES    TOTAL PEAK\n"
				   "  rustc                             2     536.0 MiB\n"
				   "  cargo                             1       912 KiB\n"
				   "\n");
}

static void the_summary_filtered(void)
{
	make_build(NULL, "cargo|nothing");
	CHECK_TEXT(text_of(false),
		"\nJob: cargo build --release\n"
		"Duration: 00:03:21  |  Samples: 402\n"
		"\n"
		"MEMORY SUMMARY\n"
		"  Total peak:    6.4 GiB (all processes)\n"
		"  Process peak:  534.0 MiB (pid 8473)\n"
		"\n"
		"PER-PROCESS PEAKS (2 processes filtered out, totaling 912 KiB)\n"
		"    PID      MEMORY      TIME  COMMAND\n"
		"   8473   534.0 MiB  @  45.2s  /usr/bin/rustc \"a\" -O\n"
		"   8474     2.0 MiB  @ 100.1s  rustc --crate-name x\n"
		"\n");
	make_build("^sleep", "x");
	text_of(false);
	CHECK(strstr(bytes, "\u26a0 Warning: All processes were filtered out.\n"
			    "Total job memory was 6.4 GiB, but no processes match the filter "
			    "criteria.\n"));
	CHECK(strstr(bytes, "Active filters:\n  \u2022 Exclude pattern: 'x'\n"
			    "  \u2022 Include pattern: '^sleep'\n"));
	CHECK(strstr(bytes, "Suggestions:\n"));
	CHECK(!strstr(bytes, "PER-PROCESS"));
}

static void the_summary_without_data(void)
{
	mw_filter_deinit(&filter);
	start_job(NULL, NULL);
	finish_job(0);
	view.job.interval_ms = 50;
	text_of(false);
	CHECK(strstr(bytes, "Max total RSS: 0 KiB (no data captured)\n"));
	CHECK(strstr(bytes, "\u26a0 Warning: The command completed too quickly to capture memory "
			    "usage."));
	CHECK(strstr(bytes, "  \u2022 Command executed in < 50ms (sampling interval)\n"));
}

/* Without its escapes, coloured text is the plain one. */
static void colours_change_nothing_else(void)
{
	make_build(NULL, NULL);
	char *plain = strdup(text_of(false));
	CHECK(!strchr(plain, '\033'));
	text_of(true);
	CHECK(strstr(bytes, "\033[1;36mMEMORY SUMMARY"));
	char *to = bytes;
	for (char *from = bytes; *from;) {
		if (*from == '\033')
			from = strchr(from, 'm') + 1;
		else
			*to++ = *from++;
	}
	*to = '\0';
	CHECK_TEXT(bytes, plain);
	free(plain);
}

static void commands_cannot_move_the_cursor(void)
{
	mw_filter_deinit(&filter);
	start_job(NULL, NULL);
	run.info.command = (char *)"a\033[2J";
	add("b\033[2J", 5, 1);
	finish_job(5);
	CHECK(!strchr(text_of(false), '\033'));
}

static void the_oldest_layout(void)
{
	mw_filter_deinit(&filter);
	start_job(NULL, NULL);
	view.job.duration_seconds = 5.234;
	view.job.n_samples = 11;
	add("/usr/bin/mpirun -n 2 x", 1260, 1);
	add("./mpi_distributed_compute 8192", 384, 1);
	processes[0].pid = 12345;
	processes[1].pid = 12346;
	finish_job(2304);
	struct mw_text text = { .out = begin(), .width = 80 };
	mw_memwatch_seed_render(&text, &view);
	fclose(text.out);
	CHECK_TEXT(bytes, "Duration: 5.234s\n"
			  "Samples: 11\n"
			  "\n"
			  "Max total RSS: 2.25 MiB\n"
			  "\n"
			  "Per-process peak RSS:\n"
			  "  PID 12345 (mpirun):              1.23 MiB\n"
			  "  PID 12346 (mpi_distributed_compute): 384.0 KiB\n");
}

static void the_csv(void)
{
	make_build(NULL, NULL);
	FILE *out = begin();
	mw_memwatch_csv_render(out, &view);
	fclose(out);
	CHECK_TEXT(bytes, "pid,ppid,command,max_rss_kib,max_rss_mib,first_seen,last_seen\n"
			  "8473,8472,\"/usr/bin/rustc \"\"a\"\" -O\",546816,534.00,"
			  "2025-11-20T18:02:34.500+00:00,2025-11-20T18:03:34.000000001+00:00\n"
			  "8474,8472,\"rustc --crate-name x\",2048,2.00,"
			  "2025-11-20T18:02:34.500+00:00,2025-11-20T18:03:34.000000001+00:00\n"
			  "8475,8472,\"cargo build --release\",912,0.89,"
			  "2025-11-20T18:02:34.500+00:00,2025-11-20T18:03:34.000000001+00:00\n");
	make_build("test", "cargo");
	out = begin();
	mw_memwatch_csv_render(out, &view);
	fclose(out);
	CHECK_TEXT(bytes, "# Filter: exclude='cargo' include='test' (4 processes filtered out, "
			  "totaling 549776 KiB)\n"
			  "pid,ppid,command,max_rss_kib,max_rss_mib,first_seen,last_seen\n");
}

int main(void)
{
	sizes_and_clocks();
	timestamps_have_as_few_digits_as_do();
	quotes_are_doubled();
	filters_count_what_they_hide();
	bad_patterns_are_named();
	a_pattern_that_explodes_is_given_up();
	the_summary();
	the_summary_filtered();
	the_summary_without_data();
	colours_change_nothing_else();
	commands_cannot_move_the_cursor();
	the_oldest_layout();
	the_csv();
	mw_filter_deinit(&filter);
	free(bytes);
	return mw_check_tally("report/compat");
}
