/* SPDX: no licence chosen yet, see README */
/* tasks.c - see tasks.h. */
#include "report/model/tasks.h"

#include <errno.h>
#include <string.h>

const char *const mw_task_kind_names[MW_TASK_N_KINDS] = {
	[MW_TASK_REGION] = "region",
	[MW_TASK_MARK] = "mark",
	[MW_TASK_FUNCTION] = "function",
	[MW_TASK_PROCESS] = "process",
};

struct builder {
	const struct mw_profile *profile;
	const struct mw_processes *processes;
	const struct mw_regex *pattern;
	struct mw_tasks *tasks;
};

static void raise(int64_t *most, int64_t value)
{
	if (value > *most)
		*most = value;
}

static bool is_wanted(const struct builder *builder, const char *name)
{
	return !builder->pattern || mw_regex_search(builder->pattern, name) > 0;
}

static struct mw_task *add_task(struct builder *builder, enum mw_task_kind kind, const char *name)
{
	struct mw_task *task = mw_array_push(&builder->tasks->rows);
	if (task)
		*task = (struct mw_task){ .kind = kind,
			.idx = MW_NONE,
			.name = name,
			.count = MW_TASK_UNKNOWN,
			.peak_bytes = MW_TASK_UNKNOWN,
			.mean_peak_bytes = MW_TASK_UNKNOWN,
			.rss_peak_bytes = MW_TASK_UNKNOWN,
			.first_start_ns = MW_TASK_UNKNOWN,
			.elapsed_ns = MW_TASK_UNKNOWN,
			.elapsed_max_ns = MW_TASK_UNKNOWN };
	return task;
}

static void set_sums(struct mw_task *task, const struct mw_sums sums[static MWD_N_CLASSES])
{
	memcpy(task->sums, sums, sizeof(task->sums));
	task->has_sums = true;
}

/* ---- regions ------------------------------------------------------------------------------- */

static int add_region(struct builder *builder, uint32_t region_idx)
{
	const struct mw_region *region = &builder->profile->regions.items[region_idx];
	const char *name = mw_profile_text(builder->profile, region->name);
	if (region->n_begun == 0 || !is_wanted(builder, name))
		return 0;
	struct mw_task *task = add_task(builder, MW_TASK_REGION, name);
	if (!task)
		return -ENOMEM;
	task->idx = region_idx;
	task->count = (int64_t)region->n_begun;
	task->n_unfinished = mw_minus(task->count, (int64_t)region->n_ended);
	task->n_processes = region->n_images;
	task->first_start_ns = region->first_start_ns;
	task->elapsed_ns = region->elapsed_sum_ns;
	task->elapsed_max_ns = region->elapsed_max_ns;
	set_sums(task, region->sums);
	/* What instances that never ended saw is in the records. */
	task->peak_bytes = region->peak_max_bytes;
	raise(&task->peak_bytes, (int64_t)region->sums[MWD_CLASS_HEAP].max_total_bytes);
	task->mean_peak_bytes = (int64_t)region->n_ended > 0
					? region->peak_sum_bytes / (int64_t)region->n_ended
					: task->peak_bytes;
	return 0;
}

/* ---- marks of shell scripts ---------------------------------------------------------------- */

/* The highest of a column of samples.csv while the mark was open, to which what it was when it
 * began belongs, too. */
static int64_t sampled_peak(
	const struct mw_samples *samples, const char *column, double start_ns, double end_ns)
{
	size_t time = mw_samples_column(samples, "elapsed_ns");
	size_t value = mw_samples_column(samples, column);
	double most = MW_TASK_UNKNOWN, before = MW_TASK_UNKNOWN;
	for (size_t i = 0; i < samples->n_rows; i++) {
		double at_ns = mw_samples_at(samples, i, time), bytes;
		if (at_ns < 0 || at_ns > end_ns)
			continue;
		bytes = mw_samples_at(samples, i, value);
		if (at_ns < start_ns)
			before = bytes;
		else if (bytes > most)
			most = bytes;
	}
	most = before > most ? before : most;
	return most < 0x1p62 ? (int64_t)most : MW_TASK_UNKNOWN;
}

/* Times of maxima are of a clock that goes by ticks: up to so much too early. */
#define TICK_NS 10000000

static bool is_inside(const struct mw_task_mark *mark, int64_t from_ns, int64_t to_ns)
{
	return from_ns >= mark->mark->start_ns && to_ns <= mark->end_ns;
}

static bool is_peak_inside(const struct mw_task_mark *mark, int64_t at_ns)
{
	return is_inside(mark, at_ns, mw_plus(at_ns, TICK_NS));
}

/* Maxima that are known exactly, and were certainly reached in the mark. */
static void take_exact_peaks(const struct builder *builder, struct mw_task_mark *mark)
{
	const struct mw_profile *profile = builder->profile;
	const struct mw_run *run = &profile->runs.items[mark->run_idx];
	const struct mwd_control *control = &run->dump.control;
	if (is_peak_inside(mark, control->heap_peak_ns))
		raise(&mark->peak_bytes, control->heap_peak_bytes);
	if (control->rss_peak_ns && is_peak_inside(mark, control->rss_peak_ns))
		raise(&mark->rss_peak_bytes, control->rss_peak_bytes);
	for (size_t i = 0; i < profile->images.n; i++) {
		const struct mw_image *image = &profile->images.items[i];
		const struct mwd_image *head = image->head;
		if (image->run_idx != mark->run_idx)
			continue;
		bool is_whole = head->end_ns && is_inside(mark, head->start_ns, head->end_ns);
		if (is_peak_inside(mark, head->heap_peak_ns))
			raise(&mark->peak_bytes, head->total[MWD_CLASS_HEAP].peak_bytes);
		if (!is_whole)
			continue;
		raise(&mark->peak_bytes, mw_settle_process_peak(head, MWD_CLASS_HEAP));
		raise(&mark->rss_peak_bytes, (int64_t)head->vm_hwm_bytes);
	}
}

static int64_t run_end_ns(const struct mw_run *run)
{
	double seconds = run->info.duration_seconds;
	return seconds >= 0 && seconds < 1e9
		       ? mw_plus(run->dump.control.start_monotonic_ns, (int64_t)(seconds * 1e9))
		       : INT64_MAX;
}

static int take_mark(struct builder *builder, uint32_t run_idx, const struct mw_mark *mark,
	const struct mw_samples *samples)
{
	const struct mw_run *run = &builder->profile->runs.items[run_idx];
	struct mw_task_mark *slot = mw_array_push(&builder->tasks->marks);
	if (!slot)
		return -ENOMEM;
	int64_t start_ns = run->dump.control.start_monotonic_ns;
	*slot = (struct mw_task_mark){ .run_idx = run_idx,
		.mark = mark,
		.end_ns = mark->is_open ? run_end_ns(run) : mark->end_ns,
		.peak_bytes = MW_TASK_UNKNOWN,
		.rss_peak_bytes = MW_TASK_UNKNOWN };
	double begin = (double)mw_minus(mark->start_ns, start_ns);
	double end = slot->end_ns == INT64_MAX ? 0x1p62 : (double)mw_minus(slot->end_ns, start_ns);
	slot->peak_bytes = sampled_peak(samples, "heap_live_bytes", begin, end);
	slot->rss_peak_bytes = sampled_peak(samples, "rss_bytes", begin, end);
	take_exact_peaks(builder, slot);
	return 0;
}

static int read_marks(struct builder *builder, uint32_t run_idx)
{
	const struct mw_run *run = &builder->profile->runs.items[run_idx];
	struct mw_marks *file = mw_array_push(&builder->tasks->files);
	struct mw_samples samples = { 0 };
	int error = file ? mw_run_read_marks(run, file) : -ENOMEM;
	if (!error && file->items.n > 0)
		error = mw_run_read_samples(run, MW_RUN_TREE_SAMPLES, &samples);
	for (size_t i = 0; !error && i < file->items.n; i++)
		error = take_mark(builder, run_idx, &file->items.items[i], &samples);
	mw_samples_deinit(&samples);
	if (!error)
		builder->tasks->n_unbalanced += file->n_unbalanced;
	return error;
}

static struct mw_task *task_of_mark(struct builder *builder, const char *name)
{
	for (size_t i = 0; i < builder->tasks->rows.n; i++) {
		struct mw_task *task = &builder->tasks->rows.items[i];
		if (task->kind == MW_TASK_MARK && strcmp(task->name, name) == 0)
			return task;
	}
	struct mw_task *task = add_task(builder, MW_TASK_MARK, name);
	if (task)
		task->count = task->elapsed_ns = task->n_processes = task->mean_peak_bytes = 0;
	return task;
}

static int add_mark(struct builder *builder, const struct mw_task_mark *found)
{
	const struct mw_mark *mark = found->mark;
	const struct mw_run *run = &builder->profile->runs.items[found->run_idx];
	if (mark->is_instant || !is_wanted(builder, mark->name))
		return 0;
	struct mw_task *task = task_of_mark(builder, mark->name);
	if (!task)
		return -ENOMEM;
	int64_t start_ns = mw_minus(mark->start_ns, run->dump.control.start_monotonic_ns);
	if (task->count++ == 0 || start_ns < task->first_start_ns)
		task->first_start_ns = start_ns;
	task->n_unfinished += mark->is_open;
	if (found->end_ns != INT64_MAX) {
		int64_t elapsed = mw_minus(found->end_ns, mark->start_ns);
		task->elapsed_ns = mw_plus(task->elapsed_ns, elapsed);
		raise(&task->elapsed_max_ns, elapsed);
	}
	raise(&task->peak_bytes, found->peak_bytes);
	raise(&task->rss_peak_bytes, found->rss_peak_bytes);
	if (found->peak_bytes > 0) /* the sum, until all are there */
		task->mean_peak_bytes = mw_plus(task->mean_peak_bytes, found->peak_bytes);
	return 0;
}

static int add_marks(struct builder *builder)
{
	int error = 0;
	for (uint32_t i = 0; !error && i < builder->profile->runs.n; i++)
		error = read_marks(builder, i);
	for (size_t i = 0; !error && i < builder->tasks->marks.n; i++)
		error = add_mark(builder, &builder->tasks->marks.items[i]);
	for (size_t i = 0; i < builder->tasks->rows.n; i++) {
		struct mw_task *task = &builder->tasks->rows.items[i];
		if (task->kind == MW_TASK_MARK)
			task->mean_peak_bytes /= task->count;
	}
	return error;
}

/* ---- functions and programs that the pattern names ------------------------------------------ */

static int add_function(struct builder *builder, uint32_t function_idx)
{
	const struct mw_function *function = &builder->profile->functions.items[function_idx];
	const struct mw_sums *heap = &function->through[MWD_CLASS_HEAP];
	const char *name = mw_profile_text(builder->profile, function->name);
	if (!function->has_symbol ||
		(heap->allocated_blocks == 0 && heap->freed_here_blocks == 0) ||
		!is_wanted(builder, name))
		return 0;
	struct mw_task *task = add_task(builder, MW_TASK_FUNCTION, name);
	if (!task)
		return -ENOMEM;
	task->idx = function_idx;
	task->n_processes = MW_TASK_UNKNOWN;
	task->peak_bytes = (int64_t)heap->max_total_bytes;
	set_sums(task, function->through);
	return 0;
}

static struct mw_task *task_of_program(struct builder *builder, const char *name)
{
	for (size_t i = 0; i < builder->tasks->rows.n; i++) {
		struct mw_task *task = &builder->tasks->rows.items[i];
		/* One id a text, one address an id. */
		if (task->kind == MW_TASK_PROCESS && task->name == name)
			return task;
	}
	struct mw_task *task = add_task(builder, MW_TASK_PROCESS, name);
	if (task) {
		task->count = task->n_processes = task->elapsed_ns = task->mean_peak_bytes = 0;
		task->has_sums = true;
	}
	return task;
}

static int add_process(struct builder *builder, const struct mw_process_row *process)
{
	const struct mw_profile *profile = builder->profile;
	if (process->image_idx == MW_NONE || process->is_silent)
		return 0;
	const struct mw_image *image = &profile->images.items[process->image_idx];
	const char *name = mw_profile_text(profile, image->program);
	if (!is_wanted(builder, name))
		return 0;
	struct mw_task *task = task_of_program(builder, name);
	if (!task)
		return -ENOMEM;
	const struct mwd_control *control = &profile->runs.items[image->run_idx].dump.control;
	int64_t start_ns = mw_minus(image->head->start_ns, control->start_monotonic_ns);
	if (task->count++ == 0 || start_ns < task->first_start_ns)
		task->first_start_ns = start_ns;
	task->n_processes++;
	task->n_unfinished += image->head->end_ns == 0;
	if (image->head->end_ns) {
		int64_t elapsed = mw_minus(image->head->end_ns, image->head->start_ns);
		task->elapsed_ns = mw_plus(task->elapsed_ns, elapsed);
		raise(&task->elapsed_max_ns, elapsed);
	}
	raise(&task->peak_bytes, process->heap_peak_bytes);
	raise(&task->rss_peak_bytes, process->rss_peak_bytes);
	task->mean_peak_bytes = mw_plus(task->mean_peak_bytes, process->heap_peak_bytes);
	for (unsigned class = 0; class < MWD_N_CLASSES; class ++)
		mw_sums_add(&task->sums[class], &image->sums[class]);
	return 0;
}

static int add_named(struct builder *builder)
{
	int error = 0;
	for (uint32_t i = 0; !error && i < builder->profile->functions.n; i++)
		error = add_function(builder, i);
	for (size_t i = 0; !error && i < builder->processes->rows.n; i++)
		error = add_process(builder, &builder->processes->rows.items[i]);
	for (size_t i = 0; i < builder->tasks->rows.n; i++) {
		struct mw_task *task = &builder->tasks->rows.items[i];
		if (task->kind == MW_TASK_PROCESS)
			task->mean_peak_bytes /= task->count;
	}
	return error;
}

static int compare(const void *left, const void *right)
{
	const struct mw_task *a = left, *b = right;
	if (a->peak_bytes != b->peak_bytes)
		return a->peak_bytes > b->peak_bytes ? -1 : 1;
	int order = strcmp(a->name, b->name);
	return order ? order : (int)a->kind - (int)b->kind;
}

int mw_tasks_build(const struct mw_profile *profile, const struct mw_processes *processes,
	const struct mw_regex *pattern, struct mw_tasks *tasks_out)
{
	struct builder builder = { profile, processes, pattern, tasks_out };
	memset(tasks_out, 0, sizeof(*tasks_out));
	int error = 0;
	for (uint32_t i = 0; !error && i < profile->regions.n; i++)
		error = add_region(&builder, i);
	if (!error)
		error = add_marks(&builder);
	if (!error && pattern)
		error = add_named(&builder);
	for (size_t i = 0; i < profile->images.n; i++)
		tasks_out->n_unbalanced += profile->images.items[i].head->n_unbalanced_ends;
	if (tasks_out->rows.n > 0)
		qsort(tasks_out->rows.items, tasks_out->rows.n, sizeof(tasks_out->rows.items[0]),
			compare);
	return error;
}

void mw_tasks_deinit(struct mw_tasks *tasks)
{
	for (size_t i = 0; i < tasks->files.n; i++)
		mw_marks_deinit(&tasks->files.items[i]);
	mw_array_deinit(&tasks->rows);
	mw_array_deinit(&tasks->files);
	mw_array_deinit(&tasks->marks);
}
