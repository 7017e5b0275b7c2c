/* SPDX: no licence chosen yet, see README */
/*
 * rule_share.c - see rule_share.h. Zone; unwind. Tables are segments of the dump, listed in the
 * control page by build ID: a slot is taken by a CAS on the hash, and filled by storing the offset
 * last. Who finds a slot without offset goes without; who loses the race wastes its claim.
 */
#include <stddef.h>

#include "preload/zone/arena.h"
#include "preload/zone/atomic.h"
#include "preload/zone/rule_share.h"
#include "preload/zone/zone.h"

#define TABLE_BYTES (((size_t)64) << MW_RULE_SHARE_BITS)
#define SEGMENT_BYTES (MWD_CLAIM_ALIGN + TABLE_BYTES) /* a whole claim */

static uintptr_t word_of(const void *segment)
{
	return segment ? ((uintptr_t)segment + MWD_PAGE) | MW_RULE_SHARE_BITS : 0;
}

static uintptr_t make(struct mwd_rules_entry *entry)
{
	uint64_t offset;
	struct mwd_segment *segment = mw_arena_claim(SEGMENT_BYTES, &offset);
	if (!segment)
		return 0;
	segment->kind = MWD_SEGMENT_RULES;
	segment->header_bytes = MWD_PAGE;
	segment->bytes = SEGMENT_BYTES;
	segment->element_bytes = sizeof(uint64_t);
	mw_arena_publish_segment(segment);
	mw_store_release(&entry->offset, offset); /* pairs with the acquire below */
	return word_of(segment);
}

uintptr_t mw_rule_share_attach(uint64_t build_hash)
{
	for (uint32_t i = 0; i < MWD_MAX_RULES; i++) {
		struct mwd_rules_entry *entry = &mw_control->rules[i];
		uint64_t seen = mw_load_relaxed(&entry->build_hash);
		if (seen == 0 && mw_cas_acq_rel(&entry->build_hash, &seen, build_hash))
			return make(entry);
		if (seen != build_hash)
			continue;
		uint64_t offset = mw_load_acquire(&entry->offset);
		return offset ? word_of(mw_arena_map(offset, SEGMENT_BYTES)) : 0;
	}
	return 0;
}
