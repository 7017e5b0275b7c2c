/* SPDX: no licence chosen yet, see README */
/*
 * progress.h - a line on the terminal while a report is being made: of hundreds of programs with
 * debug information that takes seconds. It is gone before the report comes. Hosted code.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct mw_report_progress {
	bool is_wanted, is_drawn;
};

/** mw_report_progress_init() - @is_wanted: and only if stderr is a terminal that is ours. */
void mw_report_progress_init(struct mw_report_progress *progress, bool is_wanted);

/** mw_report_progress_step() - "what [####....] done/all"; without a bar if @n_all is 0. */
void mw_report_progress_step(
	struct mw_report_progress *progress, const char *what, size_t n_done, size_t n_all);

/** mw_report_progress_erase() - before anything else is written. */
void mw_report_progress_erase(struct mw_report_progress *progress);
