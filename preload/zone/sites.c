/* SPDX: no licence chosen yet, see README */
/*
 * sites.c - finds or makes the record of a stack. Zone; account.
 *
 * Each thread has its own open-addressing index from a key of 64 bits, the hash of stack and class,
 * to its record, so nothing here is shared:
 *
 *     slot = upper 39 bits of the key << 25 | record id;   0 = empty; no id = given up
 *
 * The lower half of the key is in the record, whose line is wanted anyway. So the whole key names
 * the stack: two of a million stacks collide with probability 3e-8.
 *
 * Records lie in chunks of 16 KiB, header and 127 records, numbered per process: id = chunk << 7 |
 * place in it. The directory finds a record by id.
 */
#include <stddef.h>
#include <string.h>

#include "preload/zone/arena.h"
#include "preload/zone/atomic.h"
#include "preload/zone/image.h"
#include "preload/zone/live_table.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/recent.h"
#include "preload/zone/sites.h"
#include "preload/zone/stack_table.h"
#include "preload/zone/zone.h"

#define CHUNK_BYTES 16384u
#define CHUNK_SHIFT 7
#define CHUNK_RECORDS (1u << CHUNK_SHIFT) /* the first is the header */
#define RECORDS_PER_PAGE (MWD_PAGE / sizeof(struct mwd_record))
#define MAX_CHUNKS ((MW_LIVE_MAX_RECORD_ID + 1) >> CHUNK_SHIFT)
#define MAX_CLAIM_CHUNKS 16u /* half a last claim is wasted, by each process */
#define FIRST_MAPPED_SLOTS 256u

struct directory_entry {
	struct mwd_record *chunk;
	const struct mw_task *owner;
};

static struct directory_entry *directory; /* [MAX_CHUNKS], pages touched as used */
static uint32_t next_chunk;

uint32_t mw_sites_next_id(void)
{
	return mw_load_relaxed(&next_chunk) << CHUNK_SHIFT;
}

static void use_chunk(struct mw_task *task, struct mwd_record *chunk, uint32_t number)
{
	directory[number] = (struct directory_entry){ chunk, task };
	struct mwd_segment *segment = (struct mwd_segment *)chunk;
	segment->kind = MWD_SEGMENT_RECORDS;
	segment->header_bytes = sizeof(struct mwd_record);
	segment->bytes = CHUNK_BYTES;
	segment->image = mw_image_offset;
	segment->first_id = (number << CHUNK_SHIFT) + 1;
	segment->capacity = CHUNK_RECORDS - 1;
	segment->element_bytes = sizeof(struct mwd_record);
	segment->owner = task->index_in_image;
	mw_arena_publish_segment(segment);
	task->chunk = chunk;
	task->chunk_first_id = number << CHUNK_SHIFT;
	task->next_slot = 1;
}

static void unmap_index(struct mw_task *task, uint64_t *sites, uint64_t n)
{
	if (sites && sites != task->first_sites)
		mw_private_unmap(sites, n * sizeof(*sites));
}

void mw_sites_reset(struct mw_task *task)
{
	unmap_index(task, task->sites, task->sites_mask + 1);
	memset(task->first_sites, 0, sizeof(task->first_sites));
	task->sites = NULL;
	task->sites_mask = task->n_sites = task->max_sites = 0;
	task->chunk = NULL;
	mw_comebacks_reset(&task->comebacks);
	task->n_spare_chunks = 0;
	task->claim_chunks = 1;
	memset(task->pending_bytes, 0, sizeof(task->pending_bytes));
	memset(task->unstacked, 0, sizeof(task->unstacked));
}

static bool make_directory(void)
{
	size_t bytes = MAX_CHUNKS * sizeof(*directory);
	struct directory_entry *none = NULL,
			       *fresh = directory ? NULL : mw_private_map_sequential(bytes);
	if (fresh && !mw_cas_acq_rel(&directory, &none, fresh))
		mw_private_unmap(fresh, bytes);
	return mw_load_acquire(&directory) != NULL;
}

static MW_COLD bool claim_chunks(struct mw_task *task)
{
	size_t bytes;
	uint64_t offset;
	if (!make_directory())
		return false;
	struct mwd_segment *first = mw_image_take_piece(MW_FIRST_RECORDS, &bytes);
	uint32_t n = first ? 1 : task->claim_chunks;
	if (mw_load_relaxed(&next_chunk) > MAX_CHUNKS - MAX_CLAIM_CHUNKS * 2)
		return false;
	struct mwd_record *chunk = first ? (struct mwd_record *)first
					 : mw_arena_claim((size_t)n * CHUNK_BYTES, &offset);
	if (!chunk && n > 1) { /* there may be room for one */
		task->claim_chunks = n = 1;
		chunk = mw_arena_claim(CHUNK_BYTES, &offset);
	}
	if (!chunk)
		return false;
	/* Numbers only for what there is: failures on a full disk must not use them up. */
	uint32_t number = mw_add_relaxed(&next_chunk, n);
	if (number + n > MAX_CHUNKS)
		return false;
	if (!first)
		task->claim_chunks = n < MAX_CLAIM_CHUNKS ? n * 2 : n;
	task->is_claim_dense = first || (size_t)n * CHUNK_BYTES >= MW_ARENA_DENSE_BYTES;
	task->n_spare_chunks = n - 1;
	use_chunk(task, chunk, number);
	return true;
}

static bool next_chunk_of(struct mw_task *task)
{
	if (!task->chunk || !task->n_spare_chunks)
		return claim_chunks(task);
	task->n_spare_chunks--;
	use_chunk(task, task->chunk + CHUNK_RECORDS, (task->chunk_first_id >> CHUNK_SHIFT) + 1);
	return true;
}

static struct mwd_record *record_of(uint32_t id)
{
	return &directory[id >> CHUNK_SHIFT].chunk[id & (CHUNK_RECORDS - 1)];
}

/* Return: its id, 0 when there is no space. */
static MW_COLD uint32_t new_record(struct mw_task *task, uint64_t key, struct mw_site_kind kind)
{
	if ((!task->chunk || task->next_slot == CHUNK_RECORDS) && !next_chunk_of(task)) {
		mw_image_lost(MWD_LOST_NO_RECORD, 1);
		return 0;
	}
	uint32_t at = task->next_slot++;
	struct mwd_record *record = &task->chunk[at];
	if (!task->is_claim_dense && (at % RECORDS_PER_PAGE == 0 || at == 1))
		mw_arena_reach(MWD_PAGE);
	record->node = kind.node;
	record->class = kind.class;
	record->size_class = kind.size_class;
	record->key = (uint32_t)key;
	record->epoch[MWD_PEAK_PROCESS_HEAP] = mw_load_acquire(&mw_image->heap_epoch);
	record->epoch[MWD_PEAK_TREE_HEAP] = mw_load_acquire(&mw_control->heap_epoch);
	record->epoch[MWD_PEAK_TREE_RSS] = mw_load_acquire(&mw_control->rss_epoch_beside);
	mw_store_release(&record->is_used, 1); /* pairs with the reader */
	return task->chunk_first_id + at;
}

static uint64_t slot_of(uint64_t key, uint32_t id)
{
	return (key & ~(uint64_t)MW_LIVE_MAX_RECORD_ID) | id;
}

/* The key of a slot, whole again. */
static uint64_t key_of(uint64_t slot)
{
	uint64_t upper = slot & ~(uint64_t)MW_LIVE_MAX_RECORD_ID;
	return upper | (record_of(slot & MW_LIVE_MAX_RECORD_ID)->key & MW_LIVE_MAX_RECORD_ID);
}

/* The slots for @n_old grown. */
static uint64_t *new_index(struct mw_task *task, uint64_t n_old, uint64_t *n_out)
{
	*n_out = n_old ? n_old * 2 : MW_FIRST_SITES;
	if (!n_old)
		return task->first_sites;
	if (*n_out < FIRST_MAPPED_SLOTS)
		*n_out = FIRST_MAPPED_SLOTS;
	return mw_private_map_dense(*n_out * sizeof(uint64_t));
}

/* Of no record: passed by in a search, dropped when the index is made anew. */
#define GIVEN_UP ((uint64_t)1 << 63)

static bool is_in_use(uint64_t slot)
{
	return (slot & MW_LIVE_MAX_RECORD_ID) != 0;
}

static uint64_t count_in_use(const uint64_t *slots, uint64_t n)
{
	uint64_t n_in_use = 0;
	for (uint64_t i = 0; i < n; i++)
		n_in_use += is_in_use(slots[i]);
	return n_in_use;
}

/* Larger, or as large as before if much of it was given up. */
static bool grow_index(struct mw_task *task)
{
	uint64_t *old = task->sites;
	uint64_t n, n_old = old ? task->sites_mask + 1 : 0;
	uint64_t n_in_use = count_in_use(old, n_old);
	bool is_room = n_old >= FIRST_MAPPED_SLOTS * 2 && n_in_use < n_old / 8 * 3;
	uint64_t *fresh = new_index(task, is_room ? n_old / 2 : n_old, &n);
	if (!fresh)
		return task->n_sites < task->sites_mask;
	task->n_sites = n_in_use;
	for (uint64_t i = 0; i < n_old; i++) {
		if (!is_in_use(old[i]))
			continue;
		uint64_t at = key_of(old[i]);
		while (fresh[at & (n - 1)])
			at++;
		fresh[at & (n - 1)] = old[i];
	}
	task->sites = fresh;
	task->sites_mask = n - 1;
	task->max_sites = n / 4 * 3;
	unmap_index(task, old, n_old);
	return true;
}

static inline uint64_t make_key(uint64_t path_hash, enum mwd_class class, uint8_t size_class)
{
	return path_hash + (uint64_t)(size_class << 8 | class) * 0xff51afd7ed558ccdu;
}

/* Return: the id at @key, 0 if it is new; @slot_out: where it is or would be, NULL when there is no
 * memory for one. */
static inline uint32_t find_slot(struct mw_task *task, uint64_t key, uint64_t **slot_out)
{
	*slot_out = NULL;
	if (mw_unlikely(task->n_sites >= task->max_sites) && !grow_index(task))
		return 0;
	for (uint64_t at = key;; at++) {
		uint64_t *slot = &task->sites[at & task->sites_mask];
		uint32_t id = *slot & MW_LIVE_MAX_RECORD_ID;
		if (mw_likely(
			    *slot == slot_of(key, id) && id && record_of(id)->key == (uint32_t)key))
			return id;
		*slot_out = slot;
		if (!*slot)
			return 0;
	}
}

static uint32_t fill_slot(
	struct mw_task *task, uint64_t *slot, uint64_t key, struct mw_site_kind kind)
{
	uint32_t id = new_record(task, key, kind);
	if (id && slot) {
		*slot = slot_of(key, id);
		task->n_sites++;
	}
	return id;
}

static void give_up_slot(struct mw_task *task, uint64_t key, uint32_t id)
{
	for (uint64_t at = key; task->sites[at & task->sites_mask]; at++) {
		uint64_t *slot = &task->sites[at & task->sites_mask];
		if (*slot == slot_of(key, id)) {
			*slot = GIVEN_UP;
			return;
		}
	}
}

/* A record from before some dlclose(), of the same stack. It has one key, and so one slot. */
static uint32_t find_comeback(
	struct mw_task *task, uint64_t *slot, uint64_t key, struct mw_site_kind kind)
{
	uint64_t old_key;
	uint32_t id = mw_comebacks_take(&task->comebacks, kind, key, &old_key);
	if (!id)
		return 0;
	give_up_slot(task, old_key, id);
	record_of(id)->key = (uint32_t)key;
	*slot = slot_of(key, id);
	task->n_sites++;
	return id;
}

static MW_COLD uint32_t add_stack(
	struct mw_task *task, uint64_t *slot, uint64_t key, uint16_t class, uint8_t size_class)
{
	uint32_t node = slot ? mw_stack_table_intern(&task->trace) : 0;
	struct mw_site_kind kind = { node, class, size_class };
	bool can_come_back = node && task->trace.generation != 0;
	uint32_t id = can_come_back ? find_comeback(task, slot, key, kind) : 0;
	if (id)
		return id;
	id = fill_slot(task, slot, key, kind);
	if (id && can_come_back)
		mw_comebacks_add(&task->comebacks, kind, key, id);
	return id;
}

static inline struct mw_site site_of(uint32_t id)
{
	return (struct mw_site){ mw_likely(id) ? record_of(id) : NULL, id };
}

static inline struct mw_site find_by_hash(
	struct mw_task *task, uint64_t path_hash, enum mwd_class class, uint8_t size_class)
{
	uint64_t key = make_key(path_hash, class, size_class);
	uint64_t *slot;
	uint32_t id = find_slot(task, key, &slot);
	if (mw_unlikely(!id))
		id = add_stack(task, slot, key, (uint16_t) class, size_class);
	return site_of(id);
}

/* The record that a search begins with, by its id as it stands there: mostly the one that is found.
 * Nothing waits for it here. */
static inline void prefetch_first(const struct mw_task *task, uint64_t key)
{
	uint32_t id = task->sites[key & task->sites_mask] & MW_LIVE_MAX_RECORD_ID;
	if (mw_likely(id))
		__builtin_prefetch(record_of(id), 1);
}

MW_HOT void mw_sites_prefetch(struct mw_task *task)
{
	const struct mw_frame *top = &task->trace.frames[task->trace.n_frames - 1];
	const struct mw_recent *recalled = task->trace.recalled;
	if (recalled)
		__builtin_prefetch(recalled->record, 1);
	else if (mw_likely(top->record))
		__builtin_prefetch(top->record, 1);
	else if (mw_likely(task->sites))
		prefetch_first(task, make_key(top->path_hash, MWD_CLASS_HEAP, 0));
}

MW_HOT struct mw_site mw_sites_find(struct mw_task *task, enum mwd_class class)
{
	struct mw_frame *top = &task->trace.frames[task->trace.n_frames - 1];
	const struct mw_recent *recalled = task->trace.recalled;
	if (recalled)
		return (struct mw_site){ recalled->record, recalled->record_id };
	if (mw_likely(top->record && class == MWD_CLASS_HEAP))
		return (struct mw_site){ top->record, top->record_id };
	struct mw_site site = find_by_hash(task, top->path_hash, class, 0);
	if (class == MWD_CLASS_HEAP && mw_likely(site.record)) {
		top->record = site.record;
		top->record_id = site.id;
		mw_recent_keep(&task->trace, site.record, site.id);
	}
	return site;
}

struct mw_site mw_sites_find_sampled(struct mw_task *task, uint8_t size_class)
{
	const struct mw_frame *top = &task->trace.frames[task->trace.n_frames - 1];
	return find_by_hash(task, top->path_hash, MWD_CLASS_HEAP, size_class);
}

/* The marker in this image, or in the one it was forked from; 0 = not made yet. */
static uint32_t unstacked_node;

static uint32_t find_unstacked_node(void)
{
	uint32_t node = mw_load_relaxed(&unstacked_node);
	if (!node) {
		node = mw_stack_table_add_marker(mw_stacks_mode == MW_STACKS_OFF
							 ? MWD_MARKER_STACKS_OFF
							 : MWD_MARKER_NOT_SAMPLED);
		mw_store_relaxed(&unstacked_node, node); /* two threads may make two: no harm */
	}
	return node;
}

/* In a region, its node is the whole stack. Threads come back to it: so it is in the index. */
static MW_COLD struct mw_site make_unstacked(struct mw_task *task, enum mwd_class class)
{
	const struct mw_trace *trace = &task->trace;
	uint32_t node = trace->root_node ? trace->root_node : find_unstacked_node();
	uint64_t key = make_key(trace->root_hash, class, 0);
	uint64_t *slot;
	uint32_t id = find_slot(task, key, &slot);
	if (!id)
		id = fill_slot(task, slot, key, (struct mw_site_kind){ node, (uint16_t) class, 0 });
	task->unstacked[class] = site_of(id);
	return task->unstacked[class];
}

MW_HOT struct mw_site mw_sites_find_unstacked(struct mw_task *task, enum mwd_class class)
{
	struct mw_site site = task->unstacked[class];
	return mw_likely(site.record) ? site : make_unstacked(task, class);
}

/* Another thread's record: count in one of ours with the same stack. */
static MW_NOINLINE struct mwd_record *find_foreign(
	struct mw_task *task, uint32_t id, const struct mwd_record *born)
{
	if (mw_stacks_mode != MW_STACKS_ALL && born->node && !task->trace.root_node &&
		born->node == mw_load_relaxed(&unstacked_node))
		return mw_sites_find_unstacked(task, born->class).record;
	uint64_t key = (~(uint64_t)id * 0x9e3779b97f4a7c15u) ^ 0xff51afd7ed558ccdu;
	key ^= key >> 32;
	uint64_t *slot;
	uint32_t ours = find_slot(task, key, &slot);
	if (!ours)
		ours = fill_slot(task, slot, key,
			(struct mw_site_kind){ born->node, born->class, born->size_class });
	return site_of(ours).record;
}

MW_HOT struct mwd_record *mw_sites_find_for_free(struct mw_task *task, uint32_t id)
{
	const struct directory_entry *entry = &directory[id >> CHUNK_SHIFT];
	struct mwd_record *born = &entry->chunk[id & (CHUNK_RECORDS - 1)];
	return mw_likely(entry->owner == task) ? born : find_foreign(task, id, born);
}
