/* SPDX: no licence chosen yet, see README */
/*
 * dwarf_scopes.c - the functions and inlined functions around the places of one unit
 * (dwarf_private.h). Part of symbolize; hosted.
 *
 * One walk of the DIE tree. A function or inlined function claims the places in its ranges from
 * its parent, and only from it:
 *   place.scope_idx: none -> function -> inlined -> inlined ... each the child of the one before
 * so the innermost scope is what stands there at the end, and of two functions at one address
 * (folded by the linker) the first has it, with its own inlined ones.
 *
 * Code without wanted places is not descended into. Only when places stay without a function is
 * the walk done again through all of it, since functions may hide there: methods of local
 * classes, nested functions.
 */
#include "symbolize/dwarf_private.h"

#include <dwarf.h>
#include <stdlib.h>

/* No compiler nests this deep; hostile files do. The walk uses some 200 bytes of stack a level. */
#define MAX_DEPTH 1024

struct walk {
	struct mw_dwarf_scopes *scopes;
	struct mw_dwarf_place *places;
	size_t n_places;
	bool is_thorough;
};

static size_t add_scope(struct mw_dwarf_scopes *scopes, const Dwarf_Die *die, size_t parent_idx)
{
	if (scopes->n_scopes == scopes->n_allocated) {
		size_t n_allocated = scopes->n_allocated ? scopes->n_allocated * 2 : 256;
		struct mw_dwarf_scope *longer =
			reallocarray(scopes->scopes, n_allocated, sizeof(*longer));

		if (!longer) {
			scopes->has_failed = true;
			return MW_DWARF_NONE;
		}
		scopes->scopes = longer;
		scopes->n_allocated = n_allocated;
	}
	scopes->scopes[scopes->n_scopes] = (struct mw_dwarf_scope){
		.die = *die,
		.parent_idx = parent_idx,
	};
	return scopes->n_scopes++;
}

/* Gives the parent's places in the DIE's ranges to a new scope. Return: its index, or NONE when
 * there are no such places. */
static size_t claim_places(struct walk *walk, Dwarf_Die *die, size_t parent_idx)
{
	Dwarf_Addr base, start, end;
	size_t scope_idx = MW_DWARF_NONE;

	for (ptrdiff_t offset = 0; (offset = dwarf_ranges(die, offset, &base, &start, &end)) > 0;) {
		if (start < MW_DWARF_LOWEST_ADDRESS)
			continue;
		for (size_t i = mw_dwarf_find_place(walk->places, walk->n_places, start);
			i < walk->n_places && walk->places[i].address < end; i++) {
			if (walk->places[i].scope_idx != parent_idx)
				continue;
			if (scope_idx == MW_DWARF_NONE)
				scope_idx = add_scope(walk->scopes, die, parent_idx);
			walk->places[i].scope_idx = scope_idx;
		}
	}
	return scope_idx;
}

/* A block without ranges counts as one with places. */
static bool has_places(struct walk *walk, Dwarf_Die *block)
{
	Dwarf_Addr base, start, end;
	bool has_ranges = false;

	for (ptrdiff_t offset = 0;
		(offset = dwarf_ranges(block, offset, &base, &start, &end)) > 0;) {
		size_t place_idx = mw_dwarf_find_place(walk->places, walk->n_places, start);

		if (place_idx < walk->n_places && walk->places[place_idx].address < end)
			return true;
		has_ranges = true;
	}
	return !has_ranges;
}

/* What to do with a DIE. Return: whether to look at its children; *@scope_idx, on entry the
 * scope around it, becomes the one around them. */
static bool enter_die(struct walk *walk, Dwarf_Die *die, size_t *scope_idx)
{
	size_t claimed_idx;

	switch (dwarf_tag(die)) {
	case DW_TAG_subprogram:
		*scope_idx = claim_places(walk, die, MW_DWARF_NONE);
		return *scope_idx != MW_DWARF_NONE || walk->is_thorough;
	case DW_TAG_inlined_subroutine:
		if (*scope_idx == MW_DWARF_NONE)
			return false;
		claimed_idx = claim_places(walk, die, *scope_idx);
		*scope_idx = claimed_idx;
		return claimed_idx != MW_DWARF_NONE;
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
	case DW_TAG_with_stmt:
		return walk->is_thorough || has_places(walk, die);
	case DW_TAG_namespace:
	case DW_TAG_module:
		return true;
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_interface_type:
		return walk->is_thorough;
	default:
		return false;
	}
}

static void walk_children(struct walk *walk, Dwarf_Die *parent, size_t scope_idx, unsigned depth)
{
	Dwarf_Die die;

	if (depth > MAX_DEPTH || dwarf_child(parent, &die) != 0)
		return;
	do {
		size_t inner_idx = scope_idx;

		if (enter_die(walk, &die, &inner_idx))
			walk_children(walk, &die, inner_idx, depth + 1);
	} while (dwarf_siblingof(&die, &die) == 0);
}

void mw_dwarf_scopes_read(struct mw_dwarf_scopes *scopes, Dwarf_Die *tree,
	struct mw_dwarf_place *places, size_t n_places)
{
	struct walk walk = { .scopes = scopes, .places = places, .n_places = n_places };

	scopes->n_scopes = 0;
	walk_children(&walk, tree, MW_DWARF_NONE, 0);
	for (size_t i = 0; i < n_places && !walk.is_thorough; i++)
		walk.is_thorough = places[i].scope_idx == MW_DWARF_NONE;
	if (walk.is_thorough)
		walk_children(&walk, tree, MW_DWARF_NONE, 0);
}

void mw_dwarf_scopes_deinit(struct mw_dwarf_scopes *scopes)
{
	free(scopes->scopes);
	*scopes = (struct mw_dwarf_scopes){ 0 };
}
