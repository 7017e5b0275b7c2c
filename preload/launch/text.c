/* SPDX: no licence chosen yet, see README */
/* text.c - names and arguments are bytes, JSON is UTF-8. See text.h. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "preload/launch/text.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* Bytes of the well-formed sequence at @bytes (Unicode 15, table 3-7), 0 if there is none. */
static size_t sequence_bytes(const uint8_t *bytes)
{
	uint8_t lead = bytes[0];
	if (lead < 0x80)
		return 1;
	size_t n = lead >= 0xc2 && lead < 0xe0 ? 2 : (lead & 0xf0) == 0xe0 ? 3 : 4;
	if (lead < 0xc2 || lead > 0xf4)
		return 0;
	/* Overlong forms, surrogates and what lies above U+10FFFF show in the second byte. */
	uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (bytes[1] < low || bytes[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80) /* the NUL at the end, too */
			return 0;
	}
	return n;
}

char *mw_text_make_utf8(const char *text)
{
	char *copy = malloc(strlen(text) * (sizeof(REPLACEMENT) - 1) + 1);
	if (copy == NULL)
		return NULL;
	char *end = copy;
	while (*text != '\0') {
		size_t n = sequence_bytes((const uint8_t *)text);
		const char *from = n > 0 ? text : REPLACEMENT;
		size_t n_copied = n > 0 ? n : sizeof(REPLACEMENT) - 1;
		memcpy(end, from, n_copied);
		end += n_copied;
		text += n > 0 ? n : 1;
	}
	*end = '\0';
	return copy;
}
