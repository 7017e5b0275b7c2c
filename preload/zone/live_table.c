/* SPDX: no licence chosen yet, see README */
/* live_table.c - see live_table.h. Zone; account. Three levels: root (here), middle, leaf. */
#include "preload/zone/arch.h"
#include "preload/zone/atomic.h"
#include "preload/zone/live_table.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/zone.h"

#define LEAF_BITS 18   /* 2 MiB of slots: the shadow of 8 MiB of heap at 32-byte granules */
#define MIDDLE_BITS 12 /* 32 KiB */
#define ROOT_BITS (MW_ADDRESS_BITS - 3 - LEAF_BITS - MIDDLE_BITS) /* for granules of 8 bytes */
#define SIZE_BITS 38

static MW_LARGE uint64_t **root[1u << ROOT_BITS];
static unsigned granule_shift = 5;

/* A heap of this many leaves side by side misses the TLB at every free: its further leaves are huge
 * pages. Not the first ones: each arena of glibc begins a heap of its own, mostly a small one.
 * Under a foreign allocator slots are as large as granules, and huge pages would double the heap.
 */
#define N_SMALL_LEAVES 2

void mw_live_table_init(unsigned shift)
{
	granule_shift = shift;
}

static MW_NOINLINE MW_HOT uint64_t *slot_of(uintptr_t block)
{
	uintptr_t granule = block >> granule_shift;
	uintptr_t top = granule >> (LEAF_BITS + MIDDLE_BITS);
	if (mw_unlikely(top >> ROOT_BITS))
		return NULL;
	uint64_t **middle = mw_load_acquire(&root[top]); /* pairs with make_level() */
	if (mw_unlikely(!middle))
		return NULL;
	uint64_t *leaf = mw_load_acquire(&middle[granule >> LEAF_BITS & ((1u << MIDDLE_BITS) - 1)]);
	return mw_likely(leaf) ? &leaf[granule & ((1u << LEAF_BITS) - 1)] : NULL;
}

/* Put @fresh at *place; two threads agree on one of theirs. Return: the level there, or NULL. */
static void *place_level(void **place, void *fresh, size_t bytes)
{
	void *level = NULL;
	if (!fresh || mw_cas_acq_rel(place, &level, fresh))
		return fresh;
	mw_private_unmap(fresh, bytes);
	return level;
}

static void *make_middle(void **place)
{
	size_t bytes = sizeof(uint64_t *) << MIDDLE_BITS;
	void *level = mw_load_acquire(place);
	return level ? level : place_level(place, mw_private_map(bytes), bytes);
}

/* Whether the leaves before or behind middle[at], as heaps and mappings grow, are there. */
static bool is_in_large_heap(uint64_t **middle, uintptr_t at)
{
	unsigned n_before = 0, n_behind = 0;
	for (uintptr_t i = 1; i <= N_SMALL_LEAVES; i++) {
		n_before += at >= i && mw_load_relaxed(&middle[at - i]);
		n_behind += at + i < 1u << MIDDLE_BITS && mw_load_relaxed(&middle[at + i]);
	}
	return n_before == N_SMALL_LEAVES || n_behind == N_SMALL_LEAVES;
}

static void *make_leaf(uint64_t **middle, uintptr_t at)
{
	size_t bytes = sizeof(uint64_t) << LEAF_BITS;
	void *level = mw_load_acquire(&middle[at]);
	if (level)
		return level;
	bool is_huge = granule_shift == 5 && is_in_large_heap(middle, at);
	void *fresh = is_huge ? mw_private_map_huge(bytes) : mw_private_map(bytes);
	return place_level((void **)&middle[at], fresh, bytes);
}

static MW_COLD uint64_t *make_slot(uintptr_t block)
{
	uintptr_t granule = block >> granule_shift;
	uintptr_t top = granule >> (LEAF_BITS + MIDDLE_BITS);
	if (top >> ROOT_BITS)
		return NULL;
	uint64_t **middle = make_middle((void **)&root[top]);
	uintptr_t at = granule >> LEAF_BITS & ((1u << MIDDLE_BITS) - 1);
	return middle && make_leaf(middle, at) ? slot_of(block) : NULL;
}

MW_HOT uint64_t *mw_live_table_slot(struct mw_live_leaf *leaf, uintptr_t block)
{
	uintptr_t granule = block >> granule_shift;
	uintptr_t number = (granule >> LEAF_BITS) + 1;
	uintptr_t at = granule & ((1u << LEAF_BITS) - 1);
	uint64_t *slot;
	if (mw_likely(leaf->number == number)) {
		slot = &leaf->slots[at];
	} else {
		slot = slot_of(block);
		if (mw_unlikely(!slot))
			return NULL;
		*leaf = (struct mw_live_leaf){ number, slot - at };
	}
	__builtin_prefetch(slot, 1);
	return slot;
}

MW_HOT bool mw_live_table_put(uint64_t *slot, uintptr_t block, uint32_t record_id, uint64_t bytes)
{
	if (mw_unlikely(!slot))
		slot = make_slot(block);
	if (mw_unlikely(!slot || bytes > MW_LIVE_MAX_BYTES))
		return false;
	/* relaxed: whoever frees the block got its address from us after this. */
	mw_store_relaxed(slot, (uint64_t)record_id << SIZE_BITS | bytes);
	return true;
}

MW_HOT bool mw_live_table_take(uint64_t *slot, uint32_t *record_id_out, uint64_t *bytes_out)
{
	uint64_t value = slot ? mw_load_relaxed(slot) : 0;
	if (mw_unlikely(!value))
		return false;
	mw_store_relaxed(slot, 0);
	*record_id_out = (uint32_t)(value >> SIZE_BITS);
	*bytes_out = value & MW_LIVE_MAX_BYTES;
	return true;
}

bool mw_live_table_has(uintptr_t block)
{
	const uint64_t *slot = slot_of(block);
	return slot && mw_load_relaxed(slot) != 0;
}
