/* SPDX: no licence chosen yet, see README */
/*
 * store.h - memory that the answers of one module live in: blocks that are never freed one by
 * one, and strings kept once. One store belongs to one thread at a time.
 *
 * Running out of memory is sticky: the failing call gives NULL, and whoever filled the store
 * asks mw_symbol_store_has_failed() once at the end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct mw_symbol_store;

/** mw_symbol_store_create() - Return: owned by the caller; NULL when out of memory. */
struct mw_symbol_store *mw_symbol_store_create(void);

/** mw_symbol_store_destroy() - frees all that came out of it; NULL is allowed. Return: NULL. */
struct mw_symbol_store *mw_symbol_store_destroy(struct mw_symbol_store *store);

/** mw_symbol_store_alloc() - zeroed memory, aligned for pointers; NULL when out of memory. */
void *mw_symbol_store_alloc(struct mw_symbol_store *store, size_t size_bytes);

/** mw_symbol_store_intern() - the store's copy of @text: equal texts give the same pointer. */
const char *mw_symbol_store_intern(struct mw_symbol_store *store, const char *text);

/**
 * mw_symbol_store_derive() - the interned result of derive(@text), computed once for each text
 * @derive: gives a heap string, or NULL for "as it is" (NULL and errno ENOMEM: no
 *          memory); always the same one for the same text
 */
const char *mw_symbol_store_derive(
	struct mw_symbol_store *store, const char *text, char *(*derive)(const char *text));

/** mw_symbol_store_has_failed() - was memory short in any call so far? */
bool mw_symbol_store_has_failed(const struct mw_symbol_store *store);

/** mw_symbol_store_fail() - note that memory was short elsewhere in answering. */
void mw_symbol_store_fail(struct mw_symbol_store *store);
