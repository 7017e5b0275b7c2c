/* SPDX: no licence chosen yet, see README */
/* progress.c - see progress.h. Called by run_report.c. */
#include "report/commands/progress.h"

#include <stdio.h>
#include <string.h>

#include "report/util/terminal.h"

#define BAR_COLUMNS 30
#define LINE_BYTES 160

void mw_report_progress_init(struct mw_report_progress *progress, bool is_wanted)
{
	*progress = (struct mw_report_progress){ .is_wanted = is_wanted && mw_terminal_is_ours() };
}

void mw_report_progress_step(
	struct mw_report_progress *progress, const char *what, size_t n_done, size_t n_all)
{
	char line[LINE_BYTES], bar[BAR_COLUMNS + 1];
	if (!progress->is_wanted)
		return;
	memset(bar, '.', BAR_COLUMNS);
	if (n_all > 0)
		memset(bar, '#', n_done * BAR_COLUMNS / n_all);
	bar[BAR_COLUMNS] = '\0';
	if (n_all > 0)
		snprintf(line, sizeof(line), "%s [%s] %zu/%zu", what, bar, n_done, n_all);
	else
		snprintf(line, sizeof(line), "%s", what);
	mw_terminal_draw(line);
	progress->is_drawn = true;
}

void mw_report_progress_erase(struct mw_report_progress *progress)
{
	if (progress->is_drawn)
		mw_terminal_draw("");
	progress->is_drawn = false;
}
