/* SPDX: no licence chosen yet, see README */
/* recent.c - see recent.h. Zone; unwind. */
#include "preload/zone/recent.h"
#include "preload/zone/zone.h"

/* Where it is, or is to be; the one that was kept longer makes room. */
static struct mw_recent *place(struct mw_trace *trace, uintptr_t pc, uintptr_t sp)
{
	struct mw_recent *set = mw_recent_set(trace, pc, sp);
	if (set[0].pc == pc && set[0].sp == sp)
		return &set[0];
	if (set[1].pc == pc && set[1].sp == sp)
		return &set[1];
	set->is_second_newer = !set->is_second_newer;
	return &set[set->is_second_newer];
}

/* Whether the stack came not long ago: one that comes but once would be kept for nothing, in the
 * place of one that comes back. */
static bool comes_back(struct mw_trace *trace, uint64_t path_hash)
{
	uint64_t *seen = &trace->seen[path_hash >> (64 - MW_SEEN_BITS)];
	bool is_back = *seen == path_hash;
	*seen = path_hash;
	return is_back;
}

MW_HOT void mw_recent_keep(struct mw_trace *trace, struct mwd_record *record, uint32_t record_id)
{
	if (trace->base == MW_NO_BASE ||
		!comes_back(trace, trace->frames[trace->n_frames - 1].path_hash))
		return;
	const struct mw_frame *base = &trace->frames[trace->base],
			      *top = &trace->frames[trace->n_frames - 1];
	unsigned n = (unsigned)top->first_link - base->first_link;
	if (trace->base < trace->n_markers || top->last_hard > trace->base ||
		(base->flags & MW_FRAME_OTHER_WAY) || n > MW_RECENT_LINKS)
		return;
	struct mw_recent *recent = place(trace, top->pc, top->sp);
	trace->has_recent = true;
	recent->pc = top->pc;
	recent->sp = top->sp;
	recent->fp = top->fp;
	recent->needs_fp = (top->flags & MW_FRAME_NEEDS_FP) != 0;
	recent->record = record;
	recent->record_id = record_id;
	recent->base = (uint16_t)trace->base;
	recent->base_hash = base->path_hash;
	recent->base_sp = base->sp;
	recent->base_fp = base->fp;
	recent->path_hash = top->path_hash;
	recent->n_links = (uint8_t)n;
	const struct mw_link *links = &trace->links[top->first_link];
	for (unsigned i = 0; i < n; i++)
		recent->links[i] = links[-1 - (int)i];
}
