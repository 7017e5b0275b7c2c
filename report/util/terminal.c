/* SPDX: no licence chosen yet, see README */
/* terminal.c - see terminal.h. */
#include "report/util/terminal.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define CLEAR "\r\033[K"
#define LINE_BYTES 256

bool mw_terminal_is_ours(void)
{
	struct termios mode;
	return isatty(STDERR_FILENO) && tcgetpgrp(STDERR_FILENO) == getpgrp() &&
	       tcgetattr(STDERR_FILENO, &mode) == 0 &&
	       (mode.c_lflag & (ICANON | ECHO)) == (ICANON | ECHO);
}

/* The last column stays empty: there some terminals begin the next line. */
static int columns(void)
{
	struct winsize size;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
		return 79;
	return size.ws_col - 1;
}

void mw_terminal_draw(const char *text)
{
	char line[LINE_BYTES];
	snprintf(line, sizeof(line), CLEAR "%.*s", columns(), text);
	ssize_t n = write(STDERR_FILENO, line, strlen(line));
	(void)n; /* a terminal that went away shows nothing */
}
