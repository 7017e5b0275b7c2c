/* SPDX: no licence chosen yet, see README */
/*
 * cmd_report.c - memwatch-report: options in, mw_report_run(), exit status out. The last step
 * of the data's way; the launcher calls the same function at the end of a run.
 */
#include "report/commands/cmd_diff.h"
#include "report/commands/options.h"
#include "report/util/format.h"

#include <string.h>

int main(int argc, char **argv)
{
	struct mw_report_options options;
	struct mw_diag diag = { "" };
	mw_report_survive_truncation();
	if (argc > 1 && strcmp(argv[1], "diff") == 0)
		return mw_cmd_diff(argc - 1, argv + 1);
	mw_report_options_init(&options);
	switch (mw_options_parse(argc - 1, argv + 1, &options, &diag)) {
	case MW_OPTIONS_HELP:
		mw_options_print_help(stdout);
		return MW_REPORT_GOOD;
	case MW_OPTIONS_VERSION:
		printf("memwatch-report %s\n", MEMWATCH_VERSION);
		return MW_REPORT_GOOD;
	case MW_OPTIONS_BAD:
		mw_format_clean(diag.text);
		fprintf(stderr, "memwatch-report: %s\n", diag.text);
		return MW_REPORT_FAILED;
	case MW_OPTIONS_RUN:
		break;
	}
	return mw_report_run(&options);
}
