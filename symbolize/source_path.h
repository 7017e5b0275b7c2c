/* SPDX: no licence chosen yet, see README */
/*
 * source_path.h - one name for one source file, however the compiler came to it.
 */
#pragma once

struct mw_symbol_store;

/**
 * mw_symbol_source_path() - full name of a source file
 * @directory: where the compiler ran; NULL = unknown
 * @file:      as libdw gives it
 *
 * Return: the store's; NULL when out of memory.
 */
const char *mw_symbol_source_path(
	struct mw_symbol_store *store, const char *directory, const char *file);
