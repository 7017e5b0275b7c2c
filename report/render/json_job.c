/* SPDX: no licence chosen yet, see README */
/*
 * json_job.c - the JSON report's members that memwatch's JSON has, too, with its types and
 * formats: a reader of the one takes the other. Of several runs, the command is the first's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/ingest/samples.h"
#include "report/render/json_parts.h"
#include "report/util/compat.h"

static void put_command(struct mw_json_writer *writer, const struct mw_run *run)
{
	mw_json_open_array(writer, "command");
	for (const struct mw_json *word = mw_json_first(run->info.words); word;
		word = mw_json_next(word))
		mw_json_put_text(writer, NULL, mw_json_text(word) ? mw_json_text(word) : "");
	mw_json_close(writer);
}

static void put_filter(struct mw_json_writer *writer, const struct mw_job *job)
{
	mw_json_open_object(writer, "filter");
	if (job->filter->exclude)
		mw_json_put_text(writer, "exclude_pattern", job->filter->exclude);
	if (job->filter->include)
		mw_json_put_text(writer, "include_pattern", job->filter->include);
	if (job->filter->process)
		mw_json_put_text(writer, "process_pattern", job->filter->process);
	mw_json_close(writer);
	mw_json_put_int(writer, "filtered_process_count", (int64_t)job->n_hidden);
	mw_json_put_int(writer, "filtered_total_rss_kib", job->hidden_kib);
}

void mw_json_job_begin(struct mw_json_writer *writer, const struct mw_view *view)
{
	const struct mw_job *job = &view->job;
	char time[MW_COMPAT_BYTES];
	put_command(writer, &view->profile.runs.items[0]);
	mw_json_put_real(writer, "duration_seconds", job->duration_seconds);
	mw_json_put_text(writer, "end_time", mw_compat_timestamp(time, job->end_ns, "Z"));
	if (job->exit_status >= 0)
		mw_json_put_int(writer, "exit_code", job->exit_status);
	if (job->is_filtered)
		put_filter(writer, job);
}

/* memwatch's members of a point of the timeline; the other columns have names of their own. */
static const char *const standard_names[] = { "elapsed_seconds", "process_count", "timestamp",
	"total_rss_kib" };
#define N_STANDARD (sizeof(standard_names) / sizeof(standard_names[0]))

struct member {
	const char *name;
	size_t column; /* of samples; not used for standard members */
};

struct timeline {
	const struct mw_run *run;
	struct mw_samples samples;
	size_t time, rss, count;      /* columns that the standard members come from */
	MW_ARRAY(struct member) list; /* by name */
};

/* Names of a damaged file could break the JSON. */
static bool is_name(const char *name)
{
	return name[0] && name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static int compare_members(const void *left, const void *right)
{
	const struct member *a = left, *b = right;
	return strcmp(a->name, b->name);
}

static int add_member(struct timeline *timeline, const char *name, size_t column)
{
	for (size_t i = 0; i < timeline->list.n; i++) {
		if (strcmp(timeline->list.items[i].name, name) == 0)
			return 0;
	}
	struct member *member = mw_array_push(&timeline->list);
	if (member)
		*member = (struct member){ name, column };
	return member ? 0 : -ENOMEM;
}

static int collect_members(struct timeline *timeline)
{
	int error = 0;
	for (size_t i = 0; !error && i < N_STANDARD; i++)
		error = add_member(timeline, standard_names[i], 0);
	for (size_t i = 0; !error && i < timeline->samples.names.n; i++) {
		const char *name = timeline->samples.names.items[i];
		if (i != timeline->time && i != timeline->rss && i != timeline->count &&
			is_name(name))
			error = add_member(timeline, name, i);
	}
	if (!error)
		qsort(timeline->list.items, timeline->list.n, sizeof(struct member),
			compare_members);
	return error;
}

static void put_number(struct mw_json_writer *writer, const char *key, double value)
{
	if (value >= 0 && value < 0x1p53 && value == (double)(int64_t)value)
		mw_json_put_int(writer, key, (int64_t)value);
	else
		mw_json_real_or_null(writer, key, value);
}

static void put_member(struct mw_json_writer *writer, const struct timeline *timeline,
	const struct member *member, size_t row)
{
	char time[MW_COMPAT_BYTES];
	double elapsed_ns = mw_samples_at(&timeline->samples, row, timeline->time);
	double rss_bytes = mw_samples_at(&timeline->samples, row, timeline->rss);
	double count = mw_samples_at(&timeline->samples, row, timeline->count);
	elapsed_ns = elapsed_ns > 0 && elapsed_ns < 0x1p53 ? elapsed_ns : 0;
	if (member->name == standard_names[0])
		mw_json_put_real(writer, member->name, elapsed_ns / 1e9);
	else if (member->name == standard_names[1])
		put_number(writer, member->name, count > 0 ? count : 0);
	else if (member->name == standard_names[2])
		mw_json_put_text(writer, member->name,
			mw_compat_timestamp(time,
				mw_plus(mw_job_run_start_ns(timeline->run), (int64_t)elapsed_ns),
				"Z"));
	else if (member->name == standard_names[3])
		put_number(writer, member->name,
			rss_bytes > 0 && rss_bytes < 0x1p53 ? (double)((int64_t)rss_bytes / 1024)
							    : 0);
	else
		put_number(writer, member->name,
			mw_samples_at(&timeline->samples, row, member->column));
}

static int put_timeline(struct mw_json_writer *writer, const struct mw_run *run)
{
	struct timeline timeline = { .run = run };
	int error = mw_run_read_samples(run, MW_RUN_TREE_SAMPLES, &timeline.samples);
	timeline.time = mw_samples_column(&timeline.samples, "elapsed_ns");
	timeline.rss = mw_samples_column(&timeline.samples, "rss_bytes");
	timeline.count = mw_samples_column(&timeline.samples, "n_processes");
	if (!error)
		error = collect_members(&timeline);
	mw_json_open_array(writer, "timeline");
	for (size_t row = 0; !error && row < timeline.samples.n_rows; row++) {
		mw_json_open_object(writer, NULL);
		for (size_t i = 0; i < timeline.list.n; i++)
			put_member(writer, &timeline, &timeline.list.items[i], row);
		mw_json_close(writer);
	}
	mw_json_close(writer);
	mw_array_deinit(&timeline.list);
	mw_samples_deinit(&timeline.samples);
	return error;
}

int mw_json_job_times(struct mw_json_writer *writer, const struct mw_view *view)
{
	char time[MW_COMPAT_BYTES];
	mw_json_put_text(writer, "start_time", mw_compat_timestamp(time, view->job.start_ns, "Z"));
	mw_json_tasks(writer, view);
	return view->wants_timeline ? put_timeline(writer, &view->profile.runs.items[0]) : 0;
}
