/* SPDX: no licence chosen yet, see README */
/*
 * outputs.h - which files and streams the options ask for: checked before there is anything to
 * write, written when all is known. Between run_report.c and render/, export/.
 */
#pragma once

#include "report/export/export.h"
#include "report/model/filter.h"
#include "report/commands/progress.h"
#include "report/render/text.h"
#include "report/report.h"

struct mw_report_run {
	const struct mw_report_options *options;
	struct mw_view view;
	struct mw_regex *function_regex;	       /* owned */
	struct mw_regex *task_regex;		       /* owned */
	struct mw_regex *process_regex, *module_regex; /* owned */
	struct mw_regex *callers_regex;		       /* owned */
	struct mw_filter filter;		       /* owned */
	struct mw_export_request export;	       /* being written */
	uint32_t export_image; /* a file of this image only; MW_NONE = of all */
	struct mw_report_progress progress;
	size_t n_bad; /* directories that could not be read */
};

/** mw_outputs_complain() - "<program>: <what>" on stderr. */
void mw_outputs_complain(const struct mw_report_run *run, const char *what);

/** mw_outputs_check() - 0, or negative errno with @diag naming the file. Leaves nothing. */
int mw_outputs_check(const struct mw_report_options *options, struct mw_diag *diag);

/** mw_outputs_need_lines() - is any output about lines and functions? They take the longest. */
bool mw_outputs_need_lines(const struct mw_report_options *options);

/** mw_outputs_write() - all of them; the first error, but each is complained of. */
int mw_outputs_write(struct mw_report_run *run);
