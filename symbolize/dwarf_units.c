/* SPDX: no licence chosen yet, see README */
/*
 * dwarf_units.c - which compilation unit an address belongs to (dwarf_private.h). Part of
 * symbolize; hosted.
 *
 * Only the ranges of the unit DIEs are read, never .debug_aranges: clang writes none, and in a
 * program mixed of both compilers they would be silently incomplete. Units without ranges (old
 * or odd compilers) are asked last, by the ranges of their functions.
 */
#include "symbolize/dwarf_private.h"

#include <dwarf.h>
#include <stdlib.h>

size_t mw_dwarf_find_place(const struct mw_dwarf_place *places, size_t n_places, uint64_t address)
{
	size_t low_idx = 0;
	size_t high_idx = n_places;

	while (low_idx < high_idx) {
		size_t middle_idx = low_idx + (high_idx - low_idx) / 2;

		if (places[middle_idx].address < address)
			low_idx = middle_idx + 1;
		else
			high_idx = middle_idx;
	}
	return low_idx;
}

static void claim_range(struct mw_dwarf_place *places, size_t n_places, uint64_t start,
	uint64_t end, size_t unit_idx)
{
	if (start < MW_DWARF_LOWEST_ADDRESS)
		return;
	for (size_t i = mw_dwarf_find_place(places, n_places, start);
		i < n_places && places[i].address < end; i++) {
		if (places[i].unit_idx != MW_DWARF_NONE && places[i].claim_bytes <= end - start)
			continue;
		places[i].unit_idx = unit_idx;
		places[i].claim_bytes = end - start;
	}
}

/* Return: whether the DIE has ranges. */
static bool claim_die(
	struct mw_dwarf_place *places, size_t n_places, Dwarf_Die *die, size_t unit_idx)
{
	Dwarf_Addr base, start, end;
	bool has_ranges = false;

	for (ptrdiff_t offset = 0; (offset = dwarf_ranges(die, offset, &base, &start, &end)) > 0;) {
		claim_range(places, n_places, start, end, unit_idx);
		has_ranges = true;
	}
	return has_ranges;
}

static bool add_unit(struct mw_dwarf_units *units, const Dwarf_Die *unit)
{
	if (units->n_units == units->n_allocated) {
		size_t n_allocated = units->n_allocated ? units->n_allocated * 2 : 64;
		Dwarf_Die *longer = reallocarray(units->units, n_allocated, sizeof(*longer));

		if (!longer) {
			units->has_failed = true;
			return false;
		}
		units->units = longer;
		units->n_allocated = n_allocated;
	}
	units->units[units->n_units++] = *unit;
	return true;
}

/* Type units and dwz's partial units hold no code. */
static void list_units(struct mw_dwarf_units *units, Dwarf *dwarf)
{
	Dwarf_Die unit;
	Dwarf_CU *cu = NULL;
	uint8_t type;

	while (dwarf_get_units(dwarf, cu, &cu, NULL, &type, &unit, NULL) == 0) {
		if (type != DW_UT_compile && type != DW_UT_skeleton)
			continue;
		if (!add_unit(units, &unit))
			return;
	}
}

/* When the .dwo file is missing the skeleton stays: it has lines, but no functions. */
Dwarf_Die mw_dwarf_units_tree(const Dwarf_Die *unit)
{
	Dwarf_Die split;
	uint8_t type;

	if (dwarf_cu_info(unit->cu, NULL, &type, NULL, &split, NULL, NULL, NULL) == 0 &&
		type == DW_UT_skeleton && split.addr)
		return split;
	return *unit;
}

static void claim_by_functions(
	struct mw_dwarf_place *places, size_t n_places, const Dwarf_Die *unit, size_t unit_idx)
{
	Dwarf_Die tree = mw_dwarf_units_tree(unit);
	Dwarf_Die die;

	if (dwarf_child(&tree, &die) != 0)
		return;
	do {
		if (dwarf_tag(&die) == DW_TAG_subprogram)
			claim_die(places, n_places, &die, unit_idx);
	} while (dwarf_siblingof(&die, &die) == 0);
}

static bool has_unclaimed(const struct mw_dwarf_place *places, size_t n_places)
{
	for (size_t i = 0; i < n_places; i++)
		if (places[i].unit_idx == MW_DWARF_NONE)
			return true;
	return false;
}

void mw_dwarf_units_read(
	struct mw_dwarf_units *units, Dwarf *dwarf, struct mw_dwarf_place *places, size_t n_places)
{
	bool *has_ranges;

	list_units(units, dwarf);
	has_ranges = calloc(units->n_units + 1, sizeof(*has_ranges));
	if (!has_ranges) {
		units->has_failed = true;
		return;
	}
	for (size_t i = 0; i < units->n_units; i++)
		has_ranges[i] = claim_die(places, n_places, &units->units[i], i);
	for (size_t i = 0; i < units->n_units && has_unclaimed(places, n_places); i++)
		if (!has_ranges[i])
			claim_by_functions(places, n_places, &units->units[i], i);
	free(has_ranges);
}

void mw_dwarf_units_deinit(struct mw_dwarf_units *units)
{
	free(units->units);
	*units = (struct mw_dwarf_units){ 0 };
}
