/* SPDX: no licence chosen yet, see README */
/* recent.c - see recent.h. Zone; unwind. */
#include "preload/zone/recent.h"
#include "preload/zone/zone.h"

/* Whether each of frames[base + 1..top] follows from one word, but for what the base does with fp.
 */
static bool is_plain(const struct mw_frame *frames, uint32_t base, uint32_t top)
{
	bool may_pass_fp = frames[base].flags & MW_FRAME_NEEDS_FP;
	for (uint32_t i = base + 1; i <= top; i++) {
		/* Once a frame has loaded fp for those outside of it, no other may need it. */
		may_pass_fp = may_pass_fp && !frames[i - 1].fp_back;
		if (frames[i].flags & ~(may_pass_fp ? MW_FRAME_NEEDS_FP : 0u))
			return false;
	}
	return true;
}

/* From where the base's fp was loaded by the frames above it; 0 = it is the register's. */
static uintptr_t fp_slot(const struct mw_frame *frames, uint32_t base, uint32_t top)
{
	for (uint32_t i = base; i < top; i++)
		if (frames[i].fp_back)
			return frames[i].sp - 8u * frames[i].fp_back;
	return 0;
}

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
	const struct mw_frame *frames = trace->frames;
	uint32_t base = trace->base, top = trace->n_frames - 1, n = top - base;
	if (!comes_back(trace, frames[top].path_hash))
		return;
	if (base == MW_NO_BASE || base < trace->n_markers || n > MW_RECENT_LINKS ||
		!is_plain(frames, base, top))
		return;
	struct mw_recent *recent = place(trace, frames[top].pc, frames[top].sp);
	recent->pc = frames[top].pc;
	recent->sp = frames[top].sp;
	recent->record = record;
	recent->record_id = record_id;
	recent->base = (uint16_t)base;
	recent->n_links = (uint8_t)n;
	recent->base_hash = frames[base].path_hash;
	recent->base_sp = frames[base].sp;
	recent->path_hash = frames[top].path_hash;
	recent->fp_slot = fp_slot(frames, base, top);
	for (uint32_t i = 0; i < n; i++)
		recent->links[i] = trace->links[top - 1 - i];
}
