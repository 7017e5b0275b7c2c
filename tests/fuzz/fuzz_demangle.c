/* SPDX: no licence chosen yet, see README */
/*
 * fuzz_demangle.c - any bytes as the name of a symbol, which is the word of whoever made the file:
 * libiberty must come back, with something that is a name.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbolize/symbolize.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	char *name = malloc(n_bytes + 1);
	memcpy(name, bytes, n_bytes);
	name[n_bytes] = '\0';
	free(mw_symbol_demangle(name));
	free(name);
	return 0;
}
