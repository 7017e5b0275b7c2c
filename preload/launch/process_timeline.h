/* SPDX: no licence chosen yet, see README */
/*
 * process_timeline.h - the RSS of each process over time, in bounded space, written as
 * process_samples.csv. Hosted; sampler -> run directory.
 *
 * As timeline.h, but with a row for each process that a span saw: its highest sample there. A
 * sample equal to the process's last row is no row; a row holds until the process's next one.
 * When longer spans alone do not help, since there are more processes than rows, what is below a
 * floor is dropped, and the floor rises: n_dropped counts.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "preload/launch/failure.h"
#include "preload/launch/lives.h"

#define MW_PROCESS_TIMELINE_ROWS 65536u

struct mw_process_sample {
	int64_t elapsed_ns; /* since the start of the run */
	int64_t rss_bytes;
	struct mw_life *life; /* borrowed */
};

struct mw_process_timeline {
	struct mw_process_sample *rows; /* owned */
	size_t n_rows, capacity;
	int64_t span_ns;     /* 0 = every sample is kept so far */
	int64_t floor_bytes; /* smaller ones are not kept */
	uint64_t n_dropped;
};

/** mw_process_timeline_add() - samples come in order of time; without memory they are dropped */
void mw_process_timeline_add(
	struct mw_process_timeline *timeline, const struct mw_process_sample *sample);

/**
 * mw_process_timeline_write() - "elapsed_ns,pid,start_ticks,rss_bytes" and the rows, by time
 * Return: MW_EXIT_OK, or MW_EXIT_OWN_FAILURE with @failure_out filled.
 */
int mw_process_timeline_write(
	struct mw_process_timeline *timeline, const char *path, struct mw_failure *failure_out);

/** mw_process_timeline_deinit() - free the rows */
void mw_process_timeline_deinit(struct mw_process_timeline *timeline);
