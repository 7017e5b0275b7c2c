/* SPDX: no licence chosen yet, see README */
/*
 * profile_table.h - a function or a file as a table of source lines, in memory_profiler's layout.
 */
#pragma once

#include "report/ingest/source.h"
#include "report/render/text.h"

/**
 * mw_profile_table_print() - the table of one function
 * @source: its file, or NULL when it is not to be had: lines with numbers only
 */
void mw_profile_table_print(struct mw_text *text, const struct mw_profile *profile,
	uint32_t function_idx, const struct mw_source *source);

struct mw_table_line {
	uint32_t line;
	const struct mw_sums *heap; /* of what passes through it */
};

/** mw_profile_table_print_file() - all of @source; @rows: @n lines with numbers, by line. */
void mw_profile_table_print_file(struct mw_text *text, const struct mw_profile *profile,
	const char *file, const struct mw_table_line *rows, size_t n,
	const struct mw_source *source);

/** mw_profile_table_explain() - what the columns are, as a caption. */
void mw_profile_table_explain(struct mw_text *text, const struct mw_profile *profile);
