/* SPDX: no licence chosen yet, see README */
/*
 * test_processes.c - the process table's rows: links of fork, spawn and exec, ends, what the
 * launcher alone saw, what the logs alone know; and which started programs did not arrive.
 */
#include "report/model/execs.h"
#include "report/model/processes.h"
#include "tests/unit/check.h"
#include "tests/unit/report/dump_builder.h"

/* make(10) -> sh(11) exec'd to cc1, fork 12 of make without allocations, as(13) killed;
 * pid 11 comes round again; the launcher also saw a static program, 14. */
static void build_tree(struct mw_build *build)
{
	struct mwd_record record = { .node = 0, .allocated_bytes = 50, .allocated_blocks = 1 };
	mw_build_start(build, 0);
	uint64_t root = mw_build_image(build, 10, 1, "/usr/bin/make -j2");
	uint64_t shell = mw_build_image(build, 11, 10, "/bin/sh -c cc");
	mw_build_head(build, shell)->end = MWD_END_EXEC;
	uint64_t cc1 = mw_build_image(build, 11, 10, "/usr/lib/cc1 x.c");
	mw_build_records(build, cc1, &record, 1);
	mw_build_head(build, cc1)->end = MWD_END_EXIT;
	mw_build_head(build, cc1)->vm_hwm_bytes = 7777;
	mw_build_fork(build, root, 12, 1, 1);
	uint64_t as = mw_build_image(build, 13, 11, "as");
	mw_build_head(build, as)->end = MWD_END_KILLED;
	mw_build_image(build, 11, 13, "again");
	mw_build_exec(build, root, 14, 1500, MWD_VERDICT_STATIC, 0, "/sbin/ldconfig");
	mw_build_exec(build, root, 14, 1500, MWD_VERDICT_STATIC, 0, "/sbin/ldconfig");
	mw_build_exec(build, root, 0, 1500, MWD_VERDICT_FOLLOWED, 2, "/usr/local/bin/cc");
	mw_build_exec(build, root, 11, 1500, MWD_VERDICT_FOLLOWED, 0, "/bin/sh");
	mw_build_exec(build, root, 99, 1500, MWD_VERDICT_FOLLOWED, 0, "/bin/gone");
}

static const char run_json[] =
	"{\"schema\":1,\"state\":\"ended\",\"root_pid\":10,\"exit_status\":3,\"processes\":["
	"{\"pid\":13,\"ppid\":11,\"max_rss_kib\":4,\"term_signal\":9,\"command\":\"as\"},"
	"{\"pid\":14,\"ppid\":10,\"max_rss_kib\":8,\"first_seen_seconds\":1,"
	"\"command\":\"/sbin/ldconfig -v\"},"
	"{\"pid\":15,\"ppid\":10,\"command\":\"/opt/static one two\"}]}";

static const struct mw_process_row *row_of(
	const struct mw_profile *profile, const struct mw_processes *processes, const char *command)
{
	static const struct mw_process_row none;
	char text[256];
	for (size_t i = 0; i < processes->rows.n; i++) {
		const struct mw_process_row *row = &processes->rows.items[i];
		if (strcmp(mw_processes_command(profile, row, text, sizeof(text)), command) == 0)
			return row;
	}
	fprintf(stderr, "no row of %s\n", command);
	mw_check(false, command, __FILE__, __LINE__);
	return &none;
}

static void links_and_ends(const struct mw_profile *profile, const struct mw_processes *processes)
{
	const struct mw_process_row *rows = processes->rows.items;
	const struct mw_process_row *make = row_of(profile, processes, "make -j2");
	const struct mw_process_row *shell = row_of(profile, processes, "sh -c cc");
	const struct mw_process_row *cc1 = row_of(profile, processes, "cc1 x.c");
	const struct mw_process_row *forked = row_of(profile, processes, "forked");
	const struct mw_process_row *as = row_of(profile, processes, "as");
	const struct mw_process_row *again = row_of(profile, processes, "again");
	const struct mw_process_row *seen = row_of(profile, processes, "ldconfig -v");
	CHECK_NUMBER(processes->rows.n, 10);
	CHECK_NUMBER(mw_processes_count_unfollowed(processes), 4);
	CHECK(make->parent == MW_NONE && make->end == MW_PROCESS_EXITED && make->end_value == 3);
	CHECK(&rows[shell->parent] == make && shell->end == MW_PROCESS_EXECED);
	CHECK(&rows[cc1->previous] == shell && &rows[cc1->parent] == make);
	CHECK(cc1->end == MW_PROCESS_EXITED && cc1->end_value == 0);
	CHECK(cc1->is_rss_exact && cc1->rss_peak_bytes == 7777);
	CHECK(&rows[forked->parent] == make && forked->is_silent && !cc1->is_silent);
	CHECK(&rows[as->parent] == cc1 && as->end == MW_PROCESS_SIGNALED && as->end_value == 9);
	CHECK(!as->is_rss_exact && as->rss_peak_bytes == 4096);
	CHECK(again->previous == MW_NONE && &rows[again->parent] == as);
	CHECK(seen->image_idx == MW_NONE && &rows[seen->parent] == make && seen->seen);
	const struct mw_process_row *unseen = row_of(profile, processes, "ldconfig");
	const struct mw_process_row *gone = row_of(profile, processes, "gone");
	CHECK(unseen->pid == 14 && !unseen->seen && &rows[unseen->parent] == make);
	CHECK(gone->pid == 99 && !gone->seen && gone->end == MW_PROCESS_LOST);
	CHECK(gone->heap_peak_bytes < 0 && gone->rss_peak_bytes < 0);
	CHECK_NUMBER(processes->n_silent, 1);
}

static void parents_come_first(const struct mw_processes *processes)
{
	bool is_done[16] = { false };
	for (size_t i = 0; i < processes->rows.n; i++) {
		uint32_t row_idx = processes->order[i];
		const struct mw_process_row *row = &processes->rows.items[row_idx];
		CHECK(!is_done[row_idx]);
		CHECK(row->parent == MW_NONE || is_done[row->parent]);
		CHECK(row->previous == MW_NONE || is_done[row->previous]);
		is_done[row_idx] = true;
	}
}

static void lists_what_did_not_come(
	const struct mw_profile *profile, const struct mw_processes *processes)
{
	struct mw_execs execs;
	CHECK_NUMBER(mw_execs_build(processes, &execs), 0);
	CHECK_NUMBER(execs.groups.n, 3);
	CHECK_NUMBER(processes->n_followed_starts, 1);
	CHECK_TEXT(mw_profile_text(profile, execs.groups.items[0].program), "/sbin/ldconfig");
	CHECK_NUMBER(execs.groups.items[0].n, 2);
	CHECK_TEXT(mw_execs_reason(execs.groups.items[0].verdict), "static program");
	CHECK_TEXT(mw_profile_text(profile, execs.groups.items[1].program), "/bin/gone");
	CHECK_TEXT(mw_execs_reason(execs.groups.items[1].verdict), "did not arrive");
	CHECK_TEXT(mw_profile_text(profile, execs.groups.items[2].program), "/opt/static");
	CHECK_TEXT(mw_execs_reason(execs.groups.items[2].verdict), "only the launcher saw it");
	mw_execs_deinit(&execs);
}

/* What the launcher tells of each program, by its image's place: an exec to a program that cannot
 * be followed and back, a pid that came round within a tick, a killed image's sampled peak. */
static void programs_of_the_launcher(void)
{
	struct mw_build build;
	struct mw_profile profile = { 0 };
	struct mw_processes processes;
	struct mw_run run;
	struct mw_diag diag = { "" };
	char json[1024];
	mw_build_start(&build, 0);
	uint64_t first = mw_build_image(&build, 20, 1, "sh -c x");
	mw_build_head(&build, first)->end = MWD_END_EXEC;
	uint64_t last = mw_build_image(&build, 20, 1, "sleep 1");
	mw_build_head(&build, last)->end = MWD_END_KILLED;
	mw_build_head(&build, last)->start_ns = mw_build_control(&build)->start_monotonic_ns + 9000;
	uint64_t fork = mw_build_fork(&build, first, 21, 1, 1);
	mw_build_head(&build, fork)->end = MWD_END_EXIT;
	mw_build_head(&build, fork)->end_ns = mw_build_head(&build, fork)->start_ns + 5000;
	int64_t fork_ns = mw_build_head(&build, fork)->start_ns -
			  mw_build_control(&build)->start_monotonic_ns;
	snprintf(json, sizeof(json),
		"{\"schema\":1,\"state\":\"ended\",\"root_pid\":20,\"term_signal\":9,\"processes\":"
		"["
		"{\"pid\":20,\"exec_generation\":0,\"image\":%llu,\"max_rss_kib\":1},"
		"{\"pid\":20,\"exec_generation\":1,\"first_seen_elapsed_ns\":8000,\"max_rss_kib\":"
		"2,"
		"\"command\":\"./static\"},"
		"{\"pid\":20,\"exec_generation\":2,\"image\":%llu,\"max_rss_kib\":3,"
		"\"peak_elapsed_ns\":9500},"
		"{\"pid\":21,\"exec_generation\":1,\"image\":%llu,\"max_rss_kib\":0},"
		"{\"pid\":21,\"exec_generation\":0,\"first_seen_elapsed_ns\":%lld,"
		"\"max_rss_kib\":7}]}",
		(unsigned long long)first, (unsigned long long)last, (unsigned long long)fork,
		(long long)fork_ns + 1000);
	CHECK_NUMBER(mw_build_run(&build, 0, &run, &diag), 0);
	mw_run_info_deinit(&run.info);
	run.info_problem = mw_run_info_parse(json, strlen(json), &run.info);
	CHECK(run.info_problem == NULL);
	CHECK_NUMBER(mw_profile_add_run(&profile, &run), 0);
	CHECK_NUMBER(mw_profile_merge(&profile), 0);
	CHECK_NUMBER(mw_processes_build(&profile, &processes), 0);
	CHECK_NUMBER(processes.rows.n, 4);
	const struct mw_process_row *rows = processes.rows.items;
	const struct mw_process_row *shell = row_of(&profile, &processes, "sh -c x");
	const struct mw_process_row *unseen = row_of(&profile, &processes, "static");
	const struct mw_process_row *sleeper = row_of(&profile, &processes, "sleep 1");
	CHECK(&rows[unseen->previous] == shell && shell->end == MW_PROCESS_EXECED);
	CHECK(&rows[sleeper->previous] == unseen && unseen->end == MW_PROCESS_EXECED);
	CHECK(unseen->image_idx == MW_NONE && unseen->rss_peak_bytes == 2048);
	CHECK(sleeper->rss_peak_bytes == 3072 && !sleeper->is_rss_exact);
	CHECK(sleeper->end == MW_PROCESS_SIGNALED && sleeper->end_value == 9);
	for (size_t i = 0; i < processes.rows.n; i++)
		CHECK(rows[i].pid != 21 || rows[i].previous == MW_NONE);
	mw_processes_deinit(&processes);
	mw_profile_deinit(&profile);
	mw_build_free(&build);
}

int main(void)
{
	struct mw_build build;
	struct mw_profile profile = { 0 };
	struct mw_processes processes;
	struct mw_run run;
	struct mw_diag diag = { "" };
	build_tree(&build);
	CHECK_NUMBER(mw_build_run(&build, 0, &run, &diag), 0);
	mw_run_info_deinit(&run.info);
	run.info_problem = mw_run_info_parse(run_json, sizeof(run_json) - 1, &run.info);
	CHECK(run.info_problem == NULL);
	CHECK_NUMBER(mw_profile_add_run(&profile, &run), 0);
	CHECK_NUMBER(mw_profile_merge(&profile), 0);
	CHECK_NUMBER(mw_processes_build(&profile, &processes), 0);
	links_and_ends(&profile, &processes);
	parents_come_first(&processes);
	lists_what_did_not_come(&profile, &processes);
	mw_processes_deinit(&processes);
	mw_profile_deinit(&profile);
	mw_build_free(&build);
	programs_of_the_launcher();
	return mw_check_tally("report/processes");
}
