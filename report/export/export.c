/* SPDX: no licence chosen yet, see README */
/*
 * export.c - the table of formats and of values, and --export's argument. See export.h.
 */
#include "report/export/export.h"

#include <errno.h>
#include <string.h>

const struct mw_export_value mw_export_values[] = {
	{ "at-peak", "bytes", MW_COLUMN_TREE_PEAK_BYTES, "live at the tree's heap peak" },
	{ "leaked", "bytes", MW_COLUMN_LIVE_BYTES, "never freed" },
	{ "total", "bytes", MW_COLUMN_ALLOCATED_BYTES, "all that was allocated" },
	{ "count", "count", MW_COLUMN_ALLOCATED_BLOCKS, "allocations" },
};
const size_t mw_export_n_values = sizeof(mw_export_values) / sizeof(mw_export_values[0]);

const struct mw_export_format mw_export_formats[] = {
	{ "collapsed", false, mw_export_collapsed, "a line a stack: flamegraph.pl, inferno",
		false },
	{ "speedscope", false, mw_export_speedscope, "https://www.speedscope.app", false },
	{ "pprof", true, mw_export_pprof, "profile.proto, gzipped: go tool pprof", false },
	{ "massif", false, mw_export_massif, "massif.out: ms_print, massif-visualizer", false },
	{ "heaptrack", false, mw_export_heaptrack,
		"heaptrack_print, heaptrack_gui; counts, no times", true },
	{ "trace", false, mw_export_trace, "processes and memory over time: Perfetto", false },
	{ "top-down", false, mw_export_top_down, "call tree as text, from main", false },
	{ "bottom-up", false, mw_export_bottom_up, "call tree as text, from what allocates",
		false },
	{ "csv", false, mw_export_csv, "a row a line of code, all counters", false },
	{ "baseline", false, mw_export_baseline, "small JSON for memwatch-report diff", false },
};
const size_t mw_export_n_formats = sizeof(mw_export_formats) / sizeof(mw_export_formats[0]);

int mw_export_parse(const char *spec, struct mw_export_request *request_out, struct mw_diag *diag)
{
	size_t n_bytes = strcspn(spec, ":");
	for (size_t i = 0; i < mw_export_n_formats; i++) {
		const struct mw_export_format *format = &mw_export_formats[i];
		if (strlen(format->name) != n_bytes || memcmp(format->name, spec, n_bytes) != 0)
			continue;
		if (spec[n_bytes] && !spec[n_bytes + 1]) {
			mw_diag_set(diag, "--export: %s: no file after the colon", spec);
			return -EINVAL;
		}
		*request_out = (struct mw_export_request){ format,
			spec[n_bytes] ? spec + n_bytes + 1 : NULL };
		return 0;
	}
	mw_diag_set(diag, "--export: %.*s: unknown format, see --help", (int)n_bytes, spec);
	return -EINVAL;
}

const struct mw_export_value *mw_export_find_value(const char *name, struct mw_diag *diag)
{
	for (size_t i = 0; i < mw_export_n_values; i++) {
		if (strcmp(mw_export_values[i].name, name) == 0)
			return &mw_export_values[i];
	}
	mw_diag_set(diag, "--value: %s: give at-peak, leaked, total or count", name);
	return NULL;
}
