/* SPDX: no licence chosen yet, see README */
/*
 * dwarf_private.h - shared by dwarf.c and dwarf_*.c. From an address to its inline chain:
 *
 *     place --(units: ranges of the CU DIEs)--> unit --(scopes: one walk of the unit)--> scope
 *
 * Nothing is looked up: units and scopes *claim* the places inside their ranges, by binary
 * search among the sorted places. So each unit is visited once, however many the addresses, and
 * neither .debug_aranges nor an index of all functions is needed.
 */
#pragma once

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mw_dwarf_namespaces;
struct mw_symbol_lookup;
struct mw_symbol_store;

#define MW_DWARF_NONE SIZE_MAX
/* Linkers leave ranges of code they dropped at address 0 or 1; an ELF header stands there. */
#define MW_DWARF_LOWEST_ADDRESS 64

/* An address on its way; arrays of them are sorted by address. */
struct mw_dwarf_place {
	uint64_t address; /* in the DWARF */
	struct mw_symbol_lookup *lookup;
	size_t unit_idx;      /* MW_DWARF_NONE = nobody's yet */
	uint64_t claim_bytes; /* length of the range that claimed it for the unit */
	size_t scope_idx;     /* innermost scope so far */
};

struct mw_dwarf_units {
	Dwarf_Die *units; /* owned; CU DIEs, skeletons where DWARF is split */
	size_t n_units;
	size_t n_allocated;
	bool has_failed; /* memory was short */
};

/* A function, or one inlined into its parent. */
struct mw_dwarf_scope {
	Dwarf_Die die;
	size_t parent_idx; /* what it is inlined into; MW_DWARF_NONE = a function */
	/* Filled by dwarf.c at first use, as most scopes serve several places. */
	bool is_named;
	const char *function;
	const char *call_file;
	uint32_t call_line;
};

struct mw_dwarf_scopes {
	struct mw_dwarf_scope *scopes; /* owned; a parent comes before its children */
	size_t n_scopes;
	size_t n_allocated;
	bool has_failed; /* memory was short */
};

/** mw_dwarf_find_place() - index of the first place at or after @address. */
size_t mw_dwarf_find_place(const struct mw_dwarf_place *places, size_t n_places, uint64_t address);

/**
 * mw_dwarf_units_read() - list all units of @dwarf; sets unit_idx of the places they cover
 *
 * Where ranges overlap, the shortest has it. @units must be zero; deinit it in any case.
 */
void mw_dwarf_units_read(
	struct mw_dwarf_units *units, Dwarf *dwarf, struct mw_dwarf_place *places, size_t n_places);

/** mw_dwarf_units_deinit() - frees the list, not the places. */
void mw_dwarf_units_deinit(struct mw_dwarf_units *units);

/** mw_dwarf_units_tree() - the DIE of @unit with the functions: of its .dwo file where split. */
Dwarf_Die mw_dwarf_units_tree(const Dwarf_Die *unit);

/**
 * mw_dwarf_scopes_read() - walk a unit; sets scope_idx of the places its functions cover
 * @scopes: emptied first, so that one may serve unit after unit; zero at first
 */
void mw_dwarf_scopes_read(struct mw_dwarf_scopes *scopes, Dwarf_Die *tree,
	struct mw_dwarf_place *places, size_t n_places);

/** mw_dwarf_scopes_deinit() - frees the list. */
void mw_dwarf_scopes_deinit(struct mw_dwarf_scopes *scopes);

/**
 * mw_dwarf_namespaces_qualify() - @name with the namespaces and classes that @function is in
 * @namespaces: what was listed so far; NULL at first
 *
 * Return: the store's; NULL when out of memory.
 */
const char *mw_dwarf_namespaces_qualify(struct mw_dwarf_namespaces **namespaces,
	struct mw_symbol_store *store, const Dwarf_Die *function, const char *name);

/** mw_dwarf_namespaces_destroy() - NULL is allowed. Return: NULL. */
struct mw_dwarf_namespaces *mw_dwarf_namespaces_destroy(struct mw_dwarf_namespaces *namespaces);
