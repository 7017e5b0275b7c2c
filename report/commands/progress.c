/* SPDX: no licence chosen yet, see README */
/* progress.c - see progress.h. Called by run_report.c. */
#include "report/commands/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define CLEAR "\r\033[K"
#define BAR_COLUMNS 30
#define LINE_BYTES 160

/* A terminal in raw mode belongs to a program that draws on all of it. */
static bool is_ours(void)
{
	struct termios mode;
	return isatty(STDERR_FILENO) && tcgetpgrp(STDERR_FILENO) == getpgrp() &&
	       tcgetattr(STDERR_FILENO, &mode) == 0 && (mode.c_lflag & ICANON);
}

/* The last column stays empty: there some terminals begin the next line. */
static size_t columns(void)
{
	struct winsize size;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
		return 79;
	return size.ws_col - 1u;
}

/* One write(), so that nobody's output comes between its parts. */
static void put(const char *text)
{
	ssize_t n = write(STDERR_FILENO, text, strlen(text));
	(void)n; /* a terminal that went away shows nothing */
}

void mw_report_progress_init(struct mw_report_progress *progress, bool is_wanted)
{
	*progress = (struct mw_report_progress){ .is_wanted = is_wanted && is_ours() };
}

void mw_report_progress_step(
	struct mw_report_progress *progress, const char *what, size_t n_done, size_t n_all)
{
	char line[LINE_BYTES] = CLEAR, bar[BAR_COLUMNS + 1];
	size_t start = strlen(CLEAR), room = sizeof(line) - start;
	if (!progress->is_wanted)
		return;
	memset(bar, '.', BAR_COLUMNS);
	if (n_all > 0)
		memset(bar, '#', n_done * BAR_COLUMNS / n_all);
	bar[BAR_COLUMNS] = '\0';
	if (n_all > 0)
		snprintf(line + start, room, "%s [%s] %zu/%zu", what, bar, n_done, n_all);
	else
		snprintf(line + start, room, "%s", what);
	if (columns() < room)
		line[start + columns()] = '\0';
	put(line);
	progress->is_drawn = true;
}

void mw_report_progress_erase(struct mw_report_progress *progress)
{
	if (progress->is_drawn)
		put(CLEAR);
	progress->is_drawn = false;
}
