/* SPDX: no licence chosen yet, see README */
/*
 * memwatch.h - outputs in the layouts of memwatch and mprof, byte by byte where a program reads
 * them. Columns of our own are not added here; the JSON has them.
 */
#pragma once

#include <stdio.h>

#include "report/render/text.h"
#include "report/render/view.h"

/** mw_memwatch_csv_render() - --csv: a line a process with its peak. Return: 0. */
int mw_memwatch_csv_render(FILE *out, const struct mw_view *view);

/** mw_memwatch_timeline_render() - --timeline: a line a sample. Return: 0 or -ENOMEM. */
int mw_memwatch_timeline_render(FILE *out, const struct mw_view *view);

/** mw_memwatch_text_render() - --format=memwatch: its summary. Return: 0 or -ENOMEM. */
int mw_memwatch_text_render(struct mw_text *text, const struct mw_view *view);

/** mw_memwatch_seed_render() - --format=seed: the layout of its first document. */
void mw_memwatch_seed_render(struct mw_text *text, const struct mw_view *view);

/** mw_mprof_render() - --mprof: MEM and CHLD records as mprof reads them. 0 or -ENOMEM. */
int mw_mprof_render(FILE *out, const struct mw_view *view);

/**
 * mw_mprof_name() - where --mprof writes without a name of its own
 *
 * $COMPSS_WORKER_PROFILE_PATH/<host>.dat, as COMPSs workers do, or
 * mprofile_<YYYYMMDDhhmmss>.dat in the working directory, local time, as mprof does.
 * @start_ns: of the run, since 1970
 * Return: owned by the caller; NULL without memory.
 */
char *mw_mprof_name(const char *host, int64_t start_ns);
