/* SPDX: no licence chosen yet, see README */
/*
 * mprof.c - the run as a file that mprof (of Python's memory_profiler) plots and lists.
 *
 * MEM is the RSS of the whole tree, as of `mprof run --include-children`; CHLD that of each
 * process but the first, as of --multiprocess. What the launcher knows beside its samples is added
 * at its time: the tree's peak, and the exact peak of each process, so that `mprof peak` is right
 * for the shortest child, too. The reader fails on blank lines and on lines that break.
 */
#include "report/render/memwatch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/ingest/samples.h"
#include "report/model/job.h"

#define TREE 0 /* no process has this pid; it is one that nobody knows */
/* A process keeps its RSS until just before its next sample: no slopes that were not there. */
#define JUST_BEFORE_NS 1e6

struct point {
	double elapsed_ns;
	pid_t pid; /* TREE = all of them */
	double bytes;
};

struct points {
	MW_ARRAY(struct point) list;
	bool has_failed; /* out of memory */
};

static void add_point(struct points *points, pid_t pid, double elapsed_ns, double bytes)
{
	if (elapsed_ns < 0 || elapsed_ns > 0x1p60 || bytes < 0)
		return;
	struct point *point = mw_array_push(&points->list);
	if (point)
		*point = (struct point){ elapsed_ns, pid, bytes };
	else
		points->has_failed = true;
}

static int compare_points(const void *left, const void *right)
{
	const struct point *a = left, *b = right;
	if (a->elapsed_ns != b->elapsed_ns)
		return a->elapsed_ns < b->elapsed_ns ? -1 : 1;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

static void add_tree(struct points *points, const struct mw_run *run, const struct mw_job *job)
{
	struct mw_samples samples;
	double most = 0, peak = (double)job->max_total_rss_kib * 1024;
	points->has_failed |= mw_run_read_samples(run, MW_RUN_TREE_SAMPLES, &samples) != 0;
	size_t time = mw_samples_column(&samples, "elapsed_ns");
	size_t rss = mw_samples_column(&samples, "rss_bytes");
	for (size_t i = 0; i < samples.n_rows; i++) {
		double bytes = mw_samples_at(&samples, i, rss);
		add_point(points, TREE, mw_samples_at(&samples, i, time), bytes);
		most = bytes > most ? bytes : most;
	}
	double seconds = run->info.rss_peak_seconds;
	if (peak > most || samples.n_rows == 0)
		add_point(points, TREE, seconds > 0 ? seconds * 1e9 : 0, peak);
	mw_samples_deinit(&samples);
}

/* Adds what process_samples.csv has; a row holds until the next one of its process. */
static void add_process_samples(struct points *points, const struct mw_run *run)
{
	struct mw_samples samples;
	points->has_failed |= mw_run_read_samples(run, MW_RUN_PROCESS_SAMPLES, &samples) != 0;
	size_t time = mw_samples_column(&samples, "elapsed_ns");
	size_t pid = mw_samples_column(&samples, "pid");
	size_t rss = mw_samples_column(&samples, "rss_bytes");
	for (size_t i = 0; i < samples.n_rows; i++) {
		double number = mw_samples_at(&samples, i, pid);
		if (number < 1 || number > INT32_MAX || (pid_t)number == run->info.root_pid)
			continue;
		add_point(points, (pid_t)number, mw_samples_at(&samples, i, time),
			mw_samples_at(&samples, i, rss));
	}
	mw_samples_deinit(&samples);
}

static int compare_by_process(const void *left, const void *right)
{
	const struct point *a = left, *b = right;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return compare_points(left, right);
}

/* Points of the processes, from @first on, are steps; hold each until just before the next. */
static void add_holds(struct points *points, size_t first)
{
	size_t n = points->list.n;
	if (n > first)
		qsort(points->list.items + first, n - first, sizeof(struct point),
			compare_by_process);
	for (size_t i = first; i + 1 < n; i++) {
		struct point at = points->list.items[i], next = points->list.items[i + 1];
		if (at.pid == next.pid && next.elapsed_ns - at.elapsed_ns > 2 * JUST_BEFORE_NS)
			add_point(points, at.pid, next.elapsed_ns - JUST_BEFORE_NS, at.bytes);
	}
}

static void add_process_peaks(
	struct points *points, const struct mw_run *run, const struct mw_job *job)
{
	for (size_t i = 0; i < job->processes.n; i++) {
		const struct mw_job_process *process = &job->processes.items[i];
		if (process->is_prelude || process->max_rss_kib == 0 ||
			process->pid == run->info.root_pid || process->pid == TREE)
			continue;
		add_point(points, process->pid,
			(double)mw_minus(process->peak_ns, mw_job_run_start_ns(run)),
			(double)process->max_rss_kib * 1024);
	}
}

/* Words joined by blanks, those with blanks inside in quotes, as mprof has it. */
static void put_command(FILE *out, const struct mw_run *run)
{
	fputs("CMDLINE", out);
	const struct mw_json *word = mw_json_first(run->info.words);
	if (!word)
		fputs(" ?", out);
	for (; word; word = mw_json_next(word)) {
		const char *text = mw_json_text(word) ? mw_json_text(word) : "";
		const char *quote = strpbrk(text, " \t") ? "'" : "";
		fprintf(out, " %s", quote);
		for (; *text; text++)
			fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
		fputs(quote, out);
	}
	fputc('\n', out);
}

static void put_point(FILE *out, const struct point *point, int64_t start_ns)
{
	/* By integers: a double has no room for both ends of it. */
	int64_t at_ns = mw_plus(start_ns, (int64_t)point->elapsed_ns);
	int64_t at_100us = at_ns / 100000;
	if (point->pid != TREE)
		fprintf(out, "CHLD %d ", point->pid);
	else
		fputs("MEM ", out);
	fprintf(out, "%.6f %lld.%04d\n", point->bytes / 0x1p20, (long long)(at_100us / 10000),
		(int)(at_100us % 10000));
}

/* The tree's RSS at a time: that of the sample before, else of the first. The points are sorted. */
static double tree_bytes_at(const struct points *points, size_t n, double elapsed_ns)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (points->list.items[middle].elapsed_ns <= elapsed_ns)
			low = middle + 1;
		else
			high = middle;
	}
	while (low > 0 && points->list.items[low - 1].pid != TREE)
		low--;
	for (; low == 0 || points->list.items[low - 1].pid != TREE; low++)
		if (low == n)
			return 0;
	return points->list.items[low - 1].bytes;
}

/* An instance of a task: what a call of a decorated function is to mprof. */
struct call {
	const char *name;
	uint32_t depth;
	double elapsed_ns[2]; /* at start and end */
	double bytes[2];
};

struct calls {
	const struct mw_run *run;
	struct points *points;
	MW_ARRAY(struct call) list;
};

/* The reader wants samples in each: one at its start, one at its end. */
static void add_call(struct calls *calls, size_t n_points, const char *name, uint32_t depth,
	const int64_t times_ns[2])
{
	struct call *call = mw_array_push(&calls->list);
	if (!call) {
		calls->points->has_failed = true;
		return;
	}
	call->name = name;
	call->depth = depth;
	for (unsigned i = 0; i < 2; i++) {
		call->elapsed_ns[i] =
			(double)mw_minus(times_ns[i], calls->run->dump.control.start_monotonic_ns);
		call->bytes[i] = tree_bytes_at(calls->points, n_points, call->elapsed_ns[i]);
		add_point(calls->points, TREE, call->elapsed_ns[i], call->bytes[i]);
	}
}

static void add_calls(struct calls *calls, const struct mw_view *view)
{
	size_t n = calls->points->list.n;
	for (size_t i = 0; i < view->profile.spans.n; i++) {
		const struct mw_region_span *span = &view->profile.spans.items[i];
		const int64_t times_ns[2] = { span->start_ns, span->end_ns };
		if (span->region_idx != MW_NONE)
			add_call(calls, n, mw_profile_text(&view->profile, span->name), span->depth,
				times_ns);
	}
	for (size_t i = 0; i < view->tasks.marks.n; i++) {
		const struct mw_task_mark *mark = &view->tasks.marks.items[i];
		const int64_t times_ns[2] = { mark->mark->start_ns, mark->end_ns };
		if (!mark->mark->is_instant && mark->end_ns != INT64_MAX)
			add_call(calls, n, mark->mark->name, 0, times_ns);
	}
}

static void put_call(FILE *out, const struct call *call, int64_t start_ns)
{
	fputs("FUNC ", out);
	for (const char *at = call->name; *at; at++)
		fputc((unsigned char)*at <= ' ' ? '_' : *at, out);
	for (unsigned i = 0; i < 2; i++) {
		bool is_sane = call->elapsed_ns[i] >= 0 && call->elapsed_ns[i] < 0x1p60;
		int64_t at_100us =
			mw_plus(start_ns, is_sane ? (int64_t)call->elapsed_ns[i] : 0) / 100000;
		fprintf(out, " %.4f %lld.%04d", call->bytes[i] / 0x1p20,
			(long long)(at_100us / 10000), (int)(at_100us % 10000));
	}
	fprintf(out, " %" PRIu32 "\n", call->depth);
}

static void sort_points(struct points *points)
{
	if (points->list.n > 0)
		qsort(points->list.items, points->list.n, sizeof(struct point), compare_points);
}

int mw_mprof_render(FILE *out, const struct mw_view *view)
{
	const struct mw_run *run = &view->profile.runs.items[0];
	struct points points = { 0 };
	add_tree(&points, run, &view->job);
	size_t n_tree = points.list.n;
	add_process_samples(&points, run);
	add_holds(&points, n_tree);
	add_process_peaks(&points, run, &view->job);
	sort_points(&points);
	struct calls calls = { .run = run, .points = &points };
	add_calls(&calls, view);
	sort_points(&points);
	put_command(out, run);
	for (size_t i = 0; i < points.list.n; i++)
		put_point(out, &points.list.items[i], mw_job_run_start_ns(run));
	for (size_t i = 0; i < calls.list.n; i++)
		put_call(out, &calls.list.items[i], mw_job_run_start_ns(run));
	mw_array_deinit(&calls.list);
	mw_array_deinit(&points.list);
	return points.has_failed ? -ENOMEM : 0;
}

char *mw_mprof_name(const char *host, int64_t start_ns)
{
	const char *directory = getenv("COMPSS_WORKER_PROFILE_PATH");
	char *name = NULL;
	if (directory && directory[0])
		return asprintf(&name, "%s/%s.dat", directory, host ? host : "localhost") < 0
			       ? NULL
			       : name;
	char digits[32];
	time_t seconds = start_ns / 1000000000;
	struct tm parts;
	localtime_r(&seconds, &parts);
	strftime(digits, sizeof(digits), "%Y%m%d%H%M%S", &parts);
	return asprintf(&name, "mprofile_%s.dat", digits) < 0 ? NULL : name;
}
