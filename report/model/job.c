/* SPDX: no licence chosen yet, see README */
/* job.c - the run as a sampler of processes would tell it. See job.h. */
#include "report/model/job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int64_t mw_job_run_start_ns(const struct mw_run *run)
{
	return run->dump.control.start_realtime_ns;
}

/* CLOCK_MONOTONIC -> since 1970, by the one moment that is known in both. */
static int64_t realtime_of(const struct mw_run *run, int64_t monotonic_ns)
{
	const struct mwd_control *control = &run->dump.control;
	return mw_plus(
		control->start_realtime_ns, mw_minus(monotonic_ns, control->start_monotonic_ns));
}

static int64_t after_start(const struct mw_run *run, double seconds)
{
	return mw_plus(mw_job_run_start_ns(run), (int64_t)(seconds * 1e9));
}

/* What the run is known to have lasted at least. */
static double duration_of(const struct mw_run *run)
{
	double seconds = run->info.duration_seconds;
	for (size_t i = 0; run->info.duration_seconds < 0 && i < run->info.processes.n; i++) {
		if (run->info.processes.items[i].last_seen_seconds > seconds)
			seconds = run->info.processes.items[i].last_seen_seconds;
	}
	return seconds > 0 ? seconds : 0;
}

static int64_t last_seen_of(const struct mw_profile *profile, const struct mw_processes *processes,
	const struct mw_process_row *row, uint32_t next_row)
{
	const struct mw_run *run = &profile->runs.items[row->run_idx];
	if (row->end_ns > row->start_ns)
		return realtime_of(run, row->end_ns);
	if (next_row != MW_NONE)
		return realtime_of(run, processes->rows.items[next_row].start_ns);
	if (row->seen && row->seen->last_seen_seconds >= 0)
		return after_start(run, row->seen->last_seen_seconds);
	return row->end_ns ? realtime_of(run, row->end_ns) : after_start(run, duration_of(run));
}

/* A sampled maximum outside the program's time belongs to another one of the same process. */
static int64_t peak_time_of(const struct mw_run *run, const struct mw_process_row *row,
	const struct mw_job_process *process)
{
	int64_t at_ns = 0;
	if (row->seen && row->seen->peak_seconds >= 0)
		at_ns = after_start(run, row->seen->peak_seconds);
	bool is_inside = at_ns >= process->first_seen_ns && at_ns <= process->last_seen_ns;
	return is_inside ? at_ns : process->last_seen_ns;
}

#define PRELUDE_NS 100000000
#define PRELUDE_BYTES (1 << 20) /* of its own */

/* Between fork and exec there is a copy of the parent, which may well allocate a little. */
static bool is_prelude(const struct mw_profile *profile, const struct mw_process_row *row,
	const struct mw_job_process *process)
{
	if (row->image_idx == MW_NONE)
		return false;
	const struct mwd_image *head = profile->images.items[row->image_idx].head;
	int64_t own_bytes = mw_plus(mw_settle_process_peak(head, MWD_CLASS_HEAP),
		mw_settle_process_peak(head, MWD_CLASS_ANON));
	return (head->flags & MWD_IMAGE_FORKED) && own_bytes < PRELUDE_BYTES &&
	       mw_minus(process->last_seen_ns, process->first_seen_ns) < PRELUDE_NS;
}

static int fill_process(const struct mw_profile *profile, const struct mw_processes *processes,
	uint32_t row_idx, uint32_t next_row, struct mw_job_process *process)
{
	const struct mw_process_row *row = &processes->rows.items[row_idx];
	const struct mw_run *run = &profile->runs.items[row->run_idx];
	*process = (struct mw_job_process){ .row_idx = row_idx,
		.pid = row->pid,
		.ppid = row->ppid,
		.command = mw_processes_whole_command(profile, row),
		.first_seen_ns = realtime_of(run, row->start_ns),
		.at_tree_peak_bytes = row->at_tree_peak_bytes };
	process->last_seen_ns = last_seen_of(profile, processes, row, next_row);
	if (process->last_seen_ns < process->first_seen_ns)
		process->last_seen_ns = process->first_seen_ns;
	process->is_prelude = next_row != MW_NONE && is_prelude(profile, row, process);
	process->peak_ns = peak_time_of(run, row, process);
	if (row->rss_peak_bytes > 0 && !process->is_prelude)
		process->max_rss_kib = row->rss_peak_bytes / 1024;
	return process->command ? 0 : -ENOMEM;
}

static int compare_processes(const void *left, const void *right)
{
	const struct mw_job_process *a = left, *b = right;
	if (a->max_rss_kib != b->max_rss_kib)
		return a->max_rss_kib > b->max_rss_kib ? -1 : 1;
	return a->row_idx < b->row_idx ? -1 : a->row_idx > b->row_idx;
}

static int add_processes(
	const struct mw_profile *profile, const struct mw_processes *processes, struct mw_job *job)
{
	size_t n = processes->rows.n;
	uint32_t *next = malloc((n + 1) * sizeof(*next)); /* row that replaced it */
	job->places = calloc(n + 1, sizeof(*job->places));
	int error = next && job->places ? 0 : -ENOMEM;
	if (!error)
		memset(next, 0xff, (n + 1) * sizeof(*next));
	for (uint32_t i = 0; !error && i < n; i++) {
		uint32_t previous = processes->rows.items[i].previous;
		if (previous != MW_NONE)
			next[previous] = i;
	}
	for (uint32_t i = 0; !error && i < n; i++) {
		struct mw_job_process *process = mw_array_push(&job->processes);
		error = process ? fill_process(profile, processes, i, next[i], process) : -ENOMEM;
	}
	free(next);
	if (!error && n > 0)
		qsort(job->processes.items, n, sizeof(job->processes.items[0]), compare_processes);
	for (uint32_t i = 0; !error && i < n; i++)
		job->places[job->processes.items[i].row_idx] = i;
	return error;
}

static void add_run(struct mw_job *job, const struct mw_run *run, bool is_first)
{
	int64_t start_ns = mw_job_run_start_ns(run);
	int64_t end_ns = after_start(run, duration_of(run));
	if (is_first || start_ns < job->start_ns)
		job->start_ns = start_ns;
	if (is_first || end_ns > job->end_ns)
		job->end_ns = end_ns;
	if (is_first || job->exit_status == 0)
		job->exit_status = run->info.exit_status;
	if (is_first)
		job->interval_ms = run->info.interval_ms > 0 ? run->info.interval_ms : 0;
	if (duration_of(run) > job->duration_seconds)
		job->duration_seconds = duration_of(run);
	int64_t peak_bytes = run->info.rss_peak_bytes;
	if (peak_bytes < run->dump.control.rss_peak_bytes)
		peak_bytes = run->dump.control.rss_peak_bytes;
	job->max_total_rss_kib = mw_plus(job->max_total_rss_kib, peak_bytes / 1024);
	if (run->info.n_rss_samples > 0 && run->info.n_rss_samples < 0x1p50)
		job->n_samples = mw_plus(job->n_samples, (int64_t)run->info.n_rss_samples);
}

void mw_job_filter(struct mw_job *job, const struct mw_filter *filter)
{
	job->filter = filter;
	job->is_filtered = mw_filter_is_active(filter);
	job->n_hidden = job->n_given_up = 0;
	job->hidden_kib = 0;
	for (size_t i = 0; i < job->processes.n; i++) {
		struct mw_job_process *process = &job->processes.items[i];
		int is_shown = mw_filter_shows(filter, process->command);
		job->n_given_up += is_shown < 0;
		process->is_hidden = is_shown == 0;
		if (is_shown != 0 || process->is_prelude)
			continue;
		job->n_hidden++;
		job->hidden_kib = mw_plus(job->hidden_kib, process->max_rss_kib);
	}
}

int mw_job_build(const struct mw_profile *profile, const struct mw_processes *processes,
	const struct mw_filter *filter, struct mw_job *job_out)
{
	*job_out = (struct mw_job){ .exit_status = -1 };
	int error = add_processes(profile, processes, job_out);
	for (size_t i = 0; !error && i < profile->runs.n; i++)
		add_run(job_out, &profile->runs.items[i], i == 0);
	if (!error)
		mw_job_filter(job_out, filter);
	return error;
}

void mw_job_deinit(struct mw_job *job)
{
	for (size_t i = 0; i < job->processes.n; i++)
		free(job->processes.items[i].command);
	mw_array_deinit(&job->processes);
	free(job->places);
	job->places = NULL;
}

bool mw_job_is_listed(const struct mw_job_process *process)
{
	return !process->is_hidden && !process->is_prelude && process->max_rss_kib > 0;
}
