/* SPDX: no licence chosen yet, see README */
/* text.c - names and arguments are bytes, JSON is UTF-8. See text.h. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "preload/launch/text.h"
#include "report/util/format.h"

#define REPLACEMENT "\xef\xbf\xbd"

char *mw_text_make_utf8(const char *text)
{
	char *copy = malloc(strlen(text) * (sizeof(REPLACEMENT) - 1) + 1);
	if (copy == NULL)
		return NULL;
	char *end = copy;
	while (*text != '\0') {
		size_t n = mw_format_utf8_bytes(text);
		const char *from = n > 0 ? text : REPLACEMENT;
		size_t n_copied = n > 0 ? n : sizeof(REPLACEMENT) - 1;
		memcpy(end, from, n_copied);
		end += n_copied;
		text += n > 0 ? n : 1;
	}
	*end = '\0';
	return copy;
}
