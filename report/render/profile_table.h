/* SPDX: no licence chosen yet, see README */
/*
 * profile_table.h - one function as a table of its source lines, in memory_profiler's layout.
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
