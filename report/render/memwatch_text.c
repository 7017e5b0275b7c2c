/* SPDX: no licence chosen yet, see README */
/*
 * memwatch_text.c - memwatch's summary, and the older layout of its first document. Words, order
 * and widths are theirs; lines are as long as the commands in them.
 */
#include "report/render/memwatch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/model/job.h"
#include "report/util/compat.h"

#define HEAD "\033[1;36m" /* section heads */
#define MEMORY "\033[32m"
#define TIME "\033[33m"
#define DIM "\033[2m" /* pids and notes */
#define PLAIN "\033[0m"

static const char *on(const struct mw_text *text, const char *escape)
{
	return text->has_color ? escape : "";
}

static const char *off(const struct mw_text *text)
{
	return on(text, PLAIN);
}

/* Commands are bytes of strangers. */
static void put_clean(struct mw_text *text, const char *content)
{
	char *clean = strdup(content);
	if (clean) {
		mw_format_clean(clean);
		fputs(clean, text->out);
	}
	free(clean);
}

static const char *command_of(const struct mw_view *view)
{
	const char *command = view->profile.runs.items[0].info.command;
	return command ? command : "?";
}

static void put_head(struct mw_text *text, const char *title)
{
	fprintf(text->out, "%s%s%s", on(text, HEAD), title, off(text));
}

static const struct mw_job_process *first_listed(const struct mw_job *job)
{
	for (size_t i = 0; i < job->processes.n; i++) {
		if (mw_job_is_listed(&job->processes.items[i]))
			return &job->processes.items[i];
	}
	return NULL;
}

static void put_summary(struct mw_text *text, const struct mw_job *job)
{
	char size[MW_COMPAT_BYTES];
	const struct mw_job_process *largest = first_listed(job);
	put_head(text, "MEMORY SUMMARY\n");
	fprintf(text->out, "  Total peak:    %s%s%s%s%s%s\n", on(text, MEMORY),
		mw_compat_size(size, job->max_total_rss_kib), off(text), on(text, DIM),
		job->is_filtered ? " (all processes)" : "", off(text));
	if (largest)
		fprintf(text->out, "  Process peak:  %s%s%s %s(pid %d)%s\n", on(text, MEMORY),
			mw_compat_size(size, largest->max_rss_kib), off(text), on(text, DIM),
			largest->pid, off(text));
	fputc('\n', text->out);
}

static void put_process(
	struct mw_text *text, const struct mw_job *job, const struct mw_job_process *process)
{
	char size[MW_COMPAT_BYTES];
	fprintf(text->out, "  %s%5d%s  %s%10s%s  %s@ %5.1fs%s  ", on(text, DIM), process->pid,
		off(text), on(text, MEMORY), mw_compat_size(size, process->max_rss_kib), off(text),
		on(text, TIME), (double)mw_minus(process->peak_ns, job->start_ns) / 1e9, off(text));
	put_clean(text, process->command);
	fputc('\n', text->out);
}

static void put_processes(struct mw_text *text, const struct mw_job *job)
{
	char size[MW_COMPAT_BYTES];
	put_head(text, "PER-PROCESS PEAKS");
	if (job->is_filtered)
		fprintf(text->out, "%s (%zu processes filtered out, totaling %s)%s", on(text, DIM),
			job->n_hidden, mw_compat_size(size, job->hidden_kib), off(text));
	fprintf(text->out, "\n  %5s  %10s  %8s  %s\n", "PID", "MEMORY", "TIME", "COMMAND");
	for (size_t i = 0; i < job->processes.n; i++) {
		if (mw_job_is_listed(&job->processes.items[i]))
			put_process(text, job, &job->processes.items[i]);
	}
	fputc('\n', text->out);
}

static int put_groups(struct mw_text *text, const struct mw_job *job)
{
	struct mw_job_group *groups = NULL;
	size_t n = 0;
	char size[MW_COMPAT_BYTES], name[256];
	int error = mw_job_groups(job, &groups, &n);
	if (n > 1) {
		put_head(text, "PROCESS GROUPS\n");
		fprintf(text->out, "  %-24s  %9s  %12s\n", "COMMAND", "PROCESSES", "TOTAL PEAK");
	}
	for (size_t i = 0; n > 1 && i < n; i++) {
		snprintf(name, sizeof(name), "%.*s", (int)groups[i].n_name, groups[i].name);
		mw_format_clean(name);
		fprintf(text->out, "  %-24s  %9zu  %s%12s%s\n", name, groups[i].n_processes,
			on(text, MEMORY), mw_compat_size(size, groups[i].total_kib), off(text));
	}
	if (n > 1)
		fputc('\n', text->out);
	free(groups);
	return error;
}

/* Samples always see something; this is for run directories that lost run.json. */
static void put_no_data(struct mw_text *text, const struct mw_job *job)
{
	double interval_ms = job->interval_ms > 0 ? job->interval_ms : 20;
	fprintf(text->out,
		"Max total RSS: 0 KiB (no data captured)\n\n"
		"%s\u26a0 Warning: The command completed too quickly to capture memory "
		"usage.%s\n\n"
		"Possible reasons:\n"
		"  \u2022 Command executed in < %.0fms (sampling interval)\n"
		"  \u2022 The record of its processes (run.json) is missing\n"
		"  \u2022 The processes could not be seen from here\n\n"
		"Suggestions:\n"
		"  \u2022 Use a shorter interval: memwatch-preload -i 1 -- <command>\n"
		"  \u2022 Let the command run longer\n"
		"  \u2022 Look at the heap, which is exact: memwatch-report --format=report\n\n",
		on(text, TIME), off(text), interval_ms);
}

static void put_all_hidden(struct mw_text *text, const struct mw_job *job)
{
	char size[MW_COMPAT_BYTES];
	fprintf(text->out,
		"%s\u26a0 Warning: All processes were filtered out.%s\n"
		"Total job memory was %s, but no processes match the filter criteria.\n\n"
		"Active filters:\n",
		on(text, TIME), off(text), mw_compat_size(size, job->max_total_rss_kib));
	if (job->filter->exclude)
		fprintf(text->out, "  \u2022 Exclude pattern: '%s'\n", job->filter->exclude);
	if (job->filter->include)
		fprintf(text->out, "  \u2022 Include pattern: '%s'\n", job->filter->include);
	if (job->filter->process)
		fprintf(text->out, "  \u2022 Process pattern: '%s'\n", job->filter->process);
	fputs("\nSuggestions:\n"
	      "  \u2022 Patterns are searched in the whole command line, case counts\n"
	      "  \u2022 Run memwatch-report on the run directory with other patterns\n\n",
		text->out);
}

int mw_memwatch_text_render(struct mw_text *text, const struct mw_view *view)
{
	const struct mw_job *job = &view->job;
	char clock[MW_COMPAT_BYTES];
	bool is_all_hidden = job->is_filtered && job->n_hidden > 0 && !first_listed(job);
	fputs("\nJob: ", text->out);
	put_clean(text, command_of(view));
	fprintf(text->out, "\nDuration: %s  |  Samples: %" PRId64 "\n\n",
		mw_compat_clock(clock, job->duration_seconds), job->n_samples);
	if (job->max_total_rss_kib == 0) {
		put_no_data(text, job);
		return 0;
	}
	put_summary(text, job);
	if (is_all_hidden) {
		put_all_hidden(text, job);
		return 0;
	}
	put_processes(text, job);
	return put_groups(text, job);
}

/* "1.23 MiB", "384.0 KiB": the older layout has its own sizes. */
static const char *seed_size(char buffer[static MW_COMPAT_BYTES], int64_t kib)
{
	if (kib >= 1024 * 1024)
		snprintf(buffer, MW_COMPAT_BYTES, "%.2f GiB", (double)kib / (1024 * 1024));
	else if (kib >= 1024)
		snprintf(buffer, MW_COMPAT_BYTES, "%.2f MiB", (double)kib / 1024);
	else
		snprintf(buffer, MW_COMPAT_BYTES, "%.1f KiB", (double)kib);
	return buffer;
}

static void put_seed_process(struct mw_text *text, const struct mw_job_process *process)
{
	char size[MW_COMPAT_BYTES], label[300], name[256];
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(process->command, " "), process->command);
	mw_format_clean(name);
	snprintf(label, sizeof(label), "PID %d (%s):", process->pid, mw_format_basename(name));
	fprintf(text->out, "  %-32s %s\n", label, seed_size(size, process->max_rss_kib));
}

void mw_memwatch_seed_render(struct mw_text *text, const struct mw_view *view)
{
	const struct mw_job *job = &view->job;
	char size[MW_COMPAT_BYTES];
	fprintf(text->out, "Duration: %.3fs\nSamples: %" PRId64 "\n\nMax total RSS: %s\n\n",
		job->duration_seconds, job->n_samples, seed_size(size, job->max_total_rss_kib));
	fputs("Per-process peak RSS:\n", text->out);
	for (size_t i = 0; i < job->processes.n; i++) {
		if (mw_job_is_listed(&job->processes.items[i]))
			put_seed_process(text, &job->processes.items[i]);
	}
}
