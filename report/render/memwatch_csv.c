/* SPDX: no licence chosen yet, see README */
/*
 * memwatch_csv.c - memwatch's two CSV files. Their readers are programs: header, quoting, times
 * and comments are memwatch's, and a column is never added.
 */
#include "report/render/memwatch.h"

#include <inttypes.h>

#include "report/ingest/samples.h"
#include "report/model/job.h"
#include "report/util/compat.h"

/* " exclude='a' include='b'", as far as given. */
static void put_patterns(FILE *out, const struct mw_filter *filter)
{
	if (filter->exclude)
		fprintf(out, " exclude='%s'", filter->exclude);
	if (filter->include)
		fprintf(out, " include='%s'", filter->include);
	if (filter->process)
		fprintf(out, " process='%s'", filter->process);
}

static void put_process(FILE *out, const struct mw_job_process *process)
{
	char time[MW_COMPAT_BYTES];
	fprintf(out, "%d,%d,", process->pid, process->ppid);
	mw_compat_put_quoted(out, process->command);
	fprintf(out, ",%" PRId64 ",%.2f", process->max_rss_kib,
		(double)process->max_rss_kib / 1024);
	fprintf(out, ",%s", mw_compat_timestamp(time, process->first_seen_ns, "+00:00"));
	fprintf(out, ",%s\n", mw_compat_timestamp(time, process->last_seen_ns, "+00:00"));
}

int mw_memwatch_csv_render(FILE *out, const struct mw_view *view)
{
	const struct mw_job *job = &view->job;
	if (job->is_filtered) {
		fputs("# Filter:", out);
		put_patterns(out, job->filter);
		fprintf(out, " (%zu processes filtered out, totaling %" PRId64 " KiB)\n",
			job->n_hidden, job->hidden_kib);
	}
	fputs("pid,ppid,command,max_rss_kib,max_rss_mib,first_seen,last_seen\n", out);
	for (size_t i = 0; i < job->processes.n; i++) {
		if (mw_job_is_listed(&job->processes.items[i]))
			put_process(out, &job->processes.items[i]);
	}
	return 0;
}

static void put_sample(FILE *out, const struct mw_run *run, double elapsed_ns, double rss_bytes,
	double n_processes)
{
	char time[MW_COMPAT_BYTES];
	int64_t kib = rss_bytes > 0 && rss_bytes < 0x1p60 ? (int64_t)rss_bytes / 1024 : 0;
	int64_t at_ns = elapsed_ns > 0 && elapsed_ns < 0x1p60 ? (int64_t)elapsed_ns : 0;
	fprintf(out, "%s,%.3f,%" PRId64 ",%.2f,%.0f\n",
		mw_compat_timestamp(time, mw_plus(mw_job_run_start_ns(run), at_ns), "+00:00"),
		(double)at_ns / 1e9, kib, (double)kib / 1024, n_processes > 0 ? n_processes : 0);
}

int mw_memwatch_timeline_render(FILE *out, const struct mw_view *view)
{
	const struct mw_job *job = &view->job;
	const struct mw_run *run = &view->profile.runs.items[0];
	struct mw_samples samples;
	if (job->is_filtered) {
		fputs("# Filter:", out);
		put_patterns(out, job->filter);
		fputs("\n# Note: total_rss_kib and process_count both show all processes "
		      "(unfiltered)\n"
		      "# Filtering only affects the per-process CSV export and final summary "
		      "display\n",
			out);
	}
	fputs("timestamp,elapsed_seconds,total_rss_kib,total_rss_mib,process_count\n", out);
	int error = mw_run_read_samples(run, MW_RUN_TREE_SAMPLES, &samples);
	size_t time = mw_samples_column(&samples, "elapsed_ns");
	size_t rss = mw_samples_column(&samples, "rss_bytes");
	size_t count = mw_samples_column(&samples, "n_processes");
	for (size_t i = 0; i < samples.n_rows; i++)
		put_sample(out, run, mw_samples_at(&samples, i, time),
			mw_samples_at(&samples, i, rss), mw_samples_at(&samples, i, count));
	mw_samples_deinit(&samples);
	return error;
}
