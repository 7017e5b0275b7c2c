/* SPDX: no licence chosen yet, see README */
/* comebacks.c - see comebacks.h. Zone; account. */
#include <stddef.h>

#include "preload/zone/comebacks.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/zone.h"

struct mw_comeback {
	uint64_t key;
	uint64_t what; /* see what_of() */
	uint32_t id;   /* 0 = free; written last */
};

#define FIRST_SLOTS 128u

static uint64_t what_of(struct mw_site_kind kind)
{
	return kind.node | (uint64_t)kind.class << 32 | (uint64_t)kind.size_class << 48;
}

static struct mw_comeback *find(const struct mw_comebacks *comebacks, uint64_t what)
{
	uint64_t at = what * 0x9e3779b97f4a7c15u;
	at ^= at >> 32;
	struct mw_comeback *slot = &comebacks->slots[at & comebacks->mask];
	while (slot->id && slot->what != what)
		slot = &comebacks->slots[++at & comebacks->mask];
	return slot;
}

static size_t bytes_of(const struct mw_comebacks *comebacks)
{
	return (comebacks->mask + 1) * sizeof(struct mw_comeback);
}

void mw_comebacks_reset(struct mw_comebacks *comebacks)
{
	if (comebacks->slots)
		mw_private_unmap(comebacks->slots, bytes_of(comebacks));
	*comebacks = (struct mw_comebacks){ NULL, 0, 0 };
}

/* At most three quarters full, so that a search ends. */
static bool reserve(struct mw_comebacks *comebacks)
{
	if (comebacks->slots && comebacks->n_used < (comebacks->mask + 1) / 4 * 3)
		return true;
	struct mw_comebacks grown = { NULL,
		comebacks->slots ? comebacks->mask * 2 + 1 : FIRST_SLOTS - 1, comebacks->n_used };
	grown.slots = mw_private_map(bytes_of(&grown));
	if (!grown.slots)
		return false;
	for (uint64_t i = 0; comebacks->slots && i <= comebacks->mask; i++)
		if (comebacks->slots[i].id)
			*find(&grown, comebacks->slots[i].what) = comebacks->slots[i];
	mw_comebacks_reset(comebacks);
	*comebacks = grown;
	return true;
}

uint32_t mw_comebacks_take(struct mw_comebacks *comebacks, struct mw_site_kind kind, uint64_t key,
	uint64_t *old_key_out)
{
	struct mw_comeback *found = comebacks->slots ? find(comebacks, what_of(kind)) : NULL;
	if (!found || !found->id)
		return 0;
	*old_key_out = found->key;
	found->key = key;
	return found->id;
}

void mw_comebacks_add(
	struct mw_comebacks *comebacks, struct mw_site_kind kind, uint64_t key, uint32_t id)
{
	if (!reserve(comebacks))
		return;
	struct mw_comeback *slot = find(comebacks, what_of(kind));
	comebacks->n_used += !slot->id;
	slot->what = what_of(kind);
	slot->key = key;
	slot->id = id;
}
