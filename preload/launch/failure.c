/* SPDX: no licence chosen yet, see README */
/* failure.c - one failure, as one line for the user. See failure.h. */
#include <stdarg.h>
#include <stdio.h>

#include "preload/launch/failure.h"

/* A name from outside may hold anything; the error stays one line. */
static void flatten(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
	}
}

int mw_failure_set(enum mw_exit status, struct mw_failure *failure, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(failure->text, sizeof(failure->text), format, arguments);
	va_end(arguments);
	flatten(failure->text);
	return status;
}
