/* SPDX: no licence chosen yet, see README */
/*
 * text_summary.c - first lines of the text report: what ran, how long, how it ended, and the
 * tree's peaks.
 */
#include "report/render/text.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

static void print_command(struct mw_text *text, const struct mw_run *run)
{
	const char *command = run->info.command ? run->info.command : "(run.json does not say)";
	fprintf(text->out, "%s", text->has_color ? "\033[1m" : "");
	fputs("memwatch-preload: ", text->out);
	mw_text_last_cell(text, command, text->width > 18 ? text->width - 18 : 1, mw_format_cut);
	fprintf(text->out, "%s", text->has_color ? "\033[0m" : "");
}

static void print_how(struct mw_text *text, const struct mw_run *run)
{
	const struct mw_run_info *info = &run->info;
	char duration[MW_FORMAT_BYTES], end[64] = "";
	if (info->term_signal > 0)
		snprintf(end, sizeof(end), "killed by signal %d (%s)", info->term_signal,
			sigabbrev_np(info->term_signal) ? sigabbrev_np(info->term_signal) : "?");
	else if (info->exit_status >= 0)
		snprintf(end, sizeof(end), "exit %d", info->exit_status);
	if (!info->document || !end[0])
		mw_text_item(text, "how long it ran and how it ended is not known: %s",
			run->info_problem ? run->info_problem : "run.json does not say");
	else
		mw_text_item(text, "ran %s, %s; on %s, started %s",
			mw_format_duration(duration, info->duration_seconds), end,
			info->host ? info->host : "?", info->start_time ? info->start_time : "?");
}

static void print_counts(struct mw_text *text, const struct mw_view *view)
{
	size_t n_processes = 0;
	size_t n_images = view->profile.images.n;
	size_t n_unfollowed = mw_processes_count_unfollowed(&view->processes);
	for (size_t i = 0; i < view->processes.rows.n; i++)
		n_processes += view->processes.rows.items[i].previous == MW_NONE;
	mw_text_item(text, "%zu process%s, %zu program image%s followed, %zu not followed",
		n_processes, n_processes == 1 ? "" : "es", n_images, n_images == 1 ? "" : "s",
		n_unfollowed);
}

/* How much of it all has a stack, if that was the user's choice. */
static void print_sampling(struct mw_text *text, const struct mw_profile *profile, size_t run_idx)
{
	const struct mwd_control *control = &profile->runs.items[run_idx].dump.control;
	char distance[MW_FORMAT_BYTES];
	uint64_t n_sampled = 0, n_blocks = 0;
	for (size_t i = 0; i < profile->images.n; i++) {
		const struct mw_image *image = &profile->images.items[i];
		if (image->run_idx != run_idx)
			continue;
		n_sampled += image->n_sampled_blocks;
		n_blocks += image->sums[MWD_CLASS_HEAP].allocated_blocks;
	}
	if (control->options & MWD_OPT_NO_STACKS)
		mw_text_item(text, "stacks off: totals and peaks only, all exact");
	else if (control->sample_bytes)
		mw_text_item(text,
			"sampled every %s: stacks of %" PRIu64 " of %" PRIu64
			" heap blocks; totals and peaks are exact, lines are estimates",
			mw_format_size(distance, (int64_t)control->sample_bytes), n_sampled,
			n_blocks);
}

static const char *format_time(char buffer[static MW_FORMAT_BYTES], int64_t at_ns, int64_t start_ns)
{
	return mw_format_duration(buffer, (double)mw_minus(at_ns, start_ns) / 1e9);
}

static void print_heap_peak(struct mw_text *text, const struct mwd_control *control)
{
	char size[MW_FORMAT_BYTES], when[MW_FORMAT_BYTES];
	int64_t peak = mw_settle_tree_heap_peak(control);
	if (peak == 0)
		fputs("  live heap        0 B  nothing seen to be allocated\n", text->out);
	else if (peak > control->heap_peak_bytes || control->heap_peak_ns == 0)
		fprintf(text->out, "  live heap %10s  at the end\n", mw_format_size(size, peak));
	else
		fprintf(text->out, "  live heap %10s  at %s\n", mw_format_size(size, peak),
			format_time(when, control->heap_peak_ns, control->start_monotonic_ns));
}

void mw_text_summary(struct mw_text *text, const struct mw_view *view)
{
	const struct mw_profile *profile = &view->profile;
	for (size_t i = 0; i < profile->runs.n; i++) {
		const struct mw_run *run = &profile->runs.items[i];
		print_command(text, run);
		print_how(text, run);
		print_sampling(text, profile, i);
		if (i + 1 == profile->runs.n)
			print_counts(text, view);
		mw_text_heading(text, "Peak of the whole tree");
		print_heap_peak(text, &run->dump.control);
		mw_text_rss_peak(text, run, mw_processes_count_unseen(&view->processes, i));
		if (i + 1 < profile->runs.n)
			fputc('\n', text->out);
	}
	if (profile->runs.n > 1) {
		char size[MW_FORMAT_BYTES];
		mw_text_caption(text,
			"%zu runs merged: heap peaks below are those of each run at its own time, "
			"%s in all",
			profile->runs.n, mw_format_size(size, profile->tree_heap_peak_bytes));
	}
}
