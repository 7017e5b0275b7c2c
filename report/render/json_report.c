/* SPDX: no licence chosen yet, see README */
/*
 * json_report.c - the JSON report's frame, and what its parts share. Keys are in alphabetical
 * order on every level, as memwatch's are, which are among them.
 */
#include "report/render/json_report.h"

#include <errno.h>

#include "report/model/columns.h"
#include "report/render/json_parts.h"

const char *mw_json_class_name(unsigned class)
{
	static const char *const names[MWD_N_CLASSES] = { "heap", "anon", "file" };
	return names[class];
}

void mw_json_counters(struct mw_json_writer *writer, const char *key, const struct mw_sums *sums)
{
	mw_json_open_object(writer, key);
	bool is_estimate = false;
	for (unsigned i = 0; i < MW_N_COLUMNS; i++)
		is_estimate |= mw_columns[i].get_margin && mw_columns[i].get_margin(sums) != 0;
	for (unsigned i = 0; i < MW_N_COLUMNS; i++) {
		mw_json_put_int(writer, mw_columns[i].json_name, mw_columns[i].get(sums));
		if (is_estimate && mw_columns[i].get_margin)
			mw_json_put_int(writer, mw_columns[i].json_margin_name,
				mw_columns[i].get_margin(sums));
	}
	mw_json_close(writer);
}

void mw_json_classes(struct mw_json_writer *writer, const char *key,
	const struct mw_sums sums[static MWD_N_CLASSES])
{
	static const enum mwd_class by_name[MWD_N_CLASSES] = { MWD_CLASS_ANON, MWD_CLASS_FILE,
		MWD_CLASS_HEAP };
	mw_json_open_object(writer, key);
	for (unsigned i = 0; i < MWD_N_CLASSES; i++) {
		const struct mw_sums *at = &sums[by_name[i]];
		if (at->allocated_blocks || at->freed_blocks || at->freed_here_blocks)
			mw_json_counters(writer, mw_json_class_name(by_name[i]), at);
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

void mw_json_real_or_null(struct mw_json_writer *writer, const char *key, double value)
{
	if (value < 0)
		mw_json_put_null(writer, key);
	else
		mw_json_put_real(writer, key, value);
}

void mw_json_int_or_null(struct mw_json_writer *writer, const char *key, int64_t value)
{
	if (value < 0)
		mw_json_put_null(writer, key);
	else
		mw_json_put_int(writer, key, value);
}

void mw_json_time(struct mw_json_writer *writer, const char *key, const struct mwd_control *control,
	int64_t at_ns)
{
	int64_t since_ns = mw_minus(at_ns, control->start_monotonic_ns);
	if (at_ns == 0)
		mw_json_put_null(writer, key);
	else /* of the kernel's last tick, which can lie before the run began */
		mw_json_put_real(writer, key, since_ns > 0 ? (double)since_ns / 1e9 : 0);
}

/* Each writes its members; together they are in alphabetical order. */
static int put_members(struct mw_json_writer *writer, const struct mw_view *view)
{
	mw_json_job_begin(writer, view); /* command ... filtered_total_rss_kib */
	mw_json_functions(writer, view);
	mw_json_put_int(writer, "interval_ms", (int64_t)view->job.interval_ms);
	mw_json_lines(writer, view);
	mw_json_losses(writer, view);
	mw_json_marks(writer, view);
	mw_json_put_int(writer, "max_total_rss_kib", view->job.max_total_rss_kib);
	mw_json_modules(writer, view);
	mw_json_not_followed(writer, view);
	mw_json_overhead(writer, view); /* and partial */
	int error = mw_json_processes(writer, view);
	mw_json_runs(writer, view);
	mw_json_put_int(writer, "samples", view->job.n_samples);
	mw_json_put_int(writer, "schema_version", MW_JSON_SCHEMA_VERSION);
	if (!error)
		error = mw_json_sites(writer, view);
	mw_json_spans(writer, view);
	mw_json_stacks(writer, view);
	if (!error)
		error = mw_json_job_times(writer, view); /* start_time, tasks, timeline */
	mw_json_totals(writer, view);
	mw_json_put_text(writer, "version", MEMWATCH_VERSION);
	if (!error)
		error = mw_json_waste(writer, view);
	return error;
}

int mw_json_report_render(FILE *out, const struct mw_view *view)
{
	struct mw_json_writer writer = { .out = out };
	mw_json_open_object(&writer, NULL);
	int error = put_members(&writer, view);
	mw_json_close(&writer);
	if (writer.has_failed)
		return ferror(out) ? -EIO : -ENOMEM;
	return error;
}
