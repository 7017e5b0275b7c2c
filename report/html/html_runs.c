/* SPDX: no licence chosen yet, see README */
/*
 * html_runs.c - each run: what it was, its peaks, and its memory over time, of the tree and of
 * each process. See html.h.
 */
#include <signal.h>

#include "report/html/parts.h"
#include "report/ingest/samples.h"

static void put_end(struct mw_json_writer *json, const struct mw_run_info *info)
{
	char end[64] = "not known";
	const char *name = sigabbrev_np(info->term_signal);
	if (info->document && info->term_signal > 0)
		snprintf(end, sizeof(end), "signal %d (%s)", info->term_signal, name ? name : "?");
	else if (info->document && info->exit_status >= 0)
		snprintf(end, sizeof(end), "exit %d", info->exit_status);
	mw_json_put_text(json, "end", end);
}

static void put_peaks(struct mw_html *page, const struct mw_run *run)
{
	const struct mwd_control *control = &run->dump.control;
	int64_t peak = mw_settle_tree_heap_peak(control);
	bool is_at_end = peak > control->heap_peak_bytes;
	mw_json_put_int(&page->json, "heap_peak_bytes", peak);
	mw_html_put_us(page, "heap_peak_us", run, is_at_end ? 0 : control->heap_peak_ns);
	mw_json_put_int(&page->json, "rss_peak_bytes", control->rss_peak_bytes);
	mw_html_put_us(page, "rss_peak_us", run, control->rss_peak_ns);
}

static void put_number(struct mw_json_writer *json, double value, double unit)
{
	mw_json_put_int(json, NULL, value >= 0 && value < 0x1p62 ? (int64_t)(value / unit) : -1);
}

/* A column of samples, divided by a unit. */
struct series {
	const char *key, *column;
	double unit;
};

static int put_table(struct mw_html *page, const struct mw_run *run, enum mw_run_table table,
	const char *key, const struct series *series, size_t n_series)
{
	struct mw_samples samples;
	int error = mw_run_read_samples(run, table, &samples);
	mw_json_open_object(&page->json, key);
	for (size_t i = 0; i < n_series; i++) {
		size_t column = mw_samples_column(&samples, series[i].column);
		mw_json_open_array(&page->json, series[i].key);
		for (size_t row = 0; row < samples.n_rows; row++)
			put_number(
				&page->json, mw_samples_at(&samples, row, column), series[i].unit);
		mw_json_close(&page->json);
	}
	mw_json_close(&page->json);
	mw_samples_deinit(&samples);
	return error;
}

static int put_series(struct mw_html *page, const struct mw_run *run)
{
	static const struct series tree[] = { { "us", "elapsed_ns", 1000 },
		{ "rss", "rss_bytes", 1 }, { "pss", "pss_bytes", 1 },
		{ "heap", "heap_live_bytes", 1 } };
	/* A pid may be used twice; with the start it is one process. */
	static const struct series process[] = { { "us", "elapsed_ns", 1000 }, { "pid", "pid", 1 },
		{ "start", "start_ticks", 1 }, { "rss_kib", "rss_bytes", 1024 } };
	int error = put_table(page, run, MW_RUN_TREE_SAMPLES, "tree", tree, 4);
	return error ? error
		     : put_table(page, run, MW_RUN_PROCESS_SAMPLES, "by_process", process, 4);
}

static int put_run(struct mw_html *page, const struct mw_run *run)
{
	const struct mw_run_info *info = &run->info;
	struct mw_json_writer *json = &page->json;
	mw_json_open_object(json, NULL);
	mw_json_put_text(json, "command", info->command ? info->command : run->directory);
	mw_json_put_text(json, "directory", run->directory);
	mw_json_put_text(json, "cwd", info->cwd);
	mw_json_put_text(json, "host", info->host);
	mw_json_put_text(json, "start", info->start_time);
	mw_json_put_real(json, "seconds", info->document ? info->duration_seconds : -1);
	mw_json_put_real(json, "interval_ms", info->interval_ms);
	put_end(json, info);
	mw_json_put_bool(json, "has_stacks", !(run->dump.control.options & MWD_OPT_NO_STACKS));
	mw_json_put_int(json, "sample_bytes", (int64_t)run->dump.control.sample_bytes);
	put_peaks(page, run);
	int error = put_series(page, run);
	mw_json_close(json);
	return error;
}

int mw_html_runs(struct mw_html *page)
{
	const struct mw_profile *profile = &page->view->profile;
	int error = 0;
	mw_json_open_array(&page->json, "runs");
	for (size_t i = 0; !error && i < profile->runs.n; i++)
		error = put_run(page, &profile->runs.items[i]);
	mw_json_close(&page->json);
	return error;
}
