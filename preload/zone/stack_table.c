/* SPDX: no licence chosen yet, see README */
/*
 * stack_table.c - interns frames into the stack tree. Zone; unwind -> account -> dump. Runs when a
 * thread meets a stack for the first time, not per event.
 *
 * Three parts. The nodes: dense and append-only in the dump. Their children, eight of each at most:
 * lists by node id (stack_children.h). The index of all that are not there, children of the root
 * among them: private, open addressing,
 *
 *     slot = { key: key_of() the frame, parent: node id, id: node id }       16 bytes
 *
 * claimed by a CAS on key and complete once id != 0. A reader that meets a key without id walks
 * on, and may make a second node of the same content: wasteful, safe. So is an insertion into a
 * table that another thread is replacing by a larger one.
 */
#include <stddef.h>
#include <string.h>
#include <sys/single_threaded.h>

#include "preload/zone/arena.h"
#include "preload/zone/atomic.h"
#include "preload/zone/image.h"
#include "preload/zone/modules.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/stack_children.h"
#include "preload/zone/stack_table.h"
#include "preload/zone/zone.h"

struct slot {
	uint64_t key;
	uint32_t parent, id;
};

struct index {
	uint64_t mask;
	uint32_t n_used;
	struct slot slots[];
};

/* Nodes go into the current segment; a full one is replaced, never grown. */
struct chunk {
	struct mwd_node *nodes;
	uint32_t first_id, capacity;
	uint32_t n_used; /* may run past capacity: then the chunk is full */
	bool is_dense;	 /* counted as touched: large, or a piece of the first claim */
};

#define MIN_CHUNK_BYTES 16384u
#define MAX_CHUNK_BYTES (1u << 18) /* half a last one is wasted, by each process */
#define NODES_PER_PAGE (MWD_PAGE / sizeof(struct mwd_node))
#define NODES_OF_HEADER (sizeof(struct mwd_segment) / sizeof(struct mwd_node))
#define N_PROBES 64u
#define MAX_CHUNKS 4096u

static struct index *table;
static MW_LARGE struct chunk chunks[MAX_CHUNKS];
static uint32_t n_chunks;
static struct chunk *current;
static uint32_t first_id = 1; /* of the first chunk of this image */

/*
 * Locked instructions wait for every load before them, and here nearly every load misses the cache:
 * while the process has one thread, it does without (events do not nest, see task.h).
 */
static inline uint32_t take_next(uint32_t *counter)
{
	if (mw_unlikely(!__libc_single_threaded))
		return mw_add_relaxed(counter, 1);
	uint32_t n = mw_load_relaxed(counter);
	mw_store_relaxed(counter, n + 1);
	return n;
}

/* Whether *@key was 0 and is @wanted now; @seen: what it was. */
static inline bool take_slot(uint64_t *key, uint64_t *seen, uint64_t wanted)
{
	*seen = mw_load_acquire(key);
	if (*seen != 0)
		return false;
	if (mw_unlikely(!__libc_single_threaded))
		return mw_cas_acq_rel(key, seen, wanted);
	mw_store_relaxed(key, wanted);
	return true;
}

static struct chunk *make_chunk(struct mwd_segment *segment, size_t bytes, uint32_t id)
{
	uint32_t at = mw_add_relaxed(&n_chunks, 1);
	if (at >= MAX_CHUNKS)
		return NULL;
	struct chunk *chunk = &chunks[at];
	*chunk = (struct chunk){ .nodes = (void *)(segment + 1),
		.first_id = id,
		.capacity = (uint32_t)((bytes - sizeof(*segment)) / sizeof(struct mwd_node)),
		.is_dense = bytes < MIN_CHUNK_BYTES || bytes >= MW_ARENA_DENSE_BYTES };
	if (!chunk->is_dense)
		mw_arena_reach(MWD_PAGE);
	segment->kind = MWD_SEGMENT_NODES;
	segment->header_bytes = sizeof(*segment);
	segment->bytes = bytes;
	segment->image = mw_image_offset;
	segment->first_id = id;
	segment->capacity = chunk->capacity;
	segment->element_bytes = sizeof(struct mwd_node);
	return chunk;
}

void mw_stack_table_restart(uint32_t id)
{
	first_id = id;
	mw_store_release(&current, NULL);
}

uint32_t mw_stack_table_next_id(void)
{
	const struct chunk *chunk = mw_load_acquire(&current);
	return chunk ? chunk->first_id + chunk->capacity : first_id;
}

static size_t next_chunk_bytes(const struct chunk *full)
{
	size_t bytes = (sizeof(struct mwd_segment) + full->capacity * sizeof(struct mwd_node)) * 2;
	bytes = bytes < MIN_CHUNK_BYTES ? MIN_CHUNK_BYTES : bytes;
	return bytes > MAX_CHUNK_BYTES ? MAX_CHUNK_BYTES : bytes;
}

static MW_COLD bool grow_nodes(struct chunk *full)
{
	uint64_t offset;
	size_t bytes = full ? next_chunk_bytes(full) : MIN_CHUNK_BYTES;
	struct mwd_segment *first = full ? NULL : mw_image_take_piece(MW_FIRST_NODES, &bytes);
	struct mwd_segment *segment = first ? first : mw_arena_claim(bytes, &offset);
	if (!segment)
		return false;
	struct chunk *fresh =
		make_chunk(segment, bytes, full ? full->first_id + full->capacity : first_id);
	if (!fresh)
		return false;
	/* Both racers chose the same first id; only the winner's segment is published. */
	if (mw_cas_acq_rel(&current, &full, fresh))
		mw_arena_publish_segment(segment);
	else if (!first)
		mw_arena_unmap(segment, bytes);
	return true;
}

/* Return: a zeroed node and its id, or NULL. */
static struct mwd_node *new_node(uint32_t *id_out)
{
	for (;;) {
		struct chunk *chunk = mw_load_acquire(&current);
		uint32_t at = chunk ? mw_load_relaxed(&chunk->n_used) : 0;
		if (chunk && at < chunk->capacity)
			at = take_next(&chunk->n_used);
		if (chunk && at < chunk->capacity) {
			if (!chunk->is_dense && (at + NODES_OF_HEADER) % NODES_PER_PAGE == 0)
				mw_arena_reach(MWD_PAGE);
			*id_out = chunk->first_id + at;
			return &chunk->nodes[at];
		}
		if (!grow_nodes(chunk))
			return NULL;
	}
}

static uint32_t write_node(uint32_t parent, const struct mw_frame *frame)
{
	uint32_t id = 0;
	struct mwd_node *node = new_node(&id);
	if (!node)
		return 0;
	uint8_t kind = MWD_NODE_MARKER;
	uint64_t value = frame->pc;
	if (!(frame->flags & MW_FRAME_MARKER)) {
		node->module =
			mw_modules_locate(frame->pc - !(frame->flags & MW_FRAME_EXACT), &value);
		value = node->module ? value + !(frame->flags & MW_FRAME_EXACT) : frame->pc;
		kind = node->module ? MWD_NODE_NATIVE : MWD_NODE_JIT;
	}
	node->parent = parent;
	node->value = value;
	node->flags = (frame->flags & MW_FRAME_EXACT ? MWD_NODE_EXACT : 0) |
		      (frame->flags & MW_FRAME_GUESSED ? MWD_NODE_GUESSED : 0);
	mw_store_release(&node->kind, kind); /* pairs with the reader */
	return id;
}

#define NO_MODULE 0x1fffu

/*
 * What names a frame below its parent: pc (below bit 48) and flags; 0 = nothing does. Once some
 * module was unloaded a pc may be another's, so the module's id is part of it, in the 13 bits that
 * are left; 0 in what was interned before.
 */
static uint64_t key_of(const struct mw_frame *frame, uint32_t generation)
{
	uint64_t value,
		flags = frame->flags & (MW_FRAME_EXACT | MW_FRAME_GUESSED | MW_FRAME_MARKER);
	uint64_t key = frame->pc | flags << 56;
	if (mw_likely(generation == 0) || (flags & MW_FRAME_MARKER))
		return key;
	uint64_t module = mw_modules_locate(frame->pc - !(flags & MW_FRAME_EXACT), &value);
	if (module >= NO_MODULE || frame->pc >> 48)
		return 0;
	module = module ? module : NO_MODULE;
	return key | (module & 0xff) << 48 | (module >> 8 & 3) << 58 | (module >> 10) << 61;
}

static uint64_t hash_of(uint64_t key, uint32_t parent)
{
	uint64_t x = (key ^ (uint64_t)parent << 20) * 0x9e3779b97f4a7c15u;
	return x ^ x >> 32;
}

static struct index *new_index(uint64_t n_slots)
{
	struct index *fresh = mw_private_map_dense(sizeof(*fresh) + n_slots * sizeof(struct slot));
	if (fresh)
		fresh->mask = n_slots - 1;
	return fresh;
}

/* Only of a table nobody else can see yet. */
static void copy_slots(struct index *to, const struct index *from)
{
	for (uint64_t i = 0; i <= from->mask; i++) {
		uint32_t id = mw_load_acquire(&from->slots[i].id);
		if (!id)
			continue;
		uint64_t at = hash_of(from->slots[i].key, from->slots[i].parent);
		while (to->slots[at & to->mask].id)
			at++;
		to->slots[at & to->mask] = from->slots[i];
		to->n_used++;
	}
}

static size_t index_bytes(const struct index *index)
{
	return sizeof(*index) + (index->mask + 1) * sizeof(struct slot);
}

/* Readers may still be in it: it stays mapped, but reads as empty from now on (mask 0, one slot),
 * which is safe: they make a node of their own. */
static void retire_index(struct index *old)
{
	if (old)
		mw_private_discard(old, index_bytes(old));
}

/* The table to use now: first, or larger. */
static MW_COLD struct index *replace_index(struct index *old)
{
	struct index *fresh = new_index(old ? (old->mask + 1) * 2 : 128);
	if (!fresh)
		return old;
	if (old)
		copy_slots(fresh, old);
	if (mw_cas_acq_rel(&table, &old, fresh)) {
		retire_index(old);
		return fresh;
	}
	mw_private_unmap(fresh, index_bytes(fresh));
	return old;
}

static uint32_t find_or_add(
	struct index *index, uint32_t parent, const struct mw_frame *frame, uint64_t key)
{
	uint64_t at = hash_of(key, parent);
	for (unsigned i = 0; i < N_PROBES; i++, at++) {
		struct slot *slot = &index->slots[at & index->mask];
		uint64_t seen;
		if (take_slot(&slot->key, &seen, key)) {
			uint32_t id = write_node(parent, frame);
			slot->parent = parent;
			mw_store_release(&slot->id, id); /* pairs with the acquire below */
			take_next(&index->n_used);
			return id;
		}
		uint32_t id = seen == key ? mw_load_acquire(&slot->id) : 0;
		if (id && slot->parent == parent)
			return id;
	}
	return write_node(parent, frame);
}

static struct index *index_now(void)
{
	struct index *index = mw_load_acquire(&table);
	if (!index || mw_load_relaxed(&index->n_used) > index->mask / 4 * 3)
		index = replace_index(index);
	return index;
}

/* Children of the root, and of who has many, are in the index; all others in lists. */
static uint32_t find_or_make(uint32_t generation, uint32_t parent, const struct mw_frame *frame)
{
	bool is_full = true;
	uint64_t key = key_of(frame, generation);
	if (mw_unlikely(!key))
		return write_node(parent, frame);
	uint32_t id = parent ? mw_children_find(parent, key, &is_full) : 0;
	if (id)
		return id;
	if (is_full) {
		struct index *index = index_now();
		return index ? find_or_add(index, parent, frame, key) : write_node(parent, frame);
	}
	id = write_node(parent, frame);
	if (id)
		mw_children_add(parent, id, key);
	return id;
}

uint32_t mw_stack_table_intern(struct mw_trace *trace)
{
	uint32_t i = trace->n_frames;
	while (i > 0 && !trace->frames[i - 1].node)
		i--;
	uint32_t id = i ? trace->frames[i - 1].node : trace->root_node;
	for (; i < trace->n_frames; i++) {
		struct mw_frame *frame = &trace->frames[i];
		id = find_or_make(trace->generation, id, frame);
		frame->node = id;
		if (!id) {
			mw_image_lost(MWD_LOST_NO_NODE, 1);
			return 0;
		}
	}
	return id;
}

static uint32_t add_outermost(uint32_t parent, enum mwd_node_kind kind, uint64_t value)
{
	uint32_t id = 0;
	struct mwd_node *node = new_node(&id);
	if (!node) {
		mw_image_lost(MWD_LOST_NO_NODE, 1);
		return 0;
	}
	node->parent = parent;
	node->value = value;
	mw_store_release(&node->kind, (uint8_t)kind); /* pairs with the reader */
	return id;
}

uint32_t mw_stack_table_add_marker(enum mwd_marker marker)
{
	return add_outermost(0, MWD_NODE_MARKER, marker);
}

uint32_t mw_stack_table_add_region(uint32_t outer)
{
	return add_outermost(outer, MWD_NODE_REGION, 0);
}
