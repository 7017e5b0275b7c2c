/* SPDX: no licence chosen yet, see README */
/*
 * stack_children.c - see stack_children.h. Zone; account. One entry a node id, in arrays that
 * double: the first holds ids below 512, each other one as many as all before it. Never moved, so
 * readers need no care; copied by fork.
 */
#include <stddef.h>
#include <sys/mman.h>
#include <sys/single_threaded.h>

#include "preload/zone/atomic.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/raw.h"
#include "preload/zone/stack_children.h"
#include "preload/zone/zone.h"

#define FIRST_BITS 9
#define MAX_BITS 28 /* of a node id */
#define MAX_CHILDREN 8u

struct entry {
	uint64_t key;
	uint32_t first_child, next_sibling; /* node ids, 0 = none */
};

/* Larger arrays come in pieces of this size: one system call instead of 16 faults. */
#define WINDOW_ENTRIES (65536u / sizeof(struct entry))

static struct entry *arrays[MAX_BITS - FIRST_BITS + 1];

static MW_COLD struct entry *make_array(struct entry **place, size_t n_entries)
{
	size_t bytes = n_entries * sizeof(struct entry);
	struct entry *none = NULL;
	struct entry *fresh =
		n_entries > WINDOW_ENTRIES ? mw_private_map(bytes) : mw_private_map_dense(bytes);
	if (!fresh || mw_cas_acq_rel(place, &none, fresh)) /* pairs with entry_of() */
		return fresh;
	mw_private_unmap(fresh, bytes);
	return none;
}

/* Return: NULL when there is no memory for it. */
static inline struct entry *entry_of(uint32_t id)
{
	unsigned bits = 32 - (unsigned)__builtin_clz(id | 1);
	unsigned which = bits > FIRST_BITS ? bits - FIRST_BITS : 0;
	if (mw_unlikely(bits > MAX_BITS))
		return NULL;
	uint32_t first = which ? 1u << (bits - 1) : 0;
	struct entry *array = mw_load_acquire(&arrays[which]);
	if (mw_unlikely(!array))
		array = make_array(&arrays[which], which ? first : 1u << FIRST_BITS);
	return array ? &array[id - first] : NULL;
}

uint32_t mw_children_find(uint32_t parent, uint64_t key, bool *is_full_out)
{
	const struct entry *of_parent = entry_of(parent);
	uint32_t id = of_parent ? mw_load_acquire(&of_parent->first_child) : 0;
	unsigned n = 0;
	for (; id && n < MAX_CHILDREN; n++) {
		const struct entry *child = entry_of(id);
		if (child->key == key)
			return id;
		id = child->next_sibling;
	}
	*is_full_out = !of_parent || n == MAX_CHILDREN;
	return 0;
}

void mw_children_add(uint32_t parent, uint32_t id, uint64_t key)
{
	struct entry *of_parent = entry_of(parent), *child = entry_of(id);
	if (!of_parent || !child)
		return;
	if (id % WINDOW_ENTRIES == 0 && id >= 2 * WINDOW_ENTRIES)
		mw_raw_madvise(child, WINDOW_ENTRIES * sizeof(*child), MADV_POPULATE_WRITE);
	child->key = key;
	uint32_t sibling = mw_load_relaxed(&of_parent->first_child);
	if (mw_likely(__libc_single_threaded)) {
		child->next_sibling = sibling;
		mw_store_release(&of_parent->first_child, id);
		return;
	}
	do {
		child->next_sibling = sibling;
		/* acq_rel: the child is complete; pairs with mw_children_find(). */
	} while (!mw_cas_acq_rel(&of_parent->first_child, &sibling, id));
}
