/* SPDX: no licence chosen yet, see README */
/*
 * dwarf_namespaces.c - the namespaces and classes around a DIE (dwarf_private.h). Part of
 * symbolize; hosted.
 *
 * For functions without linkage name that are inlined, so without symbol as well: members of
 * anonymous namespaces, templates over lambdas. libdw has no way from a DIE to its parent. But
 * the children of a DIE stand between it and its next sibling:
 *   space i encloses the DIEs at the offsets [start, end)
 *   outer_idx(i) < i, and spaces are sorted by start (they are listed in order)
 * A unit is listed when the first such function asks for it.
 */
#include "symbolize/dwarf_private.h"

#include <dwarf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "symbolize/store.h"

#define MAX_DEPTH 256
#define MAX_ORIGINS 16

struct space {
	Dwarf_Off start;
	Dwarf_Off end;
	size_t outer_idx;
	const char *name; /* libdw's */
};

struct mw_dwarf_namespaces {
	struct mw_dwarf_namespaces *next; /* owned */
	Dwarf_CU *unit;
	struct space *spaces; /* owned */
	size_t n_spaces;
	size_t n_allocated;
	bool has_failed; /* memory was short */
};

static bool encloses_names(Dwarf_Die *die)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_namespace:
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
		return dwarf_haschildren(die) == 1;
	default:
		return false;
	}
}

static struct space *add_space(struct mw_dwarf_namespaces *list)
{
	if (list->n_spaces == list->n_allocated) {
		size_t n_allocated = list->n_allocated ? list->n_allocated * 2 : 64;
		struct space *longer = reallocarray(list->spaces, n_allocated, sizeof(*longer));

		if (!longer) {
			list->has_failed = true;
			return NULL;
		}
		list->spaces = longer;
		list->n_allocated = n_allocated;
	}
	return &list->spaces[list->n_spaces++];
}

/* "(anonymous namespace)" is what demangling gives too. */
static const char *name_space(Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);

	if (!name && dwarf_tag(die) == DW_TAG_namespace)
		name = "(anonymous namespace)";
	return name;
}

static void list_children(struct mw_dwarf_namespaces *list, Dwarf_Die *parent, Dwarf_Off end,
	size_t outer_idx, unsigned depth)
{
	Dwarf_Die die, next;
	bool is_last;

	if (depth > MAX_DEPTH || dwarf_child(parent, &die) != 0)
		return;
	do {
		Dwarf_Off start = dwarf_dieoffset(&die);
		struct space *space;

		is_last = dwarf_siblingof(&die, &next) != 0;
		if (encloses_names(&die)) {
			Dwarf_Off space_end = is_last ? end : dwarf_dieoffset(&next);

			space = add_space(list);
			if (!space)
				return;
			*space = (struct space){
				.start = start,
				.end = space_end,
				.outer_idx = outer_idx,
				.name = name_space(&die),
			};
			list_children(list, &die, space_end, list->n_spaces - 1, depth + 1);
		}
		die = next;
	} while (!is_last);
}

static const struct mw_dwarf_namespaces *find_unit(
	struct mw_dwarf_namespaces **namespaces, Dwarf_CU *unit)
{
	struct mw_dwarf_namespaces *list = *namespaces;
	Dwarf_Die die;

	while (list && list->unit != unit)
		list = list->next;
	if (list)
		return list;
	list = calloc(1, sizeof(*list));
	if (!list)
		return NULL;
	list->unit = unit;
	list->next = *namespaces;
	*namespaces = list;
	if (dwarf_cu_die(unit, &die, NULL, NULL, NULL, NULL, NULL, NULL))
		list_children(list, &die, UINT64_MAX, MW_DWARF_NONE, 0);
	return list;
}

static size_t find_space(const struct mw_dwarf_namespaces *list, Dwarf_Off offset)
{
	size_t low_idx = 0;
	size_t high_idx = list->n_spaces;

	while (low_idx < high_idx) {
		size_t middle_idx = low_idx + (high_idx - low_idx) / 2;

		if (list->spaces[middle_idx].start < offset)
			low_idx = middle_idx + 1;
		else
			high_idx = middle_idx;
	}
	for (size_t i = low_idx ? low_idx - 1 : MW_DWARF_NONE; i != MW_DWARF_NONE;
		i = list->spaces[i].outer_idx) {
		if (offset < list->spaces[i].end)
			return i;
	}
	return MW_DWARF_NONE;
}

/* From what stands at the code to what stands in the namespace. */
static Dwarf_Die find_declaration(const Dwarf_Die *function)
{
	Dwarf_Die die = *function;
	Dwarf_Attribute attribute;

	for (unsigned i = 0; i < MAX_ORIGINS; i++) {
		if (!dwarf_attr(&die, DW_AT_abstract_origin, &attribute) &&
			!dwarf_attr(&die, DW_AT_specification, &attribute))
			break;
		if (!dwarf_formref_die(&attribute, &die))
			return *function;
	}
	return die;
}

static const char *join_names(const struct mw_dwarf_namespaces *list, size_t space_idx,
	struct mw_symbol_store *store, const char *name)
{
	char *joined = strdup(name);
	const char *interned;

	for (; joined && space_idx != MW_DWARF_NONE;
		space_idx = list->spaces[space_idx].outer_idx) {
		const char *outer = list->spaces[space_idx].name;
		char *longer;

		if (!outer)
			continue;
		if (asprintf(&longer, "%s::%s", outer, joined) < 0)
			longer = NULL;
		free(joined);
		joined = longer;
	}
	interned = joined ? mw_symbol_store_intern(store, joined) : NULL;
	if (!joined)
		mw_symbol_store_fail(store);
	free(joined);
	return interned;
}

const char *mw_dwarf_namespaces_qualify(struct mw_dwarf_namespaces **namespaces,
	struct mw_symbol_store *store, const Dwarf_Die *function, const char *name)
{
	Dwarf_Die declaration = find_declaration(function);
	const struct mw_dwarf_namespaces *list = find_unit(namespaces, declaration.cu);

	if (!list || list->has_failed) {
		mw_symbol_store_fail(store);
		return NULL;
	}
	return join_names(list, find_space(list, dwarf_dieoffset(&declaration)), store, name);
}

struct mw_dwarf_namespaces *mw_dwarf_namespaces_destroy(struct mw_dwarf_namespaces *namespaces)
{
	while (namespaces) {
		struct mw_dwarf_namespaces *next = namespaces->next;

		free(namespaces->spaces);
		free(namespaces);
		namespaces = next;
	}
	return NULL;
}
