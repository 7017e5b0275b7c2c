/* SPDX: no licence chosen yet, see README */
/*
 * mappings.c - see mappings.h. Zone; account. A sorted array of disjoint ranges: mapping calls are
 * rare and cost a system call anyway. Invariants: pieces[i].high <= pieces[i + 1].low;
 * group_pieces[g] = number of pieces with group g, 0 = group free.
 *
 * The lock is held for an array update only, never across a system call of the program. Who cannot
 * get it counts a loss and goes on. Its word names the holder, so that a lock left behind is found:
 *
 *     63       48 47                   12 11        0
 *     [ count     | thread block, a page  | count    ]     0 = free
 *
 * A holder is inside a hook, so its block is busy; events on top of it do not come here. Who meets
 * a word of its own, or one of a block that is not busy, meets one whose holder was left by
 * longjmp. The count makes each word another: a word that is still there was there all the time.
 * Such an array may be half moved: repair() drops what does not fit.
 */
#include <string.h>

#include "preload/zone/atomic.h"
#include "preload/zone/image.h"
#include "preload/zone/mappings.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/raw.h"
#include "preload/zone/task.h"
#include "preload/zone/zone.h"

#define FIRST_CAPACITY 128u
#define MAX_SPINS 20000u

static struct mw_mapping *pieces;
static uint32_t *group_pieces;
static uint32_t n_pieces, capacity, next_group;
static uint64_t lock_word;
static uint32_t lock_count;

#define OWNER_MASK (((uint64_t)1 << 48) - MWD_PAGE)

static uint64_t word_of(const struct mw_task *task)
{
	uint64_t count = mw_add_relaxed(&lock_count, 1) + 1;
	return (uintptr_t)task | (count & (MWD_PAGE - 1)) | (count >> 12) << 48;
}

static bool is_abandoned(uint64_t word)
{
	const struct mw_task *owner = (const struct mw_task *)(uintptr_t)(word & OWNER_MASK);
	return owner == mw_task_current || !mw_load_acquire(&owner->busy);
}

static void repair(void)
{
	uint32_t n = 0, n_old = n_pieces + 1 < capacity ? n_pieces + 1 : capacity;
	memset(group_pieces, 0, capacity * sizeof(*group_pieces));
	for (uint32_t i = 0; i < n_old; i++) {
		struct mw_mapping piece = pieces[i];
		/* Record 0 is none: the piece was not written to its end. */
		if (piece.low >= piece.high || !piece.record_id || piece.group >= capacity ||
			(n && piece.low < pieces[n - 1].high))
			continue;
		group_pieces[piece.group]++;
		pieces[n++] = piece;
	}
	n_pieces = n;
	mw_image_lost(MWD_LOST_MAPPING_BUSY, 1);
}

static bool lock(void)
{
	uint64_t own = word_of(mw_task_current);
	for (unsigned i = 0; i < MAX_SPINS; i++) {
		uint64_t seen = 0;
		if (mw_cas_acq_rel(&lock_word, &seen, own)) /* pairs with unlock() */
			return true;
		if (is_abandoned(seen) && mw_cas_acq_rel(&lock_word, &seen, own)) {
			if (capacity)
				repair();
			return true;
		}
		if (i % 64 == 63)
			mw_raw(SYS_sched_yield, 0, 0, 0);
	}
	mw_image_lost(MWD_LOST_MAPPING_BUSY, 1);
	return false;
}

/* The word goes before our block is seen as not busy. */
static void unlock(void)
{
	mw_store_release(&lock_word, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void mw_mappings_reset(void)
{
	n_pieces = 0;
	if (group_pieces)
		memset(group_pieces, 0, capacity * sizeof(*group_pieces));
	lock_word = 0;
}

static bool grow(void)
{
	uint32_t n = capacity ? capacity * 2 : FIRST_CAPACITY;
	struct mw_mapping *more = mw_private_map(n * sizeof(*more));
	uint32_t *more_groups = more ? mw_private_map(n * sizeof(*more_groups)) : NULL;
	if (!more_groups) {
		if (more)
			mw_private_unmap(more, n * sizeof(*more));
		return false;
	}
	struct mw_mapping *old = pieces;
	uint32_t *old_groups = group_pieces;
	uint32_t old_n = capacity;
	if (old_n) {
		memcpy(more, old, n_pieces * sizeof(*more));
		memcpy(more_groups, old_groups, old_n * sizeof(*more_groups));
	}
	/* Another thread may fork at any point of this: what the child sees is mapped. */
	pieces = more;
	group_pieces = more_groups;
	mw_signal_fence();
	capacity = n;
	if (old_n) {
		mw_private_unmap(old, old_n * sizeof(*more));
		mw_private_unmap(old_groups, old_n * sizeof(*more_groups));
	}
	return true;
}

/* Index of the first piece that ends above @address. */
static uint32_t first_above(uintptr_t address)
{
	uint32_t low = 0, high = n_pieces;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (pieces[middle].high > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* There are at least as many groups as pieces, so one is free. */
static uint32_t free_group(void)
{
	while (group_pieces[next_group % capacity])
		next_group++;
	return next_group % capacity;
}

static bool insert(struct mw_mapping piece)
{
	if (n_pieces == capacity && !grow())
		return false;
	uint32_t at = first_above(piece.low);
	memmove(&pieces[at + 1], &pieces[at], (n_pieces - at) * sizeof(*pieces));
	pieces[at] = piece;
	n_pieces++;
	group_pieces[piece.group]++;
	return true;
}

static void erase(uint32_t at)
{
	group_pieces[pieces[at].group]--;
	n_pieces--;
	memmove(&pieces[at], &pieces[at + 1], (n_pieces - at) * sizeof(*pieces));
	pieces[n_pieces] = (struct mw_mapping){ 0 }; /* nothing for repair() to find again */
}

bool mw_mappings_add(uintptr_t low, uintptr_t high, uint32_t record_id)
{
	if (!lock())
		return false;
	bool is_kept = (n_pieces < capacity || grow()) &&
		       insert((struct mw_mapping){ low, high, record_id, free_group() });
	unlock();
	if (!is_kept)
		mw_image_lost(MWD_LOST_NO_SLOT, 1);
	return is_kept;
}

/* Cut [low, high) out of pieces[at], which overlaps it. Return: the part cut out. */
static struct mw_mapping cut_piece(uint32_t at, uintptr_t low, uintptr_t high)
{
	struct mw_mapping whole = pieces[at], part = whole;
	part.low = whole.low > low ? whole.low : low;
	part.high = whole.high < high ? whole.high : high;
	if (part.low == whole.low && part.high == whole.high) {
		erase(at);
	} else if (part.low == whole.low) {
		pieces[at].low = part.high;
	} else {
		pieces[at].high = part.low;
		if (part.high < whole.high && !insert((struct mw_mapping){ part.high, whole.high,
						      whole.record_id, whole.group }))
			mw_image_lost(MWD_LOST_NO_SLOT, 1);
	}
	return part;
}

void mw_mappings_cut(uintptr_t low, uintptr_t high, struct mw_cut *cut)
{
	if (low >= high || !lock())
		return;
	for (uint32_t at = first_above(low); at < n_pieces && pieces[at].low < high;
		at = first_above(low)) {
		if (cut->n == MW_CUT_MAX) {
			mw_image_lost(MWD_LOST_NO_SLOT, 1);
			break;
		}
		struct mw_mapping part = cut_piece(at, low, high);
		cut->pieces[cut->n] = part;
		cut->is_last[cut->n++] = group_pieces[part.group] == 0;
	}
	unlock();
}

bool mw_mappings_find(uintptr_t address, uint32_t *record_id_out)
{
	if (!lock())
		return false;
	uint32_t at = first_above(address);
	bool is_found = at < n_pieces && pieces[at].low <= address;
	if (is_found)
		*record_id_out = pieces[at].record_id;
	unlock();
	return is_found;
}

void mw_mappings_restore(const struct mw_cut *cut)
{
	if (cut->n == 0 || !lock())
		return;
	/* A group that was freed meanwhile may serve another mapping by now: then block counts
	 * of the two merge; bytes stay exact. */
	for (unsigned i = 0; i < cut->n; i++)
		insert(cut->pieces[i]);
	unlock();
}
