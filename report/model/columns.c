/* SPDX: no licence chosen yet, see README */
/*
 * columns.c - the table of counters, and how each is read from the sums. Used by render/, export/,
 * html/ and the option table.
 */
#include "report/model/columns.h"

#include <string.h>

#define GETTER(name, expression)                                                                   \
	static int64_t get_##name(const struct mw_sums *sums)                                      \
	{                                                                                          \
		return (int64_t)(expression);                                                      \
	}

GETTER(allocated_bytes, sums->allocated_bytes)
GETTER(allocated_blocks, sums->allocated_blocks)
GETTER(freed_bytes, sums->freed_bytes)
GETTER(freed_blocks, sums->freed_blocks)
GETTER(freed_here_bytes, sums->freed_here_bytes)
GETTER(freed_here_blocks, sums->freed_here_blocks)
GETTER(live_bytes, mw_sums_live_bytes(sums))
GETTER(live_blocks, mw_sums_live_blocks(sums))
GETTER(max_total_bytes, sums->max_total_bytes)
GETTER(process_peak_bytes, sums->peak_bytes[MWD_PEAK_PROCESS_HEAP])
GETTER(process_peak_blocks, sums->peak_blocks[MWD_PEAK_PROCESS_HEAP])
GETTER(tree_peak_bytes, sums->peak_bytes[MWD_PEAK_TREE_HEAP])
GETTER(tree_peak_blocks, sums->peak_blocks[MWD_PEAK_TREE_HEAP])
GETTER(rss_peak_bytes, sums->peak_bytes[MWD_PEAK_TREE_RSS])
GETTER(rss_peak_blocks, sums->peak_blocks[MWD_PEAK_TREE_RSS])

#define MARGIN(name, its_variance)                                                                 \
	static int64_t margin_##name(const struct mw_sums *sums)                                   \
	{                                                                                          \
		return mw_sums_margin(sums->its_variance);                                         \
	}

MARGIN(allocated_bytes, allocated_variance)
MARGIN(live_bytes, live_variance)
MARGIN(process_peak_bytes, peak_variance[MWD_PEAK_PROCESS_HEAP])
MARGIN(tree_peak_bytes, peak_variance[MWD_PEAK_TREE_HEAP])
MARGIN(rss_peak_bytes, peak_variance[MWD_PEAK_TREE_RSS])

#define COLUMN(id, name, its_short_name, heading, its_unit, its_help)                              \
	[id] = { .json_name = #name,                                                               \
		.short_name = its_short_name,                                                      \
		.help = its_help,                                                                  \
		.title = heading,                                                                  \
		.unit = its_unit,                                                                  \
		.get = get_##name }
#define ESTIMATE(id, name, its_short_name, heading, its_help)                                      \
	[id] = { .json_name = #name,                                                               \
		.short_name = its_short_name,                                                      \
		.help = its_help,                                                                  \
		.json_margin_name = #name "_margin",                                               \
		.title = heading,                                                                  \
		.unit = MW_UNIT_BYTES,                                                             \
		.get = get_##name,                                                                 \
		.get_margin = margin_##name }

const struct mw_column mw_columns[MW_N_COLUMNS] = {
	COLUMN(MW_COLUMN_ALLOCATED_BLOCKS, allocated_blocks, "count", "Allocs", MW_UNIT_EVENTS,
		"allocations"),
	ESTIMATE(MW_COLUMN_ALLOCATED_BYTES, allocated_bytes, "total", "Allocated",
		"bytes allocated"),
	COLUMN(MW_COLUMN_FREED_BLOCKS, freed_blocks, NULL, "Frees", MW_UNIT_EVENTS,
		"frees of these blocks"),
	COLUMN(MW_COLUMN_FREED_BYTES, freed_bytes, "freed", "Freed", MW_UNIT_BYTES,
		"bytes freed of these blocks"),
	COLUMN(MW_COLUMN_FREED_HERE_BLOCKS, freed_here_blocks, NULL, "Frees here", MW_UNIT_EVENTS,
		"frees called here, whoever allocated"),
	COLUMN(MW_COLUMN_FREED_HERE_BYTES, freed_here_bytes, NULL, "Freed here", MW_UNIT_BYTES,
		"bytes of these frees"),
	COLUMN(MW_COLUMN_LIVE_BLOCKS, live_blocks, NULL, "Live blocks", MW_UNIT_BLOCKS,
		"blocks never freed"),
	ESTIMATE(MW_COLUMN_LIVE_BYTES, live_bytes, "leaked", "Live", "bytes never freed"),
	COLUMN(MW_COLUMN_MAX_TOTAL_BYTES, max_total_bytes, NULL, "Peak", MW_UNIT_BYTES,
		"highest live heap of a process seen here"),
	COLUMN(MW_COLUMN_PROCESS_PEAK_BLOCKS, process_peak_blocks, NULL, "Blocks", MW_UNIT_BLOCKS,
		"blocks live at the process's own heap peak"),
	ESTIMATE(MW_COLUMN_PROCESS_PEAK_BYTES, process_peak_bytes, NULL, "Process peak",
		"bytes live at the process's own heap peak"),
	COLUMN(MW_COLUMN_RSS_PEAK_BLOCKS, rss_peak_blocks, NULL, "Blocks", MW_UNIT_BLOCKS,
		"blocks live at the tree's RSS peak"),
	ESTIMATE(MW_COLUMN_RSS_PEAK_BYTES, rss_peak_bytes, NULL, "At RSS peak",
		"bytes live at the tree's RSS peak"),
	COLUMN(MW_COLUMN_TREE_PEAK_BLOCKS, tree_peak_blocks, "blocks", "Blocks", MW_UNIT_BLOCKS,
		"blocks live at the tree's heap peak"),
	ESTIMATE(MW_COLUMN_TREE_PEAK_BYTES, tree_peak_bytes, "at-peak", "At peak",
		"bytes live at the tree's heap peak"),
};

static bool is_name(const char *name, const char *word, size_t n_bytes)
{
	return name && strlen(name) == n_bytes && memcmp(name, word, n_bytes) == 0;
}

enum mw_column_id mw_columns_find(const char *name, size_t n_bytes)
{
	enum mw_column_id id = 0;
	while (id < MW_N_COLUMNS && !is_name(mw_columns[id].short_name, name, n_bytes) &&
		!is_name(mw_columns[id].json_name, name, n_bytes))
		id++;
	return id;
}
