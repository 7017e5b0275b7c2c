/* SPDX: no licence chosen yet, see README */
/*
 * array.h - a growable array of anything, for all of the report (hosted code).
 *
 * Declared in place, MW_ARRAY(struct x) xs, zero = empty; elements move when it grows, so keep
 * indices, not pointers. New elements are zeroed.
 */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MW_ARRAY(type)                                                                             \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t n;                                                                          \
		size_t capacity;                                                                   \
	}

/** mw_array_reserve() - room for one more element; the array's (moved) items, NULL = no memory. */
void *mw_array_reserve(void *items, size_t n, size_t *capacity, size_t element_bytes);

/* A new zeroed element at the end, or NULL when out of memory (the array is unchanged). */
#define mw_array_push(array)                                                                       \
	({                                                                                         \
		__auto_type array_ = (array);                                                      \
		void *items_ = mw_array_reserve(                                                   \
			array_->items, array_->n, &array_->capacity, sizeof(*array_->items));      \
		if (items_)                                                                        \
			array_->items = items_;                                                    \
		items_ ? memset(&array_->items[array_->n++], 0, sizeof(*array_->items)) : NULL;    \
	})

#define mw_array_deinit(array)                                                                     \
	do {                                                                                       \
		__auto_type array_ = (array);                                                      \
		free(array_->items);                                                               \
		memset(array_, 0, sizeof(*array_));                                                \
	} while (0)
