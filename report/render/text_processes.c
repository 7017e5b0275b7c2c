/* SPDX: no licence chosen yet, see README */
/*
 * text_processes.c - the process table: the rows that held most, in tree shape.
 */
#include "report/render/text.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define FIXED_COLUMNS 56 /* all before the command */
#define MAX_DEPTH 12

static bool is_filtered(const struct mw_view *view, uint32_t row_idx)
{
	return view->job.processes.items[view->job.places[row_idx]].is_hidden;
}

static bool is_hidden(const struct mw_view *view, uint32_t row_idx)
{
	return view->processes.rows.items[row_idx].is_silent || is_filtered(view, row_idx);
}

/* Bytes at the tree's peak first, then its own peak; what the launcher alone saw comes last. */
static const struct mw_processes *ranked; /* for qsort(), which takes no context */

static int compare_rank(const void *left, const void *right)
{
	uint32_t a_idx = *(const uint32_t *)left, b_idx = *(const uint32_t *)right;
	const struct mw_process_row *a = &ranked->rows.items[a_idx];
	const struct mw_process_row *b = &ranked->rows.items[b_idx];
	if (a->at_tree_peak_bytes != b->at_tree_peak_bytes)
		return a->at_tree_peak_bytes > b->at_tree_peak_bytes ? -1 : 1;
	if (a->heap_peak_bytes != b->heap_peak_bytes)
		return a->heap_peak_bytes > b->heap_peak_bytes ? -1 : 1;
	return a_idx < b_idx ? -1 : a_idx > b_idx;
}

/* The rows to print, as flags by row; owned by the caller; NULL = out of memory. */
static bool *choose(const struct mw_view *view, size_t *n_chosen_out)
{
	const struct mw_processes *processes = &view->processes;
	size_t n = processes->rows.n, n_candidates = 0;
	bool *is_chosen = calloc(n + 1, sizeof(*is_chosen));
	uint32_t *candidates = calloc(n + 1, sizeof(*candidates));
	if (!is_chosen || !candidates) {
		free(is_chosen);
		free(candidates);
		return NULL;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (!is_hidden(view, i))
			candidates[n_candidates++] = i;
	}
	ranked = processes;
	qsort(candidates, n_candidates, sizeof(*candidates), compare_rank);
	*n_chosen_out = n_candidates < view->top ? n_candidates : view->top;
	for (size_t i = 0; i < *n_chosen_out; i++)
		is_chosen[candidates[i]] = true;
	free(candidates);
	return is_chosen;
}

const char *mw_text_process_end(const struct mw_process_row *row, char *out, size_t out_bytes)
{
	const char *signal = sigabbrev_np(row->end_value);
	switch (row->end) {
	case MW_PROCESS_EXITED:
		if (row->end_value >= 0)
			snprintf(out, out_bytes, "exit %d", row->end_value);
		else
			snprintf(out, out_bytes, "exit");
		break;
	case MW_PROCESS_SIGNALED:
		snprintf(out, out_bytes, "SIG%s", signal ? signal : "?");
		break;
	case MW_PROCESS_EXECED:
		snprintf(out, out_bytes, "exec");
		break;
	case MW_PROCESS_KILLED:
		snprintf(out, out_bytes, "killed");
		break;
	case MW_PROCESS_RUNNING:
		snprintf(out, out_bytes, "running");
		break;
	case MW_PROCESS_LOST:
		snprintf(out, out_bytes, "unknown");
		break;
	}
	return out;
}

static void print_size_or_dash(struct mw_text *text, int64_t bytes)
{
	if (bytes < 0)
		fprintf(text->out, "%10s", "-");
	else
		mw_text_size(text, bytes);
}

/* Depth among the printed rows only, so that cutting the table cuts the indentation too. */
static unsigned depth_of(const struct mw_processes *processes, const bool *is_chosen,
	const struct mw_process_row *row)
{
	unsigned depth = 0;
	for (uint32_t at = row->parent; at != MW_NONE && depth < MAX_DEPTH;) {
		const struct mw_process_row *above = &processes->rows.items[at];
		bool is_printed = is_chosen[at];
		while (above->previous != MW_NONE) { /* an exec chain is one level */
			is_printed |= is_chosen[above->previous];
			above = &processes->rows.items[above->previous];
		}
		depth += is_printed;
		at = above->parent;
	}
	return depth;
}

static void print_row(struct mw_text *text, const struct mw_view *view,
	const struct mw_process_row *row, unsigned depth)
{
	char command[512], end[32], indented[600];
	fprintf(text->out, "%8d ", row->pid);
	print_size_or_dash(text, row->heap_peak_bytes);
	fputc(' ', text->out);
	print_size_or_dash(text, row->rss_peak_bytes);
	fputc(row->rss_peak_bytes < 0 || row->is_rss_exact ? ' ' : '~', text->out);
	fputc(' ', text->out);
	print_size_or_dash(text, row->image_idx == MW_NONE ? -1 : row->at_tree_peak_bytes);
	fprintf(text->out, "  %-10s  ", mw_text_process_end(row, end, sizeof(end)));
	mw_processes_command(&view->profile, row, command, sizeof(command));
	snprintf(indented, sizeof(indented), "%*s%s%s",
		(int)(text->width < 100 ? depth : depth * 2), "",
		row->previous != MW_NONE ? "> " : "", command);
	mw_text_last_cell(text, indented,
		text->width > FIXED_COLUMNS + 8 ? text->width - FIXED_COLUMNS : 8, mw_format_cut);
}

static void print_rest(
	struct mw_text *text, const struct mw_view *view, const bool *is_chosen, size_t n_chosen)
{
	const struct mw_processes *processes = &view->processes;
	size_t n_rest = 0, n_filtered = 0;
	int64_t rest_bytes = 0, all_bytes = 0, filtered_bytes = 0;
	for (uint32_t i = 0; i < processes->rows.n; i++) {
		const struct mw_process_row *row = &processes->rows.items[i];
		all_bytes = mw_plus(all_bytes, row->at_tree_peak_bytes);
		if (is_filtered(view, i)) {
			n_filtered++;
			filtered_bytes = mw_plus(filtered_bytes, row->at_tree_peak_bytes);
		}
		if (is_chosen[i] || is_hidden(view, i))
			continue;
		n_rest++;
		rest_bytes = mw_plus(rest_bytes, row->at_tree_peak_bytes);
	}
	if (n_rest > 0) {
		fprintf(text->out, "%31s ", "");
		mw_text_size(text, rest_bytes);
		fprintf(text->out, "  ... and %zu more\n", n_rest);
	}
	if (n_filtered > 0) {
		fprintf(text->out, "%31s ", "");
		mw_text_size(text, filtered_bytes);
		fprintf(text->out, "  %zu filtered out\n", n_filtered);
	}
	if (processes->n_silent > 0)
		fprintf(text->out, "%31s %10s  + %zu forked children without allocations\n", "", "",
			processes->n_silent);
	if (n_chosen > 1 || n_rest > 0 || n_filtered > 0) {
		fprintf(text->out, "%31s ", "");
		mw_text_size(text, all_bytes);
		fputs("  sum\n", text->out);
	}
}

void mw_text_processes(struct mw_text *text, const struct mw_view *view)
{
	const struct mw_processes *processes = &view->processes;
	size_t n_chosen;
	bool *is_chosen = choose(view, &n_chosen);
	text->has_failed |= !is_chosen;
	if (!is_chosen || processes->rows.n == 0) {
		free(is_chosen);
		return;
	}
	mw_text_heading(text, "Processes");
	mw_text_caption(text, "Peak heap and RSS: each at its own peak (~ sampled); RSS includes "
			      "our own memory. At peak: own heap when the "
			      "tree's was highest. > replaced the program above by exec.");
	fprintf(text->out, "%8s %10s %10s  %10s  %-10s  %s\n", "PID", "Peak heap", "Peak RSS",
		"At peak", "End", "Command");
	for (size_t i = 0; i < processes->rows.n; i++) {
		uint32_t row_idx = processes->order[i];
		const struct mw_process_row *row = &processes->rows.items[row_idx];
		if (is_chosen[row_idx])
			print_row(text, view, row, depth_of(processes, is_chosen, row));
	}
	print_rest(text, view, is_chosen, n_chosen);
	free(is_chosen);
}
