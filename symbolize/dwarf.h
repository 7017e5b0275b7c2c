/* SPDX: no licence chosen yet, see README */
/*
 * dwarf.h - address -> inline chain, files and lines by DWARF debug information.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct Dwarf;
struct mw_symbol_lookup;
struct mw_symbol_store;
struct mw_symbol_table;

struct mw_symbol_dwarf_request {
	struct Dwarf *dwarf;
	uint64_t bias;			     /* address in the file minus address in the DWARF */
	const struct mw_symbol_table *table; /* names that the DWARF leaves out */
	struct mw_symbol_store *store;	     /* gets the frames */
	struct mw_symbol_lookup *const *lookups; /* sorted by address */
	size_t n_lookups;
};

/**
 * mw_symbol_dwarf_read() - answer what the DWARF knows
 *
 * A lookup in no unit stays unanswered. One in a unit may get a frame without function (no
 * entry for it, as in assembler) or without file (no row in the line table).
 * Context: hosted; nobody else may use the Dwarf meanwhile. Memory: sticky in the store.
 * Return: true when there are compilation units at all.
 */
bool mw_symbol_dwarf_read(const struct mw_symbol_dwarf_request *request);
