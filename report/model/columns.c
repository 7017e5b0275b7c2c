/* SPDX: no licence chosen yet, see README */
/*
 * columns.c - the table of counters, and how each is read from the sums. Used by render/.
 */
#include "report/model/columns.h"

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

#define COLUMN(id, name, heading, its_unit)                                                        \
	[id] = { .json_name = #name, .title = heading, .unit = its_unit, .get = get_##name }
#define ESTIMATE(id, name, heading)                                                                \
	[id] = { .json_name = #name,                                                               \
		.json_margin_name = #name "_margin",                                               \
		.title = heading,                                                                  \
		.unit = MW_UNIT_BYTES,                                                             \
		.get = get_##name,                                                                 \
		.get_margin = margin_##name }

const struct mw_column mw_columns[MW_N_COLUMNS] = {
	ESTIMATE(MW_COLUMN_ALLOCATED_BYTES, allocated_bytes, "Allocated"),
	COLUMN(MW_COLUMN_ALLOCATED_BLOCKS, allocated_blocks, "Allocs", MW_UNIT_EVENTS),
	COLUMN(MW_COLUMN_FREED_BYTES, freed_bytes, "Freed", MW_UNIT_BYTES),
	COLUMN(MW_COLUMN_FREED_BLOCKS, freed_blocks, "Frees", MW_UNIT_EVENTS),
	COLUMN(MW_COLUMN_FREED_HERE_BYTES, freed_here_bytes, "Freed here", MW_UNIT_BYTES),
	COLUMN(MW_COLUMN_FREED_HERE_BLOCKS, freed_here_blocks, "Frees here", MW_UNIT_EVENTS),
	ESTIMATE(MW_COLUMN_LIVE_BYTES, live_bytes, "Live"),
	COLUMN(MW_COLUMN_LIVE_BLOCKS, live_blocks, "Live blocks", MW_UNIT_BLOCKS),
	COLUMN(MW_COLUMN_MAX_TOTAL_BYTES, max_total_bytes, "Peak", MW_UNIT_BYTES),
	ESTIMATE(MW_COLUMN_PROCESS_PEAK_BYTES, process_peak_bytes, "Process peak"),
	COLUMN(MW_COLUMN_PROCESS_PEAK_BLOCKS, process_peak_blocks, "Blocks", MW_UNIT_BLOCKS),
	ESTIMATE(MW_COLUMN_TREE_PEAK_BYTES, tree_peak_bytes, "At peak"),
	COLUMN(MW_COLUMN_TREE_PEAK_BLOCKS, tree_peak_blocks, "Blocks", MW_UNIT_BLOCKS),
	ESTIMATE(MW_COLUMN_RSS_PEAK_BYTES, rss_peak_bytes, "At RSS peak"),
	COLUMN(MW_COLUMN_RSS_PEAK_BLOCKS, rss_peak_blocks, "Blocks", MW_UNIT_BLOCKS),
};
