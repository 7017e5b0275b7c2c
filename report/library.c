/* SPDX: no licence chosen yet, see README */
/* library.c - the report as an object to be loaded. See library.h. */
#include "report/library.h"

const struct mw_report_library mw_report_library = {
	.version = MEMWATCH_VERSION,
	.options_init = mw_report_options_init,
	.survive_truncation = mw_report_survive_truncation,
	.check = mw_report_check,
	.run = mw_report_run,
};
