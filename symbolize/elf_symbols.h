/* SPDX: no licence chosen yet, see README */
/*
 * elf_symbols.h - address -> function by the symbol table of one file.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct mw_symbol_elf;
struct mw_symbol_elf_symbol;
struct mw_symbol_store;
struct mw_symbol_table;

/**
 * mw_symbol_table_create() - sort the symbols of a file
 * @elf: borrowed; must stay open longer
 *
 * Return: owned by the caller; NULL when out of memory.
 */
struct mw_symbol_table *mw_symbol_table_create(struct mw_symbol_elf *elf);

/** mw_symbol_table_destroy() - NULL is allowed. Return: NULL. */
struct mw_symbol_table *mw_symbol_table_destroy(struct mw_symbol_table *table);

/** mw_symbol_table_count() - symbols that name code. */
size_t mw_symbol_table_count(const struct mw_symbol_table *table);

/**
 * mw_symbol_table_find() - the innermost symbol that covers @address
 *
 * Return: borrowed from @table; NULL when none does.
 */
const struct mw_symbol_elf_symbol *mw_symbol_table_find(
	const struct mw_symbol_table *table, uint64_t address);

/**
 * mw_symbol_table_name() - the readable name of the source function behind a symbol
 *
 * Versions (memcpy@@GLIBC_2.14) and what compilers append to clones (.cold, .constprop.0) go, as
 * DWARF has neither.
 * Return: the store's; NULL when out of memory.
 */
const char *mw_symbol_table_name(
	struct mw_symbol_store *store, const struct mw_symbol_elf_symbol *symbol);
