/* SPDX: no licence chosen yet, see README */
/* live_table.c - see live_table.h. Zone; account. Three levels: root (here), middle, leaf. */
#include "preload/format.h"
#include "preload/zone/arch.h"
#include "preload/zone/atomic.h"
#include "preload/zone/live_table.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/zone.h"

#define LEAF_BITS 19   /* 2 MiB of slots: the shadow of 16 MiB of heap at 32-byte granules */
#define MIDDLE_BITS 11 /* 16 KiB */
#define ROOT_BITS (MW_ADDRESS_BITS - 3 - LEAF_BITS - MIDDLE_BITS) /* for granules of 8 bytes */
#define MAX_SLOTS 3						  /* of a block */
/* A block that begins in a leaf's last slot has its other slots behind it. */
#define LEAF_BYTES ((sizeof(uint32_t) << LEAF_BITS) + MWD_PAGE)

static MW_LARGE uint32_t **root[1u << ROOT_BITS];
static unsigned granule_shift = 5;
static uint64_t small_bytes = 40; /* blocks up to this have only their own slot for sure */

/* A heap of this many leaves side by side misses the TLB at every free: its further leaves are huge
 * pages. Not the first ones: each arena of glibc begins a heap of its own, mostly a small one.
 * Under a foreign allocator slots are half as large as granules, and huge pages would show.
 */
#define N_SMALL_LEAVES 2

void mw_live_table_init(bool is_glibc)
{
	granule_shift = is_glibc ? 5 : 3;
	small_bytes = is_glibc ? 40 : 8;
}

static MW_NOINLINE MW_HOT uint32_t *slot_of(uintptr_t block)
{
	uintptr_t granule = block >> granule_shift;
	uintptr_t top = granule >> (LEAF_BITS + MIDDLE_BITS);
	if (mw_unlikely(top >> ROOT_BITS))
		return NULL;
	uint32_t **middle = mw_load_acquire(&root[top]); /* pairs with make_level() */
	if (mw_unlikely(!middle))
		return NULL;
	uint32_t *leaf = mw_load_acquire(&middle[granule >> LEAF_BITS & ((1u << MIDDLE_BITS) - 1)]);
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
	size_t bytes = sizeof(uint32_t *) << MIDDLE_BITS;
	void *level = mw_load_acquire(place);
	return level ? level : place_level(place, mw_private_map(bytes), bytes);
}

/* Whether the leaves before or behind middle[at], as heaps and mappings grow, are there. */
static bool is_in_large_heap(uint32_t **middle, uintptr_t at)
{
	unsigned n_before = 0, n_behind = 0;
	for (uintptr_t i = 1; i <= N_SMALL_LEAVES; i++) {
		n_before += at >= i && mw_load_relaxed(&middle[at - i]);
		n_behind += at + i < 1u << MIDDLE_BITS && mw_load_relaxed(&middle[at + i]);
	}
	return n_before == N_SMALL_LEAVES || n_behind == N_SMALL_LEAVES;
}

static void *make_leaf(uint32_t **middle, uintptr_t at)
{
	void *level = mw_load_acquire(&middle[at]);
	if (level)
		return level;
	bool is_huge = granule_shift == 5 && is_in_large_heap(middle, at);
	void *fresh = is_huge ? mw_private_map_huge(LEAF_BYTES) : mw_private_map(LEAF_BYTES);
	return place_level((void **)&middle[at], fresh, LEAF_BYTES);
}

static MW_COLD uint32_t *make_slot(uintptr_t block)
{
	uintptr_t granule = block >> granule_shift;
	uintptr_t top = granule >> (LEAF_BITS + MIDDLE_BITS);
	if (top >> ROOT_BITS)
		return NULL;
	uint32_t **middle = make_middle((void **)&root[top]);
	uintptr_t at = granule >> LEAF_BITS & ((1u << MIDDLE_BITS) - 1);
	return middle && make_leaf(middle, at) ? slot_of(block) : NULL;
}

MW_HOT uint32_t *mw_live_table_slot(struct mw_live_leaf *leaf, uintptr_t block)
{
	uintptr_t granule = block >> granule_shift;
	uintptr_t number = (granule >> LEAF_BITS) + 1;
	uintptr_t at = granule & ((1u << LEAF_BITS) - 1);
	uint32_t *slot;
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

/* Kinds of slots, by their low bits; ids are not 0, so neither is a slot in use. */
enum { SMALL = 1, MORE = 2 };
#define ID_SHIFT 7
#define IS_THIRD ((uint32_t)1 << 31)

static bool is_more(uint32_t slot)
{
	return (slot & 3) == MORE;
}

#define LOW_BITS 5
#define SECOND_BITS 29
#define THIRD_BITS 28
#define TWO_SLOTS_BITS (LOW_BITS + SECOND_BITS)

static uint32_t more_of(uint64_t bytes, unsigned shift, unsigned bits)
{
	return (uint32_t)(bytes >> shift & (((uint64_t)1 << bits) - 1)) << 2 | MORE;
}

static uint64_t bytes_of_more(uint32_t slot, unsigned shift, unsigned bits)
{
	return (uint64_t)(slot >> 2 & ((1u << bits) - 1)) << shift;
}

static MW_COLD bool put_huge(uint32_t *slot, uint64_t bytes)
{
	slot[1] |= IS_THIRD;
	slot[2] = more_of(bytes, TWO_SLOTS_BITS, THIRD_BITS);
	return bytes >> TWO_SLOTS_BITS >> THIRD_BITS == 0;
}

/* Who frees a block got its address from us, so it sees what we wrote: plain stores. */
MW_HOT bool mw_live_table_put(uint32_t *slot, uintptr_t block, uint32_t record_id, uint64_t bytes)
{
	if (mw_unlikely(!slot))
		slot = make_slot(block);
	if (mw_unlikely(!slot))
		return false;
	uint32_t id = record_id << ID_SHIFT;
	if (bytes <= small_bytes) {
		slot[0] = id | (uint32_t)bytes << 1 | SMALL;
		return true;
	}
	slot[0] = id | (uint32_t)(bytes & ((1u << LOW_BITS) - 1)) << 2;
	slot[1] = more_of(bytes, LOW_BITS, SECOND_BITS);
	return mw_likely(bytes >> TWO_SLOTS_BITS == 0) || put_huge(slot, bytes);
}

/* The block that @slot is the rest of. */
static MW_COLD uint32_t *head_of(uint32_t *slot)
{
	for (unsigned i = 1; i < MAX_SLOTS; i++)
		if (slot[-(int)i] && !is_more(slot[-(int)i]))
			return slot[-(int)i] & SMALL ? NULL : slot - i;
	return NULL;
}

static MW_COLD uint64_t take_third(uint32_t *slot)
{
	uint64_t bytes = is_more(slot[2]) ? bytes_of_more(slot[2], TWO_SLOTS_BITS, THIRD_BITS) : 0;
	slot[2] = 0;
	return bytes;
}

/* Takes the rest of a large block away. Return: its size. */
static inline uint64_t take_large(uint32_t *slot)
{
	uint64_t bytes = slot[0] >> 2 & ((1u << LOW_BITS) - 1);
	uint32_t more = slot[1];
	if (mw_unlikely(!is_more(more)))
		return bytes; /* another block begins here by now, which nobody saw this one make
			       * room for */
	slot[1] = 0;
	bytes |= bytes_of_more(more, LOW_BITS, SECOND_BITS);
	return mw_unlikely(more & IS_THIRD) ? bytes | take_third(slot) : bytes;
}

static MW_COLD bool take_head_of(uint32_t *slot, uint32_t *record_id_out, uint64_t *bytes_out)
{
	uint32_t *head = head_of(slot);
	return head && mw_live_table_take(head, record_id_out, bytes_out);
}

MW_HOT bool mw_live_table_take(uint32_t *slot, uint32_t *record_id_out, uint64_t *bytes_out)
{
	if (mw_unlikely(!slot || !*slot))
		return false;
	uint32_t value = *slot;
	*record_id_out = value >> ID_SHIFT;
	if (value & SMALL)
		*bytes_out = value >> 1 & 63;
	else if (mw_likely(!is_more(value)))
		*bytes_out = take_large(slot);
	else
		return take_head_of(slot, record_id_out, bytes_out);
	*slot = 0;
	return true;
}

bool mw_live_table_has(uintptr_t block)
{
	const uint32_t *slot = slot_of(block);
	return slot && *slot && !is_more(*slot);
}
