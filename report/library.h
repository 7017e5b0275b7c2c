/* SPDX: no licence chosen yet, see README */
/*
 * library.h - the report as an object that the launcher loads, if there is something to report:
 * what report.h declares, behind one symbol. Hosted; merge -> symbolize -> render.
 */
#pragma once

#include "report/report.h"

#define MW_REPORT_LIBRARY_NAME "libmemwatch-report.so"
#define MW_REPORT_LIBRARY_SYMBOL "mw_report_library"

/* Functions: see report.h. */
struct mw_report_library {
	const char *version; /* MEMWATCH_VERSION; first, whatever else changes */
	void (*options_init)(struct mw_report_options *options);
	void (*survive_truncation)(void);
	int (*check)(
		const struct mw_report_options *options, char *problem_out, size_t problem_bytes);
	int (*run)(const struct mw_report_options *options);
};

extern const struct mw_report_library mw_report_library;
