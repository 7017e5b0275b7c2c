/* SPDX: no licence chosen yet, see README */
/*
 * dwarf.c - address -> frames by DWARF (dwarf.h). Part of symbolize; hosted.
 *
 * Puts together what dwarf_units.c and dwarf_scopes.c found with the line table. For a place
 * with the scopes s0 (innermost) .. sn (the function):
 *   frame 0: function of s0, file and line of the address itself
 *   frame i: function of si, file and line where s(i-1) was called from
 */
#include "symbolize/dwarf.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "symbolize/dwarf_private.h"
#include "symbolize/elf_file.h"
#include "symbolize/elf_symbols.h"
#include "symbolize/reader.h"
#include "symbolize/source_path.h"
#include "symbolize/store.h"

struct reading {
	const struct mw_symbol_dwarf_request *request;
	struct mw_dwarf_namespaces *namespaces; /* owned */
	struct mw_dwarf_scopes scopes;		/* of the unit being answered; and of it: */
	Dwarf_Die lines;			/* CU DIE with the line table */
	Dwarf_Die tree;	       /* CU DIE with the functions; the same unless split */
	const char *directory; /* where the compiler ran; NULL = unknown */
	bool has_mangled_names;
};

static const char *get_string(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;

	return dwarf_formstring(dwarf_attr_integrate(die, name, &attribute));
}

static uint32_t get_number(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (dwarf_formudata(dwarf_attr(die, name, &attribute), &value) != 0 || value > UINT32_MAX)
		return 0;
	return (uint32_t)value;
}

static bool mangles_names(Dwarf_Die *unit)
{
	switch (dwarf_srclang(unit)) {
	case DW_LANG_C89:
	case DW_LANG_C:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_Mips_Assembler:
		return false;
	default:
		return true;
	}
}

/* The readable form of @name when it is mangled, else NULL. */
static const char *read_mangled(struct reading *reading, const char *name)
{
	const char *readable;

	if (!name)
		return NULL;
	readable = mw_symbol_store_derive(reading->request->store, name, mw_symbol_demangle);
	return readable && strcmp(readable, name) != 0 ? readable : NULL;
}

/* Without linkage names (-gline-tables-only) a function is "push"; its symbol says whose. */
static const char *find_mangled_symbol(struct reading *reading, Dwarf_Die *function)
{
	const struct mw_symbol_elf_symbol *symbol;
	Dwarf_Addr entry;

	if (!reading->has_mangled_names || dwarf_entrypc(function, &entry) != 0)
		return NULL;
	entry += reading->request->bias;
	symbol = mw_symbol_table_find(reading->request->table, entry);
	if (!symbol || symbol->address != entry || !read_mangled(reading, symbol->name))
		return NULL;
	return mw_symbol_table_name(reading->request->store, symbol);
}

/* A linkage name that is not mangled is an alias (glibc's __GI_abort): the source's own name
 * says more. */
static const char *name_function(struct reading *reading, struct mw_dwarf_scope *scope)
{
	struct mw_symbol_store *store = reading->request->store;
	const char *linkage_name = get_string(&scope->die, DW_AT_linkage_name);
	const char *readable, *name;

	if (!linkage_name)
		linkage_name = get_string(&scope->die, DW_AT_MIPS_linkage_name);
	readable = read_mangled(reading, linkage_name);
	if (!readable && !linkage_name && scope->parent_idx == MW_DWARF_NONE)
		readable = find_mangled_symbol(reading, &scope->die);
	if (readable)
		return readable;
	name = dwarf_diename(&scope->die);
	if (!name)
		return linkage_name ? mw_symbol_store_intern(store, linkage_name) : NULL;
	if (reading->has_mangled_names && !linkage_name)
		return mw_dwarf_namespaces_qualify(&reading->namespaces, store, &scope->die, name);
	return mw_symbol_store_derive(store, name, mw_symbol_demangle);
}

/* libdw calls a file it cannot name "???". */
static const char *keep_file(struct reading *reading, const char *file)
{
	if (!file || strcmp(file, "???") == 0)
		return NULL;
	return mw_symbol_source_path(reading->request->store, reading->directory, file);
}

static const char *name_call_file(struct reading *reading, Dwarf_Die *inlined)
{
	uint32_t file_idx = get_number(inlined, DW_AT_call_file);
	Dwarf_Files *files;
	size_t n_files;

	if (dwarf_getsrcfiles(&reading->tree, &files, &n_files) != 0 &&
		dwarf_getsrcfiles(&reading->lines, &files, &n_files) != 0)
		return NULL;
	return keep_file(reading, dwarf_filesrc(files, file_idx, NULL, NULL));
}

static void name_scope(struct reading *reading, struct mw_dwarf_scope *scope)
{
	if (scope->is_named)
		return;
	scope->is_named = true;
	scope->function = name_function(reading, scope);
	if (scope->parent_idx == MW_DWARF_NONE)
		return;
	scope->call_line = get_number(&scope->die, DW_AT_call_line);
	if (dwarf_hasattr(&scope->die, DW_AT_call_file))
		scope->call_file = name_call_file(reading, &scope->die);
}

static void read_line(struct reading *reading, uint64_t address, struct mw_symbol_frame *frame)
{
	Dwarf_Line *row = dwarf_getsrc_die(&reading->lines, address);
	int line = 0;

	if (!row)
		return;
	frame->file = keep_file(reading, dwarf_linesrc(row, NULL, NULL));
	if (dwarf_lineno(row, &line) == 0 && line > 0)
		frame->line = (uint32_t)line;
}

static size_t count_levels(const struct mw_dwarf_scopes *scopes, size_t scope_idx)
{
	size_t n_levels = 0;

	for (; scope_idx != MW_DWARF_NONE; scope_idx = scopes->scopes[scope_idx].parent_idx)
		n_levels++;
	return n_levels;
}

static void answer_place(struct reading *reading, const struct mw_dwarf_place *place)
{
	size_t n_levels = count_levels(&reading->scopes, place->scope_idx);
	size_t n_frames = n_levels ? n_levels : 1;
	struct mw_symbol_frame *frames =
		mw_symbol_store_alloc(reading->request->store, n_frames * sizeof(*frames));
	size_t scope_idx = place->scope_idx;

	if (!frames)
		return;
	read_line(reading, place->address, &frames[0]);
	for (size_t i = 0; i < n_levels; i++) {
		struct mw_dwarf_scope *scope = &reading->scopes.scopes[scope_idx];

		name_scope(reading, scope);
		frames[i].function = scope->function;
		frames[i].is_inlined = i + 1 < n_levels;
		if (frames[i].is_inlined) {
			frames[i + 1].file = scope->call_file;
			frames[i + 1].line = scope->call_line;
		}
		scope_idx = scope->parent_idx;
	}
	place->lookup->symbol = (struct mw_symbol){ .frames = frames, .n_frames = n_frames };
}

static void answer_unit(
	struct reading *reading, Dwarf_Die *unit, struct mw_dwarf_place *places, size_t n_places)
{
	reading->lines = *unit;
	reading->tree = mw_dwarf_units_tree(unit);
	reading->directory = get_string(&reading->lines, DW_AT_comp_dir);
	reading->has_mangled_names = mangles_names(&reading->tree);
	mw_dwarf_scopes_read(&reading->scopes, &reading->tree, places, n_places);
	for (size_t i = 0; i < n_places; i++)
		answer_place(reading, &places[i]);
}

static int compare_places(const void *a, const void *b)
{
	const struct mw_dwarf_place *left = a;
	const struct mw_dwarf_place *right = b;

	if (left->unit_idx != right->unit_idx)
		return left->unit_idx < right->unit_idx ? -1 : 1;
	if (left->address != right->address)
		return left->address < right->address ? -1 : 1;
	return 0;
}

/* Sorted by unit, places of no unit (the highest index) stand at the end. */
static void answer_places(const struct mw_symbol_dwarf_request *request,
	const struct mw_dwarf_units *units, struct mw_dwarf_place *places)
{
	struct reading reading = { .request = request };
	size_t n_places = request->n_lookups;

	qsort(places, n_places, sizeof(*places), compare_places);
	for (size_t i = 0, end; i < n_places && places[i].unit_idx != MW_DWARF_NONE; i = end) {
		for (end = i; end < n_places && places[end].unit_idx == places[i].unit_idx;)
			end++;
		answer_unit(&reading, &units->units[places[i].unit_idx], &places[i], end - i);
	}
	if (reading.scopes.has_failed)
		mw_symbol_store_fail(request->store);
	mw_dwarf_scopes_deinit(&reading.scopes);
	mw_dwarf_namespaces_destroy(reading.namespaces);
}

static struct mw_dwarf_place *make_places(const struct mw_symbol_dwarf_request *request)
{
	struct mw_dwarf_place *places = calloc(request->n_lookups + 1, sizeof(*places));

	for (size_t i = 0; places && i < request->n_lookups; i++) {
		places[i] = (struct mw_dwarf_place){
			.address = request->lookups[i]->address - request->bias,
			.lookup = request->lookups[i],
			.unit_idx = MW_DWARF_NONE,
			.scope_idx = MW_DWARF_NONE,
		};
	}
	return places;
}

bool mw_symbol_dwarf_read(const struct mw_symbol_dwarf_request *request)
{
	struct mw_dwarf_units units = { 0 };
	struct mw_dwarf_place *places = make_places(request);
	bool has_units;

	if (!places) {
		mw_symbol_store_fail(request->store);
		return false;
	}
	mw_dwarf_units_read(&units, request->dwarf, places, request->n_lookups);
	if (units.has_failed)
		mw_symbol_store_fail(request->store);
	answer_places(request, &units, places);
	has_units = units.n_units > 0;
	mw_dwarf_units_deinit(&units);
	free(places);
	return has_units;
}
