/* SPDX: no licence chosen yet, see README */
/*
 * trace.c - the job over time in the Trace Event Format, which Perfetto, chrome://tracing and
 * speedscope open: a bar for each program and each instance of a task while it ran, the tree's and
 * each process's memory as counters. Times in microseconds since the run's start.
 */
#include "report/export/weights.h"

#include <errno.h>

#include "report/ingest/samples.h"
#include "report/model/pids.h"
#include "report/util/json.h"

#define TREE_PID 0 /* no process has it */

static void open_event(struct mw_json_writer *writer, const char *phase, const char *name,
	int64_t pid, double time_us)
{
	mw_json_open_object(writer, NULL);
	mw_json_put_text(writer, "ph", phase);
	mw_json_put_text(writer, "name", name);
	mw_json_put_int(writer, "pid", pid);
	mw_json_put_int(writer, "tid", pid);
	mw_json_put_real(writer, "ts", time_us);
}

static void put_name(struct mw_json_writer *writer, int64_t pid, const char *name)
{
	open_event(writer, "M", "process_name", pid, 0);
	mw_json_open_object(writer, "args");
	mw_json_put_text(writer, "name", name);
	mw_json_close(writer);
	mw_json_close(writer);
}

static void put_counter(
	struct mw_json_writer *writer, const char *name, int64_t pid, double time_us, double bytes)
{
	if (bytes < 0)
		return;
	open_event(writer, "C", name, pid, time_us);
	mw_json_open_object(writer, "args");
	mw_json_put_int(writer, "bytes", (int64_t)bytes);
	mw_json_close(writer);
	mw_json_close(writer);
}

static int put_tree(struct mw_json_writer *writer, const struct mw_run *run)
{
	static const struct {
		const char *column, *name;
	} counters[] = { { "rss_bytes", "RSS" }, { "pss_bytes", "PSS" },
		{ "heap_live_bytes", "heap" }, { "swap_bytes", "swap" } };
	struct mw_samples samples;
	int error = mw_run_read_samples(run, MW_RUN_TREE_SAMPLES, &samples);
	size_t time = mw_samples_column(&samples, "elapsed_ns");
	for (size_t at = 0; at < sizeof(counters) / sizeof(counters[0]); at++) {
		size_t column = mw_samples_column(&samples, counters[at].column);
		for (size_t i = 0; i < samples.n_rows; i++)
			put_counter(writer, counters[at].name, TREE_PID,
				mw_samples_at(&samples, i, time) / 1e3,
				mw_samples_at(&samples, i, column));
	}
	mw_samples_deinit(&samples);
	return error;
}

static int put_process_counters(struct mw_json_writer *writer, const struct mw_run *run)
{
	struct mw_samples samples;
	int error = mw_run_read_samples(run, MW_RUN_PROCESS_SAMPLES, &samples);
	size_t time = mw_samples_column(&samples, "elapsed_ns");
	size_t pid = mw_samples_column(&samples, "pid");
	size_t rss = mw_samples_column(&samples, "rss_bytes");
	for (size_t i = 0; i < samples.n_rows; i++)
		put_counter(writer, "RSS", (int64_t)mw_samples_at(&samples, i, pid),
			mw_samples_at(&samples, i, time) / 1e3, mw_samples_at(&samples, i, rss));
	mw_samples_deinit(&samples);
	return error;
}

static double since_start_us(const struct mw_run *run, int64_t time_ns)
{
	return (double)mw_minus(time_ns, run->dump.control.start_monotonic_ns) / 1e3;
}

/* The end that is known, or the end of the run. */
static double end_us(const struct mw_view *view, const struct mw_process_row *row)
{
	const struct mw_run *run = &view->profile.runs.items[row->run_idx];
	if (row->end_ns)
		return since_start_us(run, row->end_ns);
	if (row->seen && row->seen->last_seen_seconds > 0)
		return row->seen->last_seen_seconds * 1e6;
	return run->info.duration_seconds > 0 ? run->info.duration_seconds * 1e6
					      : since_start_us(run, row->start_ns);
}

static void put_process(
	struct mw_json_writer *writer, const struct mw_view *view, const struct mw_process_row *row)
{
	const struct mw_run *run = &view->profile.runs.items[row->run_idx];
	double begin = since_start_us(run, row->start_ns), end = end_us(view, row);
	char command[400];
	mw_processes_command(&view->profile, row, command, sizeof(command));
	put_name(writer, row->pid, command);
	open_event(writer, "X", command, row->pid, begin);
	mw_json_put_real(writer, "dur", end > begin ? end - begin : 0);
	mw_json_open_object(writer, "args");
	mw_json_put_int(writer, "heap_peak_bytes", row->heap_peak_bytes);
	if (row->rss_peak_bytes >= 0)
		mw_json_put_int(writer, "rss_peak_bytes", row->rss_peak_bytes);
	mw_json_close(writer);
	mw_json_close(writer);
}

/* An instance of a task; end = begin: a moment. */
static void put_slice(struct mw_json_writer *writer, const char *name, int64_t pid, int64_t tid,
	const double times_us[2], int64_t peak_bytes)
{
	bool is_moment = times_us[0] == times_us[1];
	mw_json_open_object(writer, NULL);
	mw_json_put_text(writer, "ph", is_moment ? "i" : "X");
	mw_json_put_text(writer, "name", name);
	mw_json_put_int(writer, "pid", pid);
	mw_json_put_int(writer, "tid", tid);
	mw_json_put_real(writer, "ts", times_us[0]);
	if (is_moment)
		mw_json_put_text(writer, "s", "t");
	else
		mw_json_put_real(
			writer, "dur", times_us[1] > times_us[0] ? times_us[1] - times_us[0] : 0);
	mw_json_open_object(writer, "args");
	if (peak_bytes >= 0)
		mw_json_put_int(writer, "peak_bytes", peak_bytes);
	mw_json_close(writer);
	mw_json_close(writer);
}

static void put_tasks(struct mw_json_writer *writer, const struct mw_view *view)
{
	const struct mw_profile *profile = &view->profile;
	for (size_t i = 0; i < profile->spans.n; i++) {
		const struct mw_region_span *span = &profile->spans.items[i];
		const struct mw_image *image = &profile->images.items[span->image_idx];
		const struct mw_run *run = &profile->runs.items[image->run_idx];
		const double times_us[2] = { since_start_us(run, span->start_ns),
			since_start_us(run, span->end_ns) };
		put_slice(writer, mw_profile_text(profile, span->name), mw_pids_shown(image->pid),
			span->tid, times_us, span->peak_bytes);
	}
	for (size_t i = 0; i < view->tasks.marks.n; i++) {
		const struct mw_task_mark *mark = &view->tasks.marks.items[i];
		const struct mw_run *run = &profile->runs.items[mark->run_idx];
		const double times_us[2] = { since_start_us(run, mark->mark->start_ns),
			since_start_us(run, mark->end_ns) };
		if (mark->end_ns != INT64_MAX)
			put_slice(writer, mark->mark->name, TREE_PID, mark->mark->ppid, times_us,
				mark->peak_bytes);
	}
}

static void put_peak(struct mw_json_writer *writer, const struct mw_run *run)
{
	const struct mwd_control *control = &run->dump.control;
	if (control->heap_peak_ns == 0)
		return;
	open_event(writer, "i", "heap peak of the tree", TREE_PID,
		since_start_us(run, control->heap_peak_ns));
	mw_json_put_text(writer, "s", "g"); /* drawn over all processes */
	mw_json_close(writer);
}

int mw_export_trace(FILE *out, const struct mw_view *view, const struct mw_export_options *options)
{
	struct mw_json_writer writer = { .out = out };
	int error = 0;
	(void)options;
	mw_json_open_object(&writer, NULL);
	mw_json_put_text(&writer, "displayTimeUnit", "ms");
	mw_json_open_array(&writer, "traceEvents");
	put_name(&writer, TREE_PID, "whole job");
	for (size_t i = 0; !error && i < view->profile.runs.n; i++) {
		const struct mw_run *run = &view->profile.runs.items[i];
		error = put_tree(&writer, run);
		if (!error)
			error = put_process_counters(&writer, run);
		put_peak(&writer, run);
	}
	for (size_t i = 0; i < view->processes.rows.n; i++)
		put_process(&writer, view, &view->processes.rows.items[i]);
	put_tasks(&writer, view);
	mw_json_close(&writer);
	mw_json_close(&writer);
	putc('\n', out);
	return error ? error : writer.has_failed ? -EIO : 0;
}
