/* SPDX: no licence chosen yet, see README */
/* html_tasks.c - the table of tasks, and the marks of shell scripts for the time line. See html.h.
 */
#include "report/html/parts.h"

#define MAX_MARKS 500 /* to be drawn; all are in the table */

static void put_us(struct mw_json_writer *json, const char *key, int64_t time_ns)
{
	mw_json_put_int(json, key, time_ns == MW_TASK_UNKNOWN ? -1 : time_ns / 1000);
}

static void put_task(struct mw_html *page, const struct mw_task *task)
{
	struct mw_json_writer *json = &page->json;
	const struct mw_sums *heap = &task->sums[MWD_CLASS_HEAP];
	mw_json_open_object(json, NULL);
	mw_html_put_string(page, "name", task->name);
	mw_json_put_text(json, "kind", mw_task_kind_names[task->kind]);
	mw_json_put_int(json, "count", task->count);
	mw_json_put_int(json, "n_unfinished", task->n_unfinished);
	mw_json_put_int(json, "n_processes", task->n_processes);
	mw_json_put_int(json, "peak", task->peak_bytes);
	mw_json_put_int(json, "mean_peak", task->mean_peak_bytes);
	mw_json_put_int(json, "rss_peak", task->rss_peak_bytes);
	mw_json_put_int(json, "at_peak",
		task->has_sums ? heap->peak_bytes[MWD_PEAK_TREE_HEAP] : MW_TASK_UNKNOWN);
	put_us(json, "start_us", task->first_start_ns);
	put_us(json, "elapsed_us", task->elapsed_ns);
	put_us(json, "longest_us", task->elapsed_max_ns);
	mw_json_close(json);
}

static void put_mark(struct mw_html *page, const struct mw_task_mark *mark)
{
	const struct mw_run *run = &page->view->profile.runs.items[mark->run_idx];
	mw_json_open_object(&page->json, NULL);
	mw_json_put_int(&page->json, "run", mark->run_idx);
	mw_html_put_string(page, "name", mark->mark->name);
	mw_html_put_us(page, "start_us", run, mark->mark->start_ns);
	mw_html_put_us(page, "end_us", run, mark->end_ns);
	mw_json_close(&page->json);
}

int mw_html_tasks(struct mw_html *page)
{
	const struct mw_tasks *tasks = &page->view->tasks;
	mw_json_open_array(&page->json, "tasks");
	for (size_t i = 0; i < tasks->rows.n; i++)
		put_task(page, &tasks->rows.items[i]);
	mw_json_close(&page->json);
	mw_json_put_int(&page->json, "n_unbalanced", (int64_t)tasks->n_unbalanced);
	mw_json_open_array(&page->json, "marks");
	for (size_t i = 0; i < tasks->marks.n && i < MAX_MARKS; i++)
		put_mark(page, &tasks->marks.items[i]);
	mw_json_close(&page->json);
	return 0;
}
