/* SPDX: no licence chosen yet, see README */
/*
 * log.c - appends to the image's log. Zone; account -> dump.
 *
 * One word (address of the segment) and one counter inside it: room is reserved by an atomic
 * add, so entries never overlap, and committed by storing the type last.
 */
#include <string.h>

#include "preload/zone/arena.h"
#include "preload/zone/atomic.h"
#include "preload/zone/image.h"
#include "preload/zone/log.h"
#include "preload/zone/zone.h"

#define GROWTH_BYTES 16384u

/* The segment's reserved[0] counts the bytes in use, header included; readers do not need it. */
static struct mwd_segment *current;

static void fill_header(struct mwd_segment *segment, size_t bytes)
{
	segment->kind = MWD_SEGMENT_LOG;
	segment->header_bytes = sizeof(*segment);
	segment->bytes = bytes;
	segment->image = mw_image_offset;
	segment->reserved[0] = sizeof(*segment);
	mw_arena_publish_segment(segment);
}

void mw_log_restart(void)
{
	mw_store_release(&current, NULL);
}

static MW_COLD bool grow(struct mwd_segment *full)
{
	uint64_t offset;
	size_t bytes = GROWTH_BYTES;
	struct mwd_segment *first = full ? NULL : mw_image_take_piece(MW_FIRST_LOG, &bytes);
	struct mwd_segment *fresh = first ? first : mw_arena_claim(bytes, &offset);
	if (!fresh)
		return false;
	fill_header(fresh, bytes);
	if (!first)
		mw_arena_reach(MWD_PAGE);
	/* The loser's segment stays empty in the file; the next entry uses the winner's. */
	if (!mw_cas_acq_rel(&current, &full, fresh) && !first)
		mw_arena_unmap(fresh, bytes);
	return true;
}

void *mw_log_begin(size_t bytes)
{
	bytes = (bytes + 7) & ~(size_t)7;
	if (bytes > GROWTH_BYTES - sizeof(struct mwd_segment))
		return NULL;
	for (;;) {
		struct mwd_segment *segment = mw_load_acquire(&current);
		uint64_t at = segment ? mw_load_relaxed(&segment->reserved[0]) : 0;
		while (segment && at + bytes <= segment->bytes) {
			if (!mw_cas_acq_rel(&segment->reserved[0], &at, at + bytes))
				continue;
			struct mwd_log_entry *entry = (void *)((char *)segment + at);
			mw_arena_reach(
				((at + bytes - 1) / MWD_PAGE - (at - 1) / MWD_PAGE) * MWD_PAGE);
			mw_store_relaxed(&entry->bytes, (uint32_t)bytes);
			return entry;
		}
		if (!grow(segment))
			return NULL;
	}
}

void mw_log_commit(struct mwd_log_entry *entry, uint32_t type)
{
	mw_store_release(&entry->type, type); /* pairs with the reader */
}
