/* SPDX: no licence chosen yet, see README */
/*
 * task_lines.c - --task-lines: what PyCOMPSs' @profile(full_report=False) wrote, and since 2022
 * writes, for each task. What it calls memory of the system is the process's live heap here.
 */
#include <math.h>

#include "report/render/text.h"

struct line {
	const char *file, *function;
	/* Not finite where not known. */
	double start_seconds, elapsed_seconds, initial_bytes, final_bytes;
	int64_t peak_bytes;
};

static void print_line(struct mw_text *text, const struct line *line, bool is_new)
{
	if (is_new)
		fprintf(text->out, "%.7f %s ", line->start_seconds,
			text->job_name ? text->job_name : "master");
	fprintf(text->out, "%s %s ", line->file, line->function);
	if (is_new)
		fprintf(text->out, "%.9f %.0f %.0f ", line->elapsed_seconds, line->initial_bytes,
			line->final_bytes);
	fprintf(text->out, "%.*f MiB\n", (int)text->precision, (double)line->peak_bytes / 0x1p20);
}

static const char *executable(const struct mw_image *image, char out[static MWD_EXE_BYTES + 1])
{
	snprintf(out, MWD_EXE_BYTES + 1, "%.*s", (int)MWD_EXE_BYTES, image->head->exe);
	mw_format_clean(out);
	return out[0] ? out : "-";
}

/* CLOCK_MONOTONIC -> seconds since 1970. */
static double since_1970(const struct mw_run *run, int64_t at_ns)
{
	int64_t elapsed_ns = mw_minus(at_ns, run->dump.control.start_monotonic_ns);
	return (double)mw_plus(mw_job_run_start_ns(run), elapsed_ns) / 1e9;
}

static double seconds_or_nan(int64_t time_ns)
{
	return time_ns == MW_TASK_UNKNOWN ? NAN : (double)time_ns / 1e9;
}

static struct line summary_of(const struct mw_view *view, const struct mw_task *task)
{
	const struct mw_run *run = &view->profile.runs.items[0];
	struct line line = { .file = "-",
		.function = task->name,
		.start_seconds = NAN,
		.elapsed_seconds = seconds_or_nan(task->elapsed_ns),
		.initial_bytes = NAN,
		.final_bytes = NAN,
		.peak_bytes = task->peak_bytes > 0 ? task->peak_bytes : 0 };
	if (task->first_start_ns != MW_TASK_UNKNOWN)
		line.start_seconds =
			(double)mw_plus(mw_job_run_start_ns(run), task->first_start_ns) / 1e9;
	return line;
}

/* Where a region was marked is not known, but by whom. */
static const struct mw_image *image_of(const struct mw_view *view, const struct mw_task *task)
{
	const struct mw_profile *profile = &view->profile;
	for (size_t i = 0; i < profile->images.n; i++) {
		const struct mw_image *image = &profile->images.items[i];
		for (size_t at = 0; task->kind == MW_TASK_REGION && at < image->regions.n; at++)
			if (image->regions.items[at].region_idx == task->idx)
				return image;
		if (task->kind == MW_TASK_PROCESS &&
			mw_profile_text(profile, image->program) == task->name)
			return image;
	}
	return NULL;
}

/* Return: how many of the task's instances were kept, and are printed. */
static int64_t print_instances(
	struct mw_text *text, const struct mw_view *view, const struct mw_task *task)
{
	const struct mw_profile *profile = &view->profile;
	char exe[MWD_EXE_BYTES + 1];
	int64_t n = 0;
	for (size_t i = 0; task->kind == MW_TASK_REGION && i < profile->spans.n; i++) {
		const struct mw_region_span *span = &profile->spans.items[i];
		if (span->region_idx != task->idx)
			continue;
		const struct mw_image *image = &profile->images.items[span->image_idx];
		const struct mw_run *run = &profile->runs.items[image->run_idx];
		struct line line = { .file = executable(image, exe),
			.function = task->name,
			.start_seconds = since_1970(run, span->start_ns),
			.elapsed_seconds = (double)mw_minus(span->end_ns, span->start_ns) / 1e9,
			.initial_bytes = (double)span->start_bytes,
			.final_bytes = (double)span->end_bytes,
			.peak_bytes = span->peak_bytes };
		print_line(text, &line, true);
		n++;
	}
	return n;
}

static void print_task(
	struct mw_text *text, const struct mw_view *view, const struct mw_task *task, bool is_new)
{
	char place[4200], exe[MWD_EXE_BYTES + 1];
	struct line line = summary_of(view, task);
	if (is_new && print_instances(text, view, task) > 0)
		return;
	const struct mw_image *image = image_of(view, task);
	if (image)
		line.file = executable(image, exe);
	if (task->kind == MW_TASK_FUNCTION)
		line.file = mw_text_place(&view->profile, &view->profile.functions.items[task->idx],
			0, place, sizeof(place));
	print_line(text, &line, is_new);
}

void mw_task_lines_render(struct mw_text *text, const struct mw_view *view, bool is_new)
{
	const struct mw_tasks *tasks = &view->tasks;
	for (size_t i = 0; i < tasks->rows.n; i++)
		print_task(text, view, &tasks->rows.items[i], is_new);
	if (tasks->rows.n == 0 && !view->is_task_wanted)
		mw_peak_lines_render(text, view);
}
