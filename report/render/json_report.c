/* SPDX: no licence chosen yet, see README */
/*
 * json_report.c - the JSON report's frame, and its parts about runs, totals and what is missing.
 */
#include "report/render/json_report.h"

#include <errno.h>

#include "report/model/columns.h"
#include "report/model/losses.h"
#include "report/render/json_parts.h"

const char *mw_json_class_name(unsigned class)
{
	static const char *const names[MWD_N_CLASSES] = { "heap", "anon", "file" };
	return names[class];
}

void mw_json_counters(struct mw_json_writer *writer, const char *key, const struct mw_sums *sums)
{
	mw_json_open_object(writer, key);
	for (unsigned i = 0; i < MW_N_COLUMNS; i++)
		mw_json_put_int(writer, mw_columns[i].json_name, mw_columns[i].get(sums));
	mw_json_close(writer);
}

void mw_json_classes(struct mw_json_writer *writer, const char *key,
	const struct mw_sums sums[static MWD_N_CLASSES])
{
	mw_json_open_object(writer, key);
	for (unsigned class = 0; class < MWD_N_CLASSES; class ++) {
		const struct mw_sums *at = &sums[class];
		if (at->allocated_blocks || at->freed_blocks || at->freed_here_blocks)
			mw_json_counters(writer, mw_json_class_name(class), at);
	}
	mw_json_close(writer);
}

void mw_json_index(struct mw_json_writer *writer, const char *key, uint32_t index)
{
	if (index == MW_NONE)
		mw_json_put_null(writer, key);
	else
		mw_json_put_int(writer, key, index);
}

static void put_real_or_null(struct mw_json_writer *writer, const char *key, double value)
{
	if (value < 0)
		mw_json_put_null(writer, key);
	else
		mw_json_put_real(writer, key, value);
}

static void put_int_or_null(struct mw_json_writer *writer, const char *key, int64_t value)
{
	if (value < 0)
		mw_json_put_null(writer, key);
	else
		mw_json_put_int(writer, key, value);
}

void mw_json_time(struct mw_json_writer *writer, const char *key, const struct mwd_control *control,
	int64_t at_ns)
{
	if (at_ns == 0)
		mw_json_put_null(writer, key);
	else
		mw_json_put_real(
			writer, key, (double)mw_minus(at_ns, control->start_monotonic_ns) / 1e9);
}

static void put_run_peaks(struct mw_json_writer *writer, const struct mwd_control *control)
{
	int64_t peak = mw_settle_tree_heap_peak(control);
	mw_json_open_object(writer, "heap_peak");
	mw_json_put_int(writer, "bytes", peak);
	mw_json_put_bool(writer, "is_at_end", peak > control->heap_peak_bytes);
	mw_json_time(writer, "seconds", control, control->heap_peak_ns);
	mw_json_close(writer);
	if (control->rss_peak_bytes <= 0) {
		mw_json_put_null(writer, "rss_peak");
		return;
	}
	mw_json_open_object(writer, "rss_peak");
	mw_json_put_int(writer, "bytes", control->rss_peak_bytes);
	mw_json_time(writer, "seconds", control, control->rss_peak_ns);
	mw_json_close(writer);
}

static void put_run(struct mw_json_writer *writer, const struct mw_run *run)
{
	const struct mw_run_info *info = &run->info;
	const struct mwd_control *control = &run->dump.control;
	char run_id[2 * sizeof(control->run_id) + 1];
	for (size_t i = 0; i < sizeof(control->run_id); i++)
		snprintf(run_id + 2 * i, 3, "%02x", control->run_id[i]);
	mw_json_open_object(writer, NULL);
	mw_json_put_text(writer, "directory", run->directory);
	mw_json_put_text(writer, "run_id", run_id);
	mw_json_put_text(writer, "command", info->command);
	mw_json_put_text(writer, "cwd", info->cwd);
	mw_json_put_text(writer, "host", info->host);
	mw_json_put_text(writer, "start_time", info->start_time);
	mw_json_put_bool(writer, "has_ended", info->has_ended);
	put_real_or_null(writer, "duration_seconds", info->duration_seconds);
	put_int_or_null(writer, "exit_status", info->exit_status);
	put_int_or_null(writer, "term_signal", info->term_signal);
	put_real_or_null(writer, "interval_ms", info->interval_ms);
	mw_json_put_bool(writer, "has_free_stacks", control->options & MWD_OPT_FREE_STACKS);
	mw_json_put_int(writer, "max_frames", control->max_frames);
	put_run_peaks(writer, control);
	mw_json_put_int(writer, "n_images", (int64_t)run->dump.images.n);
	mw_json_put_int(writer, "dump_bytes", (int64_t)run->bytes.n_bytes);
	mw_json_close(writer);
}

void mw_json_runs(struct mw_json_writer *writer, const struct mw_view *view)
{
	mw_json_open_array(writer, "runs");
	for (size_t i = 0; i < view->profile.runs.n; i++)
		put_run(writer, &view->profile.runs.items[i]);
	mw_json_close(writer);
}

/* The check of sums at one of the tree's peaks; heap bytes. */
static void put_check(struct mw_json_writer *writer, const struct mw_profile *profile,
	const char *key, enum mwd_peak peak, bool has_total)
{
	int64_t sum = profile->sums[MWD_CLASS_HEAP].peak_bytes[peak];
	int64_t unattributed = profile->unattributed[MWD_CLASS_HEAP].peak_bytes[peak];
	mw_json_open_object(writer, key);
	mw_json_put_int(writer, "lines_bytes", mw_minus(sum, unattributed));
	mw_json_put_int(writer, "unattributed_bytes", unattributed);
	mw_json_put_int(writer, "sum_bytes", sum);
	if (has_total) {
		mw_json_put_int(writer, "total_bytes", profile->tree_heap_peak_bytes);
		mw_json_put_int(
			writer, "difference_bytes", mw_minus(profile->tree_heap_peak_bytes, sum));
		mw_json_put_int(writer, "bound_bytes", mw_losses_peak_bound(profile));
	}
	mw_json_close(writer);
}

void mw_json_totals(struct mw_json_writer *writer, const struct mw_view *view)
{
	const struct mw_profile *profile = &view->profile;
	mw_json_open_object(writer, "totals");
	mw_json_classes(writer, "all", profile->sums);
	mw_json_classes(writer, "unattributed", profile->unattributed);
	mw_json_classes(writer, "partial_stacks", profile->partial);
	put_check(writer, profile, "at_tree_heap_peak", MWD_PEAK_TREE_HEAP, true);
	put_check(writer, profile, "at_tree_rss_peak", MWD_PEAK_TREE_RSS, false);
	mw_json_close(writer);
}

static void put_not_followed(struct mw_json_writer *writer, const struct mw_view *view)
{
	mw_json_open_array(writer, "not_followed");
	for (size_t i = 0; i < view->execs.groups.n; i++) {
		const struct mw_exec_group *group = &view->execs.groups.items[i];
		mw_json_open_object(writer, NULL);
		mw_json_put_text(
			writer, "program", mw_profile_text(&view->profile, group->program));
		mw_json_put_text(writer, "reason", mw_execs_reason(group->verdict));
		mw_json_put_int(writer, "count", group->n);
		mw_json_close(writer);
	}
	mw_json_close(writer);
}

static void put_losses(struct mw_json_writer *writer, const struct mw_losses *losses)
{
	mw_json_open_object(writer, "losses");
	for (unsigned i = 0; i <= MWD_LOST_MODULES; i++)
		if (mw_losses_is_used(i))
			mw_json_put_int(writer, mw_losses_key(i), (int64_t)losses->lost[i]);
	mw_json_put_int(writer, "images", (int64_t)losses->n_lost_images);
	mw_json_put_int(writer, "unknown_frees", (int64_t)losses->unknown_frees);
	mw_json_put_int(writer, "torn_bytes", (int64_t)losses->torn_bytes);
	mw_json_close(writer);
	mw_json_open_object(writer, "stacks");
	mw_json_put_int(writer, "checked", (int64_t)losses->n_checked);
	mw_json_put_int(writer, "mismatched", (int64_t)losses->n_mismatched);
	mw_json_close(writer);
}

static void put_overhead(struct mw_json_writer *writer, const struct mw_losses *losses)
{
	mw_json_open_object(writer, "overhead");
	mw_json_put_int(writer, "private_bytes", (int64_t)losses->own_private_bytes);
	mw_json_put_int(writer, "max_private_bytes", (int64_t)losses->max_own_private_bytes);
	mw_json_put_int(writer, "shared_bytes", (int64_t)losses->own_shared_bytes);
	mw_json_put_int(writer, "dump_bytes", (int64_t)losses->dump_bytes);
	mw_json_close(writer);
}

void mw_json_tail(struct mw_json_writer *writer, const struct mw_view *view)
{
	struct mw_losses losses;
	mw_losses_count(&view->profile, &losses);
	put_not_followed(writer, view);
	put_losses(writer, &losses);
	put_overhead(writer, &losses);
	mw_json_open_array(writer, "partial");
	for (size_t i = 0; i < view->notes.texts.n; i++)
		mw_json_put_text(writer, NULL, view->notes.texts.items[i]);
	mw_json_close(writer);
}

int mw_json_report_render(FILE *out, const struct mw_view *view)
{
	struct mw_json_writer writer = { .out = out };
	mw_json_open_object(&writer, NULL);
	mw_json_put_int(&writer, "schema_version", MW_JSON_SCHEMA_VERSION);
	mw_json_put_text(&writer, "version", MEMWATCH_VERSION);
	mw_json_runs(&writer, view);
	mw_json_totals(&writer, view);
	int error = mw_json_processes(&writer, view);
	mw_json_modules(&writer, view);
	mw_json_functions(&writer, view);
	mw_json_lines(&writer, view);
	int sites_error = mw_json_sites(&writer, view);
	mw_json_tail(&writer, view);
	mw_json_close(&writer);
	if (writer.has_failed)
		return ferror(out) ? -EIO : -ENOMEM;
	return error ? error : sites_error;
}
