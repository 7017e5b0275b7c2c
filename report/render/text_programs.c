/* SPDX: no licence chosen yet, see README */
/*
 * text_programs.c - the processes by the program they ran: the table that fits a page when there
 * are hundreds of them.
 */
#include <limits.h>
#include <stdlib.h>

#include "report/render/text.h"

#define MOST_ROWS 10
#define NAME_COLUMNS 30

static void print_row(struct mw_text *text, const char *name, const struct mw_job_group *group)
{
	int64_t kib = group->total_kib;
	mw_text_cell(text, name, NAME_COLUMNS, mw_format_cut);
	fprintf(text->out, " %9zu ", group->n_processes);
	mw_text_size(text, group->at_tree_peak_bytes);
	fputc(' ', text->out);
	mw_text_size(text, kib < INT64_MAX / 1024 ? kib * 1024 : INT64_MAX);
	fputc('\n', text->out);
}

static void print_rest(struct mw_text *text, const struct mw_job_group *groups, size_t n)
{
	struct mw_job_group rest = { 0 };
	char name[64];
	for (size_t i = 0; i < n; i++) {
		rest.n_processes += groups[i].n_processes;
		rest.at_tree_peak_bytes =
			mw_plus(rest.at_tree_peak_bytes, groups[i].at_tree_peak_bytes);
		rest.total_kib = mw_plus(rest.total_kib, groups[i].total_kib);
	}
	snprintf(name, sizeof(name), "... and %zu more", n);
	print_row(text, name, &rest);
}

/* What --process, --include and --exclude leave out. */
static void print_hidden(struct mw_text *text, const struct mw_job *job)
{
	struct mw_job_group hidden = { .n_processes = job->n_hidden, .total_kib = job->hidden_kib };
	for (size_t i = 0; i < job->processes.n; i++) {
		const struct mw_job_process *process = &job->processes.items[i];
		if (process->is_hidden)
			hidden.at_tree_peak_bytes =
				mw_plus(hidden.at_tree_peak_bytes, process->at_tree_peak_bytes);
	}
	print_row(text, mw_rest_names[MW_REST_PROCESSES], &hidden);
}

void mw_text_programs(struct mw_text *text, const struct mw_view *view)
{
	struct mw_job_group *groups = NULL;
	size_t n = 0, most = view->top < MOST_ROWS || view->top == UINT_MAX ? view->top : MOST_ROWS;
	char name[256];
	int error = mw_job_groups(&view->job, &groups, &n);
	text->has_failed |= error != 0;
	bool has_hidden = view->job.n_hidden > 0;
	if (error || n + has_hidden < 2) {
		free(groups);
		return;
	}
	mw_text_heading(text, "Programs");
	mw_text_caption(text, "Sum of RSS: of each process at its own peak, with pages that are "
			      "shared counted in each.");
	fprintf(text->out, "%-*s %9s %10s %10s\n", NAME_COLUMNS, "Program", "Processes", "At peak",
		"Sum of RSS");
	for (size_t i = 0; i < n && i < most; i++) {
		snprintf(name, sizeof(name), "%.*s", (int)groups[i].n_name, groups[i].name);
		print_row(text, name, &groups[i]);
	}
	if (n > most)
		print_rest(text, groups + most, n - most);
	if (has_hidden)
		print_hidden(text, &view->job);
	free(groups);
}
