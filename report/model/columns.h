/* SPDX: no licence chosen yet, see README */
/*
 * columns.h - the numbers a line, function or site has: one table drives their JSON names, the
 * CSV's, the text's headings, units, the words of --fields and --sort, and what --help says of
 * them.
 */
#pragma once

#include <stddef.h>
#include "report/model/sums.h"

enum mw_unit {
	MW_UNIT_BYTES,
	MW_UNIT_BLOCKS,
	MW_UNIT_EVENTS,
};

/* In the alphabetical order of their JSON names, which is theirs in the JSON. */
enum mw_column_id {
	MW_COLUMN_ALLOCATED_BLOCKS,
	MW_COLUMN_ALLOCATED_BYTES,
	MW_COLUMN_FREED_BLOCKS,
	MW_COLUMN_FREED_BYTES,
	MW_COLUMN_FREED_HERE_BLOCKS,
	MW_COLUMN_FREED_HERE_BYTES,
	MW_COLUMN_LIVE_BLOCKS,
	MW_COLUMN_LIVE_BYTES,
	MW_COLUMN_MAX_TOTAL_BYTES,
	MW_COLUMN_PROCESS_PEAK_BLOCKS,
	MW_COLUMN_PROCESS_PEAK_BYTES,
	MW_COLUMN_RSS_PEAK_BLOCKS,
	MW_COLUMN_RSS_PEAK_BYTES,
	MW_COLUMN_TREE_PEAK_BLOCKS,
	MW_COLUMN_TREE_PEAK_BYTES,
	MW_N_COLUMNS,
};

struct mw_column {
	const char *json_name;
	const char *short_name; /* what users may call it, too; NULL = none */
	const char *help;
	const char *title; /* heading in a text table */
	enum mw_unit unit;
	int64_t (*get)(const struct mw_sums *sums);
	/* Of those whose confidence is known where they are estimates; else NULL. */
	const char *json_margin_name;
	int64_t (*get_margin)(const struct mw_sums *sums);
};

/** mw_columns_find() - by either name, @n_bytes long; MW_N_COLUMNS = none. */
enum mw_column_id mw_columns_find(const char *name, size_t n_bytes);

/* By enum mw_column_id. */
extern const struct mw_column mw_columns[MW_N_COLUMNS];
