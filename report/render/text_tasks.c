/* SPDX: no licence chosen yet, see README */
/*
 * text_tasks.c - the tasks: regions marked in code and in shell scripts; functions and programs if
 * --task asks for them. Nothing where there are none.
 */
#include "report/render/text.h"

#include <inttypes.h>

#define FIXED_COLUMNS 62

static const char *const suffixes[MW_TASK_N_KINDS] = {
	[MW_TASK_REGION] = "",
	[MW_TASK_MARK] = " (mark)",
	[MW_TASK_FUNCTION] = "()",
	[MW_TASK_PROCESS] = " (process)",
};

static void print_bytes(struct mw_text *text, int64_t bytes)
{
	if (bytes == MW_TASK_UNKNOWN)
		fprintf(text->out, "%10s", "-");
	else
		mw_text_size(text, bytes);
	fputc(' ', text->out);
}

static void print_time(struct mw_text *text, int64_t time_ns)
{
	char buffer[MW_FORMAT_BYTES];
	fprintf(text->out, "%9s ",
		time_ns == MW_TASK_UNKNOWN ? "-"
					   : mw_format_duration(buffer, (double)time_ns / 1e9));
}

static void print_count(struct mw_text *text, const struct mw_task *task)
{
	char count[40];
	snprintf(count, sizeof(count), "%" PRId64 "%s", task->count, task->n_unfinished ? "*" : "");
	fprintf(text->out, "%7s ", task->count == MW_TASK_UNKNOWN ? "-" : count);
}

static void print_row(struct mw_text *text, const struct mw_task *task)
{
	const struct mw_sums *heap = &task->sums[MWD_CLASS_HEAP];
	char name[600];
	print_count(text, task);
	print_bytes(text, task->peak_bytes);
	print_bytes(text, task->mean_peak_bytes);
	print_bytes(text, task->has_sums ? heap->peak_bytes[MWD_PEAK_TREE_HEAP] : MW_TASK_UNKNOWN);
	print_time(text, task->first_start_ns);
	print_time(text, task->elapsed_ns);
	snprintf(name, sizeof(name), "%.500s%s", task->name, suffixes[task->kind]);
	mw_text_last_cell(text, name,
		text->width > FIXED_COLUMNS + 8 ? text->width - FIXED_COLUMNS : 8, mw_format_cut);
}

static void print_notes(struct mw_text *text, const struct mw_tasks *tasks, size_t n_more)
{
	int64_t n_unfinished = 0;
	bool has_marks = false;
	for (size_t i = 0; i < tasks->rows.n; i++) {
		n_unfinished = mw_plus(n_unfinished, tasks->rows.items[i].n_unfinished);
		has_marks |= tasks->rows.items[i].kind == MW_TASK_MARK;
	}
	if (n_more > 0)
		mw_text_item(text, "... and %zu more", n_more);
	if (n_unfinished)
		mw_text_item(text, "* with instances that did not end: %" PRId64, n_unfinished);
	if (has_marks)
		mw_text_item(text, "(mark): by a shell script; the tree's heap, as sampled");
	if (tasks->n_unbalanced)
		mw_text_item(text, "ends of tasks that were not open: %zu", tasks->n_unbalanced);
}

void mw_text_tasks(struct mw_text *text, const struct mw_view *view)
{
	const struct mw_tasks *tasks = &view->tasks;
	if (tasks->rows.n == 0 && tasks->n_unbalanced == 0 && !view->is_task_wanted)
		return;
	mw_text_heading(text, "Tasks");
	mw_text_caption(text,
		"Peak: highest live heap of a process while the task ran, and its mean over the "
		"instances. At peak: the task's own bytes at the tree's heap peak. Started: the "
		"first. Elapsed: all together.");
	if (tasks->rows.n == 0) {
		mw_text_item(text, "no task matches");
	} else {
		fprintf(text->out, "%7s %10s %10s %10s %9s %9s %s\n", "Count", "Peak", "Mean peak",
			"At peak", "Started", "Elapsed", "Task");
	}
	size_t n = tasks->rows.n < view->top ? tasks->rows.n : view->top;
	for (size_t i = 0; i < n; i++)
		print_row(text, &tasks->rows.items[i]);
	print_notes(text, tasks, tasks->rows.n - n);
}
