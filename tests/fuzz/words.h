/* SPDX: no licence chosen yet, see README */
/*
 * words.h - fuzzer bytes as a command line: words end with a newline. For the option parsers.
 */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORDS 64

struct words {
	char *text; /* owned */
	char *items[MAX_WORDS + 1];
	int n;
};

/* items[0] is the program's name; NULL after the last. */
static inline void words_split(struct words *words, const uint8_t *bytes, size_t n_bytes)
{
	static char program[] = "program";
	words->text = malloc(n_bytes + 1);
	memcpy(words->text, bytes, n_bytes);
	words->text[n_bytes] = '\0';
	words->items[0] = program;
	words->n = 1;
	char *rest = words->text, *word;
	while (words->n < MAX_WORDS && (word = strsep(&rest, "\n")))
		words->items[words->n++] = word;
	words->items[words->n] = NULL;
}
