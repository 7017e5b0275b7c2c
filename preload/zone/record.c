/* SPDX: no licence chosen yet, see README */
/* record.c - all policy of the recorder; see record.h. Zone; hook -> [unwind -> account]. */
#include "preload/zone/arena.h"
#include "preload/zone/atomic.h"
#include "preload/zone/counters.h"
#include "preload/zone/image.h"
#include "preload/zone/live_table.h"
#include "preload/zone/record.h"
#include "preload/zone/sample.h"
#include "preload/zone/sites.h"
#include "preload/zone/zone.h"

static inline struct mw_site site_of_call(
	struct mw_task *task, const struct mw_regs *regs, enum mwd_class class)
{
	if (mw_likely(class == MWD_CLASS_HEAP))
		mw_unwind_recall(&task->trace, regs);
	else
		mw_unwind_capture(&task->trace, regs);
	return mw_sites_find(task, class);
}

static MW_NOINLINE struct mw_site site_of_sample(
	struct mw_task *task, const struct mw_regs *regs, uint8_t size_class)
{
	mw_unwind_capture(&task->trace, regs);
	return mw_sites_find_sampled(task, size_class);
}

/* Not every heap block gets its stack. */
static MW_NOINLINE MW_HOT struct mw_site site_of_some(
	struct mw_task *task, const struct mw_regs *regs, uint64_t bytes)
{
	if (mw_stacks_mode == MW_STACKS_SAMPLED && mw_sample_takes(&task->sample, bytes))
		return site_of_sample(task, regs, mwd_size_class(bytes));
	return mw_sites_find_unstacked(task, MWD_CLASS_HEAP);
}

/* All stacks: the one that mw_record_prepare() took. */
static inline struct mw_site site_of_block(
	struct mw_task *task, const struct mw_regs *regs, uint64_t bytes)
{
	return mw_likely(mw_stacks_mode == MW_STACKS_ALL) ? mw_sites_find(task, MWD_CLASS_HEAP)
							  : site_of_some(task, regs, bytes);
}

static struct mw_site site_of_mapping(
	struct mw_task *task, const struct mw_regs *regs, enum mwd_class class)
{
	return mw_stacks_mode == MW_STACKS_OFF ? mw_sites_find_unstacked(task, class)
					       : site_of_call(task, regs, class);
}

/* @born: where the freed bytes were counted; tells a sampled block from the others. */
static MW_NOINLINE struct mw_site site_of_some_free(
	struct mw_task *task, const struct mw_regs *regs, const struct mwd_record *born)
{
	if (born->class != MWD_CLASS_HEAP)
		return site_of_call(task, regs, born->class);
	return born->size_class ? site_of_sample(task, regs, born->size_class)
				: (struct mw_site){ NULL, 0 };
}

static void count_freed_here(struct mw_task *task, const struct mw_regs *regs, enum mwd_class class,
	const struct mwd_record *born, uint64_t bytes, uint64_t n_blocks)
{
	if (!(mw_control->options & MWD_OPT_FREE_STACKS))
		return;
	struct mw_site here = mw_likely(mw_stacks_mode == MW_STACKS_ALL)
				      ? site_of_call(task, regs, class)
				      : site_of_some_free(task, regs, born);
	if (here.record)
		mw_counters_freed_here(task, here.record, class, bytes, n_blocks);
}

static bool is_inherited(uint32_t record_id)
{
	return record_id < mw_image->record_base;
}

/* A heap block of @bytes born at @record_id is gone. Return: where it was counted; NULL = nowhere.
 */
static struct mwd_record *count_freed(
	struct mw_task *task, uint32_t record_id, uint64_t bytes, uint64_t n_blocks)
{
	if (mw_unlikely(is_inherited(record_id))) {
		mw_add_relaxed(&mw_image->inherited_freed_bytes, bytes);
		mw_add_relaxed(&mw_image->inherited_freed_blocks, n_blocks);
		return NULL;
	}
	struct mwd_record *record = mw_sites_find_for_free(task, record_id);
	if (record)
		mw_counters_free(task, record, MWD_CLASS_HEAP, bytes, n_blocks);
	return record;
}

/* What lies where memory is handed out again was freed where we did not see it: in a handler on top
 * of our accounting, or past us. */
static MW_COLD void count_unseen_free(struct mw_task *task, uint32_t *slot, uint64_t bytes)
{
	uint32_t old_id;
	uint64_t old_bytes;
	while (mw_live_table_evict(slot, bytes, &old_id, &old_bytes))
		count_freed(task, old_id, old_bytes, 1);
}

MW_HOT void mw_record_prepare(struct mw_task *task, const struct mw_regs *regs)
{
	if (mw_unlikely(mw_stacks_mode != MW_STACKS_ALL))
		return;
	if (mw_unlikely(!mw_unwind_recall(&task->trace, regs)))
		mw_sites_prefetch(task);
}

MW_COLD void mw_record_prepare_again(struct mw_task *task, const struct mw_regs *regs)
{
	mw_trace_forget(&task->trace);
	mw_record_prepare(task, regs);
}

MW_HOT void mw_record_alloc(
	struct mw_task *task, const struct mw_regs *regs, const void *block, size_t bytes)
{
	uint32_t *slot = mw_live_table_slot(&task->leaf, (uintptr_t)block);
	struct mw_site site = site_of_block(task, regs, bytes);
	if (mw_unlikely(!site.record))
		return;
	if (mw_unlikely(!mw_live_table_is_vacant(slot, bytes)))
		count_unseen_free(task, slot, bytes);
	if (mw_unlikely(!mw_live_table_put(slot, (uintptr_t)block, site.id, bytes))) {
		mw_image_lost(MWD_LOST_NO_SLOT, 1);
		return;
	}
	mw_counters_alloc(task, site.record, MWD_CLASS_HEAP, bytes);
}

MW_HOT uint32_t *mw_record_free_soon(struct mw_task *task, const void *block)
{
	return mw_live_table_slot(&task->leaf, (uintptr_t)block);
}

MW_HOT void mw_record_freed(struct mw_task *task, const struct mw_regs *regs, uint32_t *slot)
{
	uint32_t record_id;
	uint64_t bytes;
	if (mw_unlikely(!mw_live_table_take(slot, &record_id, &bytes))) {
		mw_add_relaxed(&mw_image->unknown_frees, 1);
		return;
	}
	const struct mwd_record *born = count_freed(task, record_id, bytes, 1);
	if (born)
		count_freed_here(task, regs, MWD_CLASS_HEAP, born, bytes, 1);
}

MW_NOINLINE MW_FLAT void mw_record_free(
	struct mw_task *task, const struct mw_regs *regs, const void *block)
{
	mw_record_freed(task, regs, mw_record_free_soon(task, block));
}

void mw_record_realloc_begin(
	struct mw_task *task, const void *block, struct mw_record_moved *moved_out)
{
	uint32_t *slot = block ? mw_live_table_slot(&task->leaf, (uintptr_t)block) : NULL;
	moved_out->is_known = mw_live_table_take(slot, &moved_out->record_id, &moved_out->bytes);
}

void mw_record_realloc_done(struct mw_task *task, const struct mw_regs *regs,
	const struct mw_record_moved *moved, const void *block, size_t bytes)
{
	const struct mwd_record *born =
		moved->is_known ? count_freed(task, moved->record_id, moved->bytes, 1) : NULL;
	if (born)
		count_freed_here(task, regs, MWD_CLASS_HEAP, born, moved->bytes, 1);
	if (block)
		mw_record_alloc(task, regs, block, bytes);
}

void mw_record_realloc_failed(
	struct mw_task *task, const void *block, const struct mw_record_moved *moved)
{
	if (moved->is_known)
		mw_live_table_put(mw_live_table_slot(&task->leaf, (uintptr_t)block),
			(uintptr_t)block, moved->record_id, moved->bytes);
}

void mw_record_map(struct mw_task *task, const struct mw_regs *regs, const void *address,
	size_t bytes, enum mwd_class class)
{
	uintptr_t low = (uintptr_t)address, high = low + bytes;
	if (high <= low)
		return;
	struct mw_site site = site_of_mapping(task, regs, class);
	if (site.record && mw_mappings_add(low, high, site.id))
		mw_counters_alloc(task, site.record, class, high - low);
}

void mw_record_unmap_begin(const void *address, size_t bytes, struct mw_cut *cut)
{
	mw_mappings_cut((uintptr_t)address, (uintptr_t)address + bytes, cut);
}

void mw_record_unmap_done(
	struct mw_task *task, const struct mw_regs *regs, const struct mw_cut *cut)
{
	for (unsigned i = 0; i < cut->n; i++) {
		const struct mw_mapping *piece = &cut->pieces[i];
		uint64_t bytes = piece->high - piece->low;
		struct mwd_record *record = mw_sites_find_for_free(task, piece->record_id);
		if (!record)
			continue;
		mw_counters_free(task, record, record->class, bytes, cut->is_last[i]);
		count_freed_here(task, regs, record->class, record, bytes, cut->is_last[i]);
	}
}

enum mwd_class mw_record_class_at(
	struct mw_task *task, const void *address, enum mwd_class otherwise)
{
	uint32_t id;
	bool is_known = mw_mappings_find((uintptr_t)address, &id);
	struct mwd_record *record = is_known ? mw_sites_find_for_free(task, id) : NULL;
	return record ? record->class : otherwise;
}
