/* SPDX: no licence chosen yet, see README */
/* json_runs.c - the JSON report's runs, and the totals over all of them. */
#include <stdio.h>

#include "report/model/losses.h"
#include "report/render/json_parts.h"

static void put_heap_peak(struct mw_json_writer *writer, const struct mwd_control *control)
{
	int64_t peak = mw_settle_tree_heap_peak(control);
	mw_json_open_object(writer, "heap_peak");
	mw_json_put_int(writer, "bytes", peak);
	mw_json_put_bool(writer, "is_at_end", peak > control->heap_peak_bytes);
	mw_json_time(writer, "seconds", control, control->heap_peak_ns);
	mw_json_close(writer);
}

static void put_rss_peak(struct mw_json_writer *writer, const struct mwd_control *control)
{
	if (control->rss_peak_bytes <= 0) {
		mw_json_put_null(writer, "rss_peak");
		return;
	}
	mw_json_open_object(writer, "rss_peak");
	mw_json_put_int(writer, "bytes", control->rss_peak_bytes);
	mw_json_time(writer, "seconds", control, control->rss_peak_ns);
	mw_json_close(writer);
}

static void put_run(struct mw_json_writer *writer, const struct mw_run *run, size_t n_unseen)
{
	const struct mw_run_info *info = &run->info;
	const struct mwd_control *control = &run->dump.control;
	char run_id[2 * sizeof(control->run_id) + 1];
	for (size_t i = 0; i < sizeof(control->run_id); i++)
		snprintf(run_id + 2 * i, 3, "%02x", control->run_id[i]);
	mw_json_open_object(writer, NULL);
	mw_json_put_text(writer, "command", info->command);
	mw_json_put_text(writer, "cwd", info->cwd);
	mw_json_put_text(writer, "directory", run->directory);
	mw_json_put_int(writer, "dump_bytes", (int64_t)run->bytes.n_bytes);
	mw_json_real_or_null(writer, "duration_seconds", info->duration_seconds);
	mw_json_int_or_null(writer, "exit_status", info->exit_status);
	mw_json_put_bool(writer, "has_ended", info->has_ended);
	mw_json_put_bool(writer, "has_free_stacks", control->options & MWD_OPT_FREE_STACKS);
	mw_json_put_bool(writer, "has_stacks", !(control->options & MWD_OPT_NO_STACKS));
	put_heap_peak(writer, control);
	mw_json_put_text(writer, "host", info->host);
	mw_json_real_or_null(writer, "interval_ms", info->interval_ms);
	mw_json_limits(writer, info);
	mw_json_put_int(writer, "max_frames", control->max_frames);
	mw_json_put_int(writer, "n_images", (int64_t)run->dump.images.n);
	put_rss_peak(writer, control);
	mw_json_put_text(writer, "run_id", run_id);
	mw_json_put_int(writer, "sample_bytes", (int64_t)control->sample_bytes);
	mw_json_sampler(writer, info);
	mw_json_put_text(writer, "start_time", info->start_time);
	mw_json_system(writer, info);
	mw_json_int_or_null(writer, "term_signal", info->term_signal);
	mw_json_tree(writer, info, n_unseen);
	mw_json_close(writer);
}

void mw_json_runs(struct mw_json_writer *writer, const struct mw_view *view)
{
	mw_json_open_array(writer, "runs");
	for (size_t i = 0; i < view->profile.runs.n; i++)
		put_run(writer, &view->profile.runs.items[i],
			mw_processes_count_unseen(&view->processes, i));
	mw_json_close(writer);
}

/* The check of sums at one of the tree's peaks; heap bytes. */
static void put_check(struct mw_json_writer *writer, const struct mw_profile *profile,
	const char *key, enum mwd_peak peak, bool has_total)
{
	int64_t sum = profile->sums[MWD_CLASS_HEAP].peak_bytes[peak];
	int64_t unattributed = profile->unattributed[MWD_CLASS_HEAP].peak_bytes[peak];
	int64_t unstacked = profile->unstacked[MWD_CLASS_HEAP].peak_bytes[peak];
	mw_json_open_object(writer, key);
	if (has_total) {
		struct mw_peak_bound bound = mw_losses_peak_bound(profile);
		mw_json_put_int(writer, "bound_bytes", bound.batches_bytes);
		mw_json_put_int(
			writer, "difference_bytes", mw_minus(profile->tree_heap_peak_bytes, sum));
		mw_json_put_int(writer, "in_flight_bytes", bound.in_flight_bytes);
	}
	mw_json_put_int(writer, "lines_bytes", mw_minus(mw_minus(sum, unattributed), unstacked));
	mw_json_put_int(writer, "sum_bytes", sum);
	if (has_total)
		mw_json_put_int(writer, "total_bytes", profile->tree_heap_peak_bytes);
	mw_json_put_int(writer, "unattributed_bytes", unattributed);
	mw_json_put_int(writer, "unstacked_bytes", unstacked);
	mw_json_close(writer);
}

void mw_json_totals(struct mw_json_writer *writer, const struct mw_view *view)
{
	const struct mw_profile *profile = &view->profile;
	mw_json_open_object(writer, "totals");
	mw_json_classes(writer, "all", profile->sums);
	put_check(writer, profile, "at_tree_heap_peak", MWD_PEAK_TREE_HEAP, true);
	put_check(writer, profile, "at_tree_rss_peak", MWD_PEAK_TREE_RSS, false);
	mw_json_classes(writer, "partial_stacks", profile->partial);
	mw_json_classes(writer, "unattributed", profile->unattributed);
	mw_json_classes(writer, "unstacked", profile->unstacked);
	mw_json_close(writer);
}
