/* SPDX: no licence chosen yet, see README */
/* process_timeline.c - the RSS of each process over time. See process_timeline.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preload/launch/process_timeline.h"
#include "preload/launch/run_dir.h"

#define FIRST_ROWS 1024u
#define FIRST_FLOOR_BYTES (256 << 10)

/* The process's row that was kept last, if it still stands where the life remembers it. */
static struct mw_process_sample *last_row(
	const struct mw_process_timeline *timeline, const struct mw_life *life)
{
	if (life->last_row >= timeline->n_rows || timeline->rows[life->last_row].life != life)
		return NULL;
	return &timeline->rows[life->last_row];
}

static void merge_or_append(
	struct mw_process_timeline *timeline, const struct mw_process_sample *sample)
{
	struct mw_process_sample *last = last_row(timeline, sample->life);
	if (last != NULL && last->rss_bytes == sample->rss_bytes)
		return;
	if (last != NULL && timeline->span_ns > 0 &&
		last->elapsed_ns / timeline->span_ns == sample->elapsed_ns / timeline->span_ns) {
		if (sample->rss_bytes > last->rss_bytes)
			*last = *sample;
		return;
	}
	sample->life->last_row = timeline->n_rows;
	timeline->rows[timeline->n_rows++] = *sample;
}

/* Works in place: what is written never overtakes what is read. */
static void thin_out(struct mw_process_timeline *timeline)
{
	size_t n_old = timeline->n_rows;
	for (size_t i = 0; i < n_old; i++)
		timeline->rows[i].life->last_row = SIZE_MAX;
	timeline->n_rows = 0;
	for (size_t i = 0; i < n_old; i++) {
		struct mw_process_sample row = timeline->rows[i];
		if (row.rss_bytes < timeline->floor_bytes && row.rss_bytes > 0)
			timeline->n_dropped++;
		else
			merge_or_append(timeline, &row);
	}
}

static void make_room(struct mw_process_timeline *timeline)
{
	int64_t last_ns = timeline->rows[timeline->n_rows - 1].elapsed_ns;
	while (timeline->n_rows > MW_PROCESS_TIMELINE_ROWS / 4 * 3) {
		/* Spans longer than a 64th of the run tell nothing any more. */
		if (timeline->span_ns <= last_ns / 64)
			timeline->span_ns =
				timeline->span_ns ? 2 * timeline->span_ns : last_ns / 8192 + 1;
		else
			timeline->floor_bytes = timeline->floor_bytes ? 2 * timeline->floor_bytes
								      : FIRST_FLOOR_BYTES;
		if (timeline->floor_bytes < 0 || timeline->floor_bytes > INT64_MAX / 4) {
			timeline->n_dropped += timeline->n_rows;
			timeline->n_rows = 0;
			return;
		}
		thin_out(timeline);
	}
}

static int reserve(struct mw_process_timeline *timeline)
{
	if (timeline->n_rows == MW_PROCESS_TIMELINE_ROWS)
		make_room(timeline);
	if (timeline->n_rows < timeline->capacity)
		return 1;
	size_t capacity = timeline->capacity ? 2 * timeline->capacity : FIRST_ROWS;
	struct mw_process_sample *grown = reallocarray(timeline->rows, capacity, sizeof(*grown));
	if (grown == NULL)
		return 0;
	timeline->rows = grown;
	timeline->capacity = capacity;
	return 1;
}

void mw_process_timeline_add(
	struct mw_process_timeline *timeline, const struct mw_process_sample *sample)
{
	const struct mw_process_sample *last = last_row(timeline, sample->life);
	if (last != NULL && last->rss_bytes == sample->rss_bytes)
		return;
	if (sample->rss_bytes < timeline->floor_bytes || !reserve(timeline))
		timeline->n_dropped++;
	else
		merge_or_append(timeline, sample);
}

/* A merged row is younger than its place. */
static int compare_time(const void *left, const void *right)
{
	const struct mw_process_sample *a = left, *b = right;
	if (a->elapsed_ns != b->elapsed_ns)
		return a->elapsed_ns < b->elapsed_ns ? -1 : 1;
	return a->life->pid < b->life->pid ? -1 : a->life->pid > b->life->pid;
}

int mw_process_timeline_write(
	struct mw_process_timeline *timeline, const char *path, struct mw_failure *failure_out)
{
	FILE *file = mw_run_dir_create_file(path);
	if (file == NULL)
		return mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out, "%s: cannot write: %s",
			path, strerror(errno));
	if (timeline->n_rows > 0)
		qsort(timeline->rows, timeline->n_rows, sizeof(*timeline->rows), compare_time);
	fputs("elapsed_ns,pid,start_ticks,rss_bytes\n", file);
	for (size_t i = 0; i < timeline->n_rows; i++) {
		const struct mw_process_sample *row = &timeline->rows[i];
		fprintf(file, "%" PRId64 ",%d,%" PRIu64 ",%" PRId64 "\n", row->elapsed_ns,
			row->life->pid, row->life->start_ticks, row->rss_bytes);
	}
	int is_bad = ferror(file);
	if (fclose(file) != 0 || is_bad)
		return mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out, "%s: cannot write: %s",
			path, strerror(errno));
	return MW_EXIT_OK;
}

void mw_process_timeline_deinit(struct mw_process_timeline *timeline)
{
	free(timeline->rows);
	*timeline = (struct mw_process_timeline){ 0 };
}
