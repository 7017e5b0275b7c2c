/* SPDX: no licence chosen yet, see README */
/* timeline.c - the sampler's history in bounded space. See timeline.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "preload/launch/run_dir.h"
#include "preload/launch/timeline.h"

static int is_same_span(const struct mw_timeline *timeline, int64_t left_ns, int64_t right_ns)
{
	return timeline->span_ns > 0 && left_ns / timeline->span_ns == right_ns / timeline->span_ns;
}

/* The last row and @sample are one span's: the higher stays. */
static void merge_or_append(struct mw_timeline *timeline, const struct mw_sample *sample)
{
	struct mw_sample *last = timeline->n_rows ? &timeline->rows[timeline->n_rows - 1] : NULL;
	if (last == NULL || !is_same_span(timeline, last->elapsed_ns, sample->elapsed_ns))
		timeline->rows[timeline->n_rows++] = *sample;
	else if (sample->rss_bytes > last->rss_bytes)
		*last = *sample;
}

/* Works in place: what is written never overtakes what is read. */
static void double_span(struct mw_timeline *timeline)
{
	size_t n_old = timeline->n_rows;
	int64_t last_ns = timeline->rows[n_old - 1].elapsed_ns;
	timeline->span_ns = timeline->span_ns ? 2 * timeline->span_ns
					      : last_ns / (int64_t)(MW_TIMELINE_ROWS / 2) + 1;
	timeline->n_rows = 0;
	for (size_t i = 0; i < n_old; i++) {
		struct mw_sample row = timeline->rows[i];
		merge_or_append(timeline, &row);
	}
}

void mw_timeline_add(struct mw_timeline *timeline, const struct mw_sample *sample)
{
	while (timeline->n_rows == MW_TIMELINE_ROWS)
		double_span(timeline);
	merge_or_append(timeline, sample);
}

static void write_optional(FILE *file, int64_t value)
{
	if (value >= 0)
		fprintf(file, ",%" PRId64, value);
	else
		fputc(',', file);
}

static void write_row(FILE *file, const struct mw_sample *row)
{
	fprintf(file, "%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64, row->elapsed_ns,
		row->rss_bytes, row->heap_live_bytes, row->n_processes);
	write_optional(file, row->pss_bytes);
	write_optional(file, row->swap_bytes);
	write_optional(file, row->sys_available_bytes);
	if (row->psi_some_avg10 >= 0)
		fprintf(file, ",%d.%02d\n", row->psi_some_avg10 / 100, row->psi_some_avg10 % 100);
	else
		fputs(",\n", file);
}

int mw_timeline_write(
	const struct mw_timeline *timeline, const char *path, struct mw_failure *failure_out)
{
	FILE *file = mw_run_dir_create_file(path);
	if (file == NULL)
		return mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out, "%s: cannot write: %s",
			path, strerror(errno));
	fputs("elapsed_ns,rss_bytes,heap_live_bytes,n_processes,pss_bytes,swap_bytes,"
	      "sys_available_bytes,psi_some_avg10\n",
		file);
	for (size_t i = 0; i < timeline->n_rows; i++)
		write_row(file, &timeline->rows[i]);
	int is_bad = ferror(file);
	if (fclose(file) != 0 || is_bad)
		return mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out, "%s: cannot write: %s",
			path, strerror(errno));
	return MW_EXIT_OK;
}
