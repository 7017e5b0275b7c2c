/* SPDX: no licence chosen yet, see README */
/*
 * region.c - see region.h. Zone. Runs at begin and end of regions, not per event.
 *
 * The index of names: (outer node, name) -> the region's log entry, which holds its sums. Open
 * addressing, claimed by a CAS on hash; complete once entry is set. A thread that meets a slot in
 * the making goes on and may make a second region of the same name: wasteful, safe; the reader adds
 * them up.
 */
#include <stddef.h>
#include <string.h>

#include "preload/zone/atomic.h"
#include "preload/zone/image.h"
#include "preload/zone/log.h"
#include "preload/zone/raw.h"
#include "preload/zone/region.h"
#include "preload/zone/stack_table.h"
#include "preload/zone/task.h"
#include "preload/zone/totals.h"
#include "preload/zone/zone.h"

#define N_SLOTS 4096u
#define MAX_REGIONS (N_SLOTS / 4 * 3)

struct slot {
	uint64_t hash; /* 0 = free */
	struct mwd_log_region *entry;
};

static MW_LARGE struct slot slots[N_SLOTS];
static uint32_t n_regions;

static size_t length_of(const char *name)
{
	return name ? strnlen(name, MWD_REGION_NAME_BYTES) : 0;
}

static uint64_t hash_of(uint32_t outer, const char *name, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325u + outer;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)name[i]) * 0x100000001b3u;
	hash ^= hash >> 32;
	return hash ? hash : 1;
}

static bool is_named(const struct mwd_log_region *entry, const char *name, size_t length)
{
	return entry->name_bytes == length && memcmp(entry->name, name, length) == 0;
}

static MW_COLD struct mwd_log_region *make_region(uint32_t outer, const char *name, size_t length)
{
	struct mwd_log_region *entry = NULL;
	if (mw_add_relaxed(&n_regions, 1) < MAX_REGIONS)
		entry = mw_log_begin(sizeof(*entry) + length + 1);
	if (!entry) {
		mw_image_lost(MWD_LOST_REGIONS, 1);
		return NULL;
	}
	entry->node = mw_stack_table_add_region(outer);
	entry->name_bytes = (uint32_t)length;
	memcpy(entry->name, name, length);
	mw_log_commit(&entry->entry, MWD_LOG_REGION);
	return entry;
}

static struct mwd_log_region *find_region(uint32_t outer, const char *name, size_t length)
{
	uint64_t hash = hash_of(outer, name, length);
	for (uint64_t i = 0, at = hash; i < N_SLOTS; i++, at++) {
		struct slot *slot = &slots[at % N_SLOTS];
		uint64_t seen = 0;
		/* What cannot be made takes no slot: when they are used up, it is not looked for in
		 * vain among all of them. */
		if (mw_load_relaxed(&slot->hash) == 0 && mw_load_relaxed(&n_regions) >= MAX_REGIONS)
			break;
		if (mw_cas_acq_rel(&slot->hash, &seen, hash)) {
			struct mwd_log_region *entry = make_region(outer, name, length);
			mw_store_release(&slot->entry, entry); /* pairs with the acquire below */
			return entry;
		}
		struct mwd_log_region *entry = mw_load_acquire(&slot->entry);
		if (seen == hash && entry && is_named(entry, name, length))
			return entry;
	}
	mw_image_lost(MWD_LOST_REGIONS, 1);
	return NULL;
}

static void raise_to(int64_t *most, int64_t value)
{
	int64_t seen = mw_load_relaxed(most);
	while (value > seen && !mw_cas_acq_rel(most, &seen, value))
		;
}

static void note_start(struct mwd_log_region *entry, int64_t now_ns)
{
	int64_t first = mw_load_relaxed(&entry->first_start_ns);
	while ((first == 0 || now_ns < first) &&
		!mw_cas_acq_rel(&entry->first_start_ns, &first, now_ns))
		;
	mw_add_relaxed(&entry->n_begun, 1);
}

/* From here on the thread's stacks begin elsewhere. */
static void set_root(struct mw_task *task, uint32_t node, uint64_t hash)
{
	mw_trace_forget(&task->trace);
	memset(task->unstacked, 0, sizeof(task->unstacked));
	task->trace.root_node = node;
	task->trace.root_hash = hash;
}

static void enter_region(struct mw_task *task, struct mwd_log_region *entry)
{
	if (entry && entry->node)
		set_root(task, entry->node, entry->node * UINT64_C(0xd6e8feb86659fd93));
}

static int64_t image_peak(void)
{
	return mw_load_relaxed(&mw_image->total[MWD_CLASS_HEAP].peak_bytes);
}

void mw_region_begin(struct mw_task *task, const char *name)
{
	struct mw_open_regions *regions = &task->regions;
	if (regions->n == MW_MAX_OPEN_REGIONS) {
		regions->n_beyond++;
		mw_image_lost(MWD_LOST_REGIONS, 1);
		return;
	}
	struct mwd_log_region *entry =
		find_region(task->trace.root_node, name ? name : "", length_of(name));
	int64_t live = mw_totals_live(task, MWD_CLASS_HEAP);
	task->region_stack[regions->n++] = (struct mw_open_region){
		.entry = entry,
		.outer_hash = task->trace.root_hash,
		.outer_node = task->trace.root_node,
		.outer_peak_bytes = task->region_peak_bytes,
		.start_ns = mw_clock_ns(),
		.start_bytes = live,
		.image_peak_bytes = image_peak(),
	};
	task->region_peak_bytes = live;
	enter_region(task, entry);
	if (entry)
		note_start(entry, task->region_stack[regions->n - 1].start_ns);
}

static void log_span(
	const struct mw_open_region *region, uint32_t depth, const struct mwd_log_span *found)
{
	if (mw_add_relaxed(&mw_image->n_spans, 1) >= MWD_MAX_SPANS)
		return;
	struct mwd_log_span *span = mw_log_begin(sizeof(*span));
	if (!span)
		return; /* the sums have it */
	span->node = region->entry->node;
	span->depth = depth;
	span->start_ns = region->start_ns;
	span->end_ns = found->end_ns;
	span->start_bytes = region->start_bytes;
	span->end_bytes = found->end_bytes;
	span->peak_bytes = found->peak_bytes;
	span->tid = found->tid;
	mw_log_commit(&span->entry, MWD_LOG_SPAN);
}

/* The innermost region of @task ends. */
static void end_innermost(struct mw_task *task)
{
	struct mw_open_regions *regions = &task->regions;
	const struct mw_open_region *region = &task->region_stack[--regions->n];
	struct mwd_log_region *entry = region->entry;
	struct mwd_log_span found = { .end_ns = mw_clock_ns(),
		.end_bytes = mw_totals_live(task, MWD_CLASS_HEAP),
		.peak_bytes = task->region_peak_bytes,
		.tid = task->tid };
	/* Totals only grow between two maxima: one that was reached now was reached in here. */
	int64_t peak = image_peak();
	if (peak > region->image_peak_bytes && peak > found.peak_bytes)
		found.peak_bytes = peak;
	if (found.end_bytes > found.peak_bytes)
		found.peak_bytes = found.end_bytes;
	bool is_inner = regions->n > 0;
	bool is_higher_outside = region->outer_peak_bytes > found.peak_bytes;
	task->region_peak_bytes =
		!is_inner || is_higher_outside ? region->outer_peak_bytes : found.peak_bytes;
	set_root(task, region->outer_node, region->outer_hash);
	if (!entry)
		return;
	int64_t elapsed = found.end_ns - region->start_ns;
	mw_add_relaxed(&entry->elapsed_sum_ns, elapsed);
	raise_to(&entry->elapsed_max_ns, elapsed);
	mw_add_relaxed(&entry->peak_sum_bytes, found.peak_bytes);
	raise_to(&entry->peak_max_bytes, found.peak_bytes);
	mw_add_relaxed(&entry->n_ended, 1);
	log_span(region, regions->n, &found);
}

/* Return: how many of the innermost ones end, 0 = none of that name is open. */
static uint32_t n_ending(const struct mw_task *task, const char *name)
{
	const struct mw_open_regions *regions = &task->regions;
	size_t length = length_of(name);
	if (!name)
		return regions->n != 0;
	for (uint32_t i = regions->n; i > 0; i--) {
		const struct mwd_log_region *entry = task->region_stack[i - 1].entry;
		if (entry && is_named(entry, name, length))
			return regions->n - i + 1;
		if (!entry) /* its name was not kept: taken for balanced */
			return regions->n - i + 1;
	}
	return 0;
}

void mw_region_end(struct mw_task *task, const char *name)
{
	struct mw_open_regions *regions = &task->regions;
	if (regions->n_beyond) { /* of those no name is known either */
		regions->n_beyond--;
		return;
	}
	uint32_t n = n_ending(task, name);
	if (n == 0)
		mw_add_relaxed(&mw_image->n_unbalanced_ends, 1);
	while (n-- > 0)
		end_innermost(task);
}

void mw_region_instant(struct mw_task *task, const char *name)
{
	size_t length = length_of(name);
	if (mw_add_relaxed(&mw_image->n_instants, 1) >= MWD_MAX_INSTANTS)
		return;
	struct mwd_log_instant *instant = mw_log_begin(sizeof(*instant) + length + 1);
	if (!instant)
		return;
	instant->time_ns = mw_clock_ns();
	instant->live_bytes = mw_totals_live(task, MWD_CLASS_HEAP);
	instant->tid = task->tid;
	instant->name_bytes = (uint32_t)length;
	memcpy(instant->name, name ? name : "", length);
	mw_log_commit(&instant->entry, MWD_LOG_INSTANT);
}

void mw_region_forget_all(struct mw_task *task)
{
	task->regions.n = task->regions.n_beyond = 0;
	task->region_peak_bytes = INT64_MAX;
	set_root(task, 0, 0);
}

void mw_region_restart(void)
{
	if (n_regions != 0)
		memset(slots, 0, sizeof(slots));
	n_regions = 0;
}
