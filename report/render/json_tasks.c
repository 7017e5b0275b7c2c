/* SPDX: no licence chosen yet, see README */
/* json_tasks.c - the JSON report's tasks, and the single instances and moments that were kept. */
#include "report/model/pids.h"
#include "report/render/json_parts.h"

static void put_seconds(struct mw_json_writer *writer, const char *key, int64_t time_ns)
{
	if (time_ns == MW_TASK_UNKNOWN)
		mw_json_put_null(writer, key);
	else
		mw_json_put_real(writer, key, (double)time_ns / 1e9);
}

static void put_task(struct mw_json_writer *writer, const struct mw_task *task)
{
	bool is_function = task->kind == MW_TASK_FUNCTION;
	mw_json_open_object(writer, NULL);
	if (task->has_sums)
		mw_json_classes(writer, "all", task->sums);
	else
		mw_json_put_null(writer, "all");
	mw_json_int_or_null(writer, "count", task->count);
	put_seconds(writer, "elapsed_max_seconds", task->elapsed_max_ns);
	put_seconds(writer, "elapsed_seconds", task->elapsed_ns);
	put_seconds(writer, "first_start_seconds", task->first_start_ns);
	mw_json_index(writer, "function", is_function ? task->idx : MW_NONE);
	mw_json_put_text(writer, "kind", mw_task_kind_names[task->kind]);
	mw_json_int_or_null(writer, "mean_peak_bytes", task->mean_peak_bytes);
	mw_json_int_or_null(writer, "n_processes", task->n_processes);
	mw_json_put_int(writer, "n_unfinished", task->n_unfinished);
	mw_json_put_text(writer, "name", task->name);
	mw_json_int_or_null(writer, "peak_bytes", task->peak_bytes);
	mw_json_int_or_null(writer, "rss_peak_bytes", task->rss_peak_bytes);
	mw_json_close(writer);
}

static void put_span(struct mw_json_writer *writer, const struct mw_profile *profile,
	const struct mw_region_span *span)
{
	const struct mw_image *image = &profile->images.items[span->image_idx];
	const struct mwd_control *control = &profile->runs.items[image->run_idx].dump.control;
	mw_json_open_object(writer, NULL);
	mw_json_put_int(writer, "depth", span->depth);
	mw_json_put_int(writer, "end_bytes", span->end_bytes);
	mw_json_time(writer, "end_seconds", control, span->end_ns);
	mw_json_put_bool(writer, "is_instant", span->region_idx == MW_NONE);
	mw_json_put_text(writer, "name", mw_profile_text(profile, span->name));
	mw_json_put_int(writer, "peak_bytes", span->peak_bytes);
	mw_json_put_int(writer, "pid", mw_pids_shown(image->pid));
	mw_json_put_int(writer, "start_bytes", span->start_bytes);
	mw_json_time(writer, "start_seconds", control, span->start_ns);
	mw_json_put_int(writer, "tid", span->tid);
	mw_json_close(writer);
}

static void put_mark(struct mw_json_writer *writer, const struct mw_profile *profile,
	const struct mw_task_mark *mark)
{
	const struct mwd_control *control = &profile->runs.items[mark->run_idx].dump.control;
	mw_json_open_object(writer, NULL);
	mw_json_time(writer, "end_seconds", control, mark->mark->is_open ? 0 : mark->end_ns);
	mw_json_put_bool(writer, "is_instant", mark->mark->is_instant);
	mw_json_put_text(writer, "name", mark->mark->name);
	mw_json_int_or_null(writer, "peak_bytes", mark->peak_bytes);
	mw_json_int_or_null(writer, "rss_peak_bytes", mark->rss_peak_bytes);
	mw_json_put_int(writer, "shell_pid", mark->mark->ppid);
	mw_json_time(writer, "start_seconds", control, mark->mark->start_ns);
	mw_json_close(writer);
}

void mw_json_marks(struct mw_json_writer *writer, const struct mw_view *view)
{
	mw_json_open_array(writer, "marks");
	for (size_t i = 0; i < view->tasks.marks.n; i++)
		put_mark(writer, &view->profile, &view->tasks.marks.items[i]);
	mw_json_close(writer);
}

void mw_json_spans(struct mw_json_writer *writer, const struct mw_view *view)
{
	mw_json_open_array(writer, "spans");
	for (size_t i = 0; i < view->profile.spans.n; i++)
		put_span(writer, &view->profile, &view->profile.spans.items[i]);
	mw_json_close(writer);
}

void mw_json_tasks(struct mw_json_writer *writer, const struct mw_view *view)
{
	mw_json_open_array(writer, "tasks");
	for (size_t i = 0; i < view->tasks.rows.n; i++)
		put_task(writer, &view->tasks.rows.items[i]);
	mw_json_close(writer);
	mw_json_put_int(writer, "tasks_unbalanced", (int64_t)view->tasks.n_unbalanced);
}
