/* SPDX: no licence chosen yet, see README */
/*
 * timeline.h - the sampler's history in bounded space, written as samples.csv. Hosted.
 *
 * A run of any length keeps at most MW_TIMELINE_ROWS rows: time is cut into equal spans, a
 * span keeps its sample with the highest RSS, and when the rows are full the spans double.
 * Every row is a sample that really was taken; none is an average.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "preload/launch/failure.h"

#define MW_TIMELINE_ROWS 8192u

struct mw_sample {
	int64_t elapsed_ns; /* since the start of the run */
	int64_t rss_bytes;  /* of the tree */
	int64_t heap_live_bytes;
	int64_t n_processes;
	int64_t pss_bytes, swap_bytes; /* of the tree; -1 = not read at this sample */
	int64_t sys_available_bytes;   /* of the system; -1 = not read at this sample */
	int32_t psi_some_avg10;	       /* memory pressure, in hundredths of a percent; -1 = none */
};

struct mw_timeline {
	struct mw_sample rows[MW_TIMELINE_ROWS];
	size_t n_rows;
	int64_t span_ns; /* 0 = every sample is kept so far */
};

/** mw_timeline_add() - samples come in order of time */
void mw_timeline_add(struct mw_timeline *timeline, const struct mw_sample *sample);

/**
 * mw_timeline_write() - a line of names, and the rows; what was not read is empty
 * Return: MW_EXIT_OK, or MW_EXIT_OWN_FAILURE with @failure_out filled.
 */
int mw_timeline_write(
	const struct mw_timeline *timeline, const char *path, struct mw_failure *failure_out);
