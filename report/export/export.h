/* SPDX: no licence chosen yet, see README */
/*
 * export.h - the profile in the formats of other viewers, one small file each. After the model,
 * beside render/; what is drawn from it is theirs.
 *
 *     weights.c      sites -> (process or all, stack, sums); frames -> names
 *     collapsed.c    one line a stack, for flamegraph.pl and its heirs
 *     speedscope.c   https://www.speedscope.app, its own file format
 *     pprof.c        profile.proto of pprof, by protobuf-c and zlib
 *     calls.c        call trees as text
 *     massif.c       massif.out, for ms_print and massif-visualizer
 *     heaptrack.c    for heaptrack_print and heaptrack_gui; a file a process
 *     trace.c        Trace Event Format: timeline and processes, for Perfetto and chrome://tracing
 *     baseline.c     a ledger (compare/) to compare later runs with
 *     csv.c          RFC 4180: a row a line of code
 *
 * All of them hold heap bytes; what has no stack is a frame "[unattributed]", so sums add up. Runs
 * with --stacks=off have nothing to draw; of sampled ones these are the estimates (csv.c: both have
 * a row for the rest).
 */
#pragma once

#include <stdio.h>

#include "report/model/columns.h"
#include "report/render/view.h"
#include "report/util/diag.h"

/* What a stack weighs. */
struct mw_export_value {
	const char *name;
	const char *unit; /* "bytes" or "count" */
	enum mw_column_id column;
	const char *help;
};

extern const struct mw_export_value mw_export_values[];
extern const size_t mw_export_n_values;

struct mw_export_options {
	const struct mw_export_value *value;
	double threshold_pct; /* trees: smaller branches are summed up */
	uint32_t image_idx;   /* of formats with a file a process; MW_NONE = all merged */
	bool is_per_process;  /* a tree of stacks for each program image; else all merged */
};

struct mw_export_format {
	const char *name;
	bool is_binary; /* not for a terminal */
	/* 0, -ENOMEM, -EIO; -ERANGE: merged numbers are not those of any one process, and the
	 * format can tell of no other; -EFBIG: more than it can sensibly hold. */
	int (*write)(
		FILE *out, const struct mw_view *view, const struct mw_export_options *options);
	const char *help;
	bool is_file_per_process; /* --per-process: FILE.PID of each */
};

extern const struct mw_export_format mw_export_formats[];
extern const size_t mw_export_n_formats;

/* One --export=FORMAT[:FILE]. */
struct mw_export_request {
	const struct mw_export_format *format;
	const char *path; /* NULL = to standard output; borrowed */
};

/** mw_export_parse() - 0, or -EINVAL with diag set. @spec is borrowed by the result. */
int mw_export_parse(const char *spec, struct mw_export_request *request_out, struct mw_diag *diag);

/** mw_export_find_value() - by name; NULL with diag set. */
const struct mw_export_value *mw_export_find_value(const char *name, struct mw_diag *diag);

int mw_export_collapsed(
	FILE *out, const struct mw_view *view, const struct mw_export_options *options);
int mw_export_speedscope(
	FILE *out, const struct mw_view *view, const struct mw_export_options *options);
int mw_export_pprof(FILE *out, const struct mw_view *view, const struct mw_export_options *options);
int mw_export_massif(
	FILE *out, const struct mw_view *view, const struct mw_export_options *options);
int mw_export_trace(FILE *out, const struct mw_view *view, const struct mw_export_options *options);
int mw_export_heaptrack(
	FILE *out, const struct mw_view *view, const struct mw_export_options *options);
int mw_export_csv(FILE *out, const struct mw_view *view, const struct mw_export_options *options);
int mw_export_baseline(
	FILE *out, const struct mw_view *view, const struct mw_export_options *options);
int mw_export_top_down(
	FILE *out, const struct mw_view *view, const struct mw_export_options *options);
int mw_export_bottom_up(
	FILE *out, const struct mw_view *view, const struct mw_export_options *options);
