/* SPDX: no licence chosen yet, see README */
/*
 * array.c - growth of the report's arrays: by half again, multiplication checked.
 */
#include "report/util/array.h"

#include <stdint.h>

void *mw_array_reserve(void *items, size_t n, size_t *capacity, size_t element_bytes)
{
	if (n < *capacity)
		return items;
	size_t wanted = *capacity + *capacity / 2 + 16;
	size_t bytes;
	if (wanted < *capacity || __builtin_mul_overflow(wanted, element_bytes, &bytes))
		return NULL;
	void *moved = realloc(items, bytes);
	if (moved)
		*capacity = wanted;
	return moved;
}
