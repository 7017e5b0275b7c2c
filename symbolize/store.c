/* SPDX: no licence chosen yet, see README */
/*
 * store.c - memory for the answers of one module (store.h). Part of symbolize; hosted.
 *
 * Blocks are cut from chunks in a list. Strings stand in an open-addressed hash table with
 * linear probing; n_texts <= n_slots / 2 always, so a probe ends. An entry also remembers
 * what was derived from it (a readable name, a full path), since one inlined function comes back
 * at thousands of addresses. Texts are of one kind or the other, so one field will do.
 */
#include "symbolize/store.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)64 << 10)
#define ALIGNMENT_BYTES sizeof(void *)
#define FIRST_SLOTS 256

struct chunk {
	struct chunk *next; /* owned */
	size_t used_bytes;
	size_t size_bytes;
	char bytes[];
};

struct text {
	const char *text;    /* NULL = empty slot; in a chunk */
	const char *derived; /* NULL = not asked yet; in a chunk */
	uint64_t hash;
};

struct mw_symbol_store {
	struct chunk *chunks; /* owned; the first one is being filled */
	struct text *texts;   /* owned; n_slots of them, a power of two */
	size_t n_slots;
	size_t n_texts;
	bool has_failed;
};

struct mw_symbol_store *mw_symbol_store_create(void)
{
	struct mw_symbol_store *store = calloc(1, sizeof(*store));

	if (!store)
		return NULL;
	store->n_slots = FIRST_SLOTS;
	store->texts = calloc(store->n_slots, sizeof(*store->texts));
	if (store->texts)
		return store;
	free(store);
	return NULL;
}

struct mw_symbol_store *mw_symbol_store_destroy(struct mw_symbol_store *store)
{
	if (!store)
		return NULL;
	while (store->chunks) {
		struct chunk *next = store->chunks->next;

		free(store->chunks);
		store->chunks = next;
	}
	free(store->texts);
	free(store);
	return NULL;
}

static void *fail(struct mw_symbol_store *store)
{
	store->has_failed = true;
	return NULL;
}

static struct chunk *add_chunk(struct mw_symbol_store *store, size_t needed_bytes)
{
	size_t size_bytes = needed_bytes > CHUNK_BYTES ? needed_bytes : CHUNK_BYTES;
	struct chunk *chunk;

	if (size_bytes > SIZE_MAX - sizeof(*chunk))
		return fail(store);
	chunk = calloc(1, sizeof(*chunk) + size_bytes);
	if (!chunk)
		return fail(store);
	chunk->size_bytes = size_bytes;
	chunk->next = store->chunks;
	store->chunks = chunk;
	return chunk;
}

void *mw_symbol_store_alloc(struct mw_symbol_store *store, size_t size_bytes)
{
	struct chunk *chunk = store->chunks;
	void *block;

	if (size_bytes > SIZE_MAX - ALIGNMENT_BYTES)
		return fail(store);
	size_bytes = (size_bytes + ALIGNMENT_BYTES - 1) & ~(ALIGNMENT_BYTES - 1);
	if (!chunk || chunk->size_bytes - chunk->used_bytes < size_bytes)
		chunk = add_chunk(store, size_bytes);
	if (!chunk)
		return NULL;
	block = chunk->bytes + chunk->used_bytes;
	chunk->used_bytes += size_bytes;
	return block;
}

/* FNV-1a. */
static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return hash;
}

/* The slot that holds @text, or the empty one where it belongs. */
static struct text *find_slot(struct text *texts, size_t n_slots, const char *text, uint64_t hash)
{
	size_t slot_idx = hash & (n_slots - 1);

	while (texts[slot_idx].text &&
		(texts[slot_idx].hash != hash || strcmp(texts[slot_idx].text, text) != 0))
		slot_idx = (slot_idx + 1) & (n_slots - 1);
	return &texts[slot_idx];
}

static bool grow_texts(struct mw_symbol_store *store)
{
	size_t n_slots = store->n_slots * 2;
	struct text *texts = calloc(n_slots, sizeof(*texts));

	if (!texts) {
		store->has_failed = true;
		return false;
	}
	for (size_t i = 0; i < store->n_slots; i++) {
		const struct text *old = &store->texts[i];

		if (old->text)
			*find_slot(texts, n_slots, old->text, old->hash) = *old;
	}
	free(store->texts);
	store->texts = texts;
	store->n_slots = n_slots;
	return true;
}

static struct text *intern(struct mw_symbol_store *store, const char *text)
{
	uint64_t hash = hash_text(text);
	struct text *slot = find_slot(store->texts, store->n_slots, text, hash);
	size_t size_bytes = strlen(text) + 1;
	char *copy;

	if (slot->text)
		return slot;
	if (store->n_texts >= store->n_slots / 2) {
		if (!grow_texts(store))
			return NULL;
		slot = find_slot(store->texts, store->n_slots, text, hash);
	}
	copy = mw_symbol_store_alloc(store, size_bytes);
	if (!copy)
		return NULL;
	memcpy(copy, text, size_bytes);
	*slot = (struct text){ .text = copy, .hash = hash };
	store->n_texts++;
	return slot;
}

const char *mw_symbol_store_intern(struct mw_symbol_store *store, const char *text)
{
	struct text *slot = intern(store, text);

	return slot ? slot->text : NULL;
}

const char *mw_symbol_store_derive(
	struct mw_symbol_store *store, const char *text, char *(*derive)(const char *text))
{
	struct text *slot = intern(store, text);
	const char *derived;
	char *heap_text;

	if (!slot || slot->derived)
		return slot ? slot->derived : NULL;
	text = slot->text;
	errno = 0;
	heap_text = derive(text);
	if (!heap_text && errno == ENOMEM)
		return fail(store);
	derived = heap_text ? mw_symbol_store_intern(store, heap_text) : text;
	free(heap_text);
	/* Interning may have moved the table. */
	slot = intern(store, text);
	if (slot)
		slot->derived = derived;
	return derived;
}

bool mw_symbol_store_has_failed(const struct mw_symbol_store *store)
{
	return store->has_failed;
}

void mw_symbol_store_fail(struct mw_symbol_store *store)
{
	store->has_failed = true;
}
