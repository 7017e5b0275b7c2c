/* SPDX: no licence chosen yet, see README */
/*
 * losses.c - sums of the images' loss and cost counters, for the honest tail.
 */
#include "report/model/losses.h"

#include <string.h>

struct lost_name {
	const char *words, *key;
};

static const struct lost_name names[MWD_N_LOST] = {
	[MWD_LOST_NESTED_EVENTS] = { "events inside our own accounting", "nested_events" },
	[MWD_LOST_NO_RECORD] = { "events unattributed: no room for a record", "no_record" },
	[MWD_LOST_NO_NODE] = { "stacks unattributed: no room for a node", "no_node" },
	[MWD_LOST_NO_SLOT] = { "blocks not tracked: their free is missed", "no_slot" },
	[MWD_LOST_MAPPING_BUSY] = { "mapping events: table busy", "mapping_busy" },
	[MWD_LOST_EXEC_LOG] = { "program starts not logged", "exec_log" },
	[MWD_LOST_MODULES] = { "modules not logged", "modules" },
	[MWD_LOST_REGIONS] = { "regions not followed", "regions" },
};

/* Who has more than half is who is left when each byte has cancelled one of another program. */
const char *mw_losses_partial_program(const struct mw_profile *profile)
{
	uint32_t program = 0;
	uint64_t left_bytes = 0, own_bytes = 0, all_bytes = 0;
	for (size_t i = 0; i < profile->images.n; i++) {
		const struct mw_image *image = &profile->images.items[i];
		bool is_more = image->partial_bytes > left_bytes;
		if (image->program == program)
			left_bytes += image->partial_bytes;
		else
			left_bytes = is_more ? image->partial_bytes - left_bytes
					     : left_bytes - image->partial_bytes;
		if (is_more)
			program = image->program;
	}
	for (size_t i = 0; i < profile->images.n; i++) {
		const struct mw_image *image = &profile->images.items[i];
		all_bytes += image->partial_bytes;
		own_bytes += image->program == program ? image->partial_bytes : 0;
	}
	return own_bytes > all_bytes - own_bytes ? mw_profile_text(profile, program) : NULL;
}

bool mw_losses_is_used(unsigned lost)
{
	return lost < MWD_N_LOST && names[lost].key;
}

const char *mw_losses_name(unsigned lost)
{
	return lost < MWD_N_LOST && names[lost].words
		       ? names[lost].words
		       : "events of a kind this program does not know";
}

const char *mw_losses_key(unsigned lost)
{
	return lost < MWD_N_LOST && names[lost].key ? names[lost].key : "unknown";
}

/* max(4 KiB, peak / 1024), as in preload/zone/totals.c. */
static int64_t batch_of(int64_t peak_bytes)
{
	return peak_bytes / 1024 > 4096 ? peak_bytes / 1024 : 4096;
}

/* Wraps like all sums of what may be hostile numbers. */
static int64_t product(int64_t n, int64_t bytes)
{
	return (int64_t)((uint64_t)n * (uint64_t)bytes);
}

#define CLOCK_TICK_NS 10000000 /* the zone's times are those of the kernel's last tick */

/* Could the image hold something back at the tree's peak? Also one that held nothing then: what it
 * did at that very moment may be on either side. */
static bool is_at_peak(const struct mw_image *image, const struct mwd_control *control)
{
	int64_t peak_ns = control->heap_peak_ns;
	if (image->sums[MWD_CLASS_HEAP].peak_blocks[MWD_PEAK_TREE_HEAP] != 0)
		return true;
	return peak_ns != 0 && mw_minus(image->head->start_ns, peak_ns) < CLOCK_TICK_NS &&
	       (image->head->end_ns == 0 || mw_minus(peak_ns, image->head->end_ns) < CLOCK_TICK_NS);
}

struct bound {
	int64_t batches_bytes, in_flight_bytes;
	int64_t n_alive, one_each_bytes; /* images, and the sum of their peaks */
};

static void add_image(struct bound *bound, const struct mwd_image *head)
{
	int64_t peak_bytes = mw_settle_process_peak(head, MWD_CLASS_HEAP);
	bound->n_alive++;
	bound->one_each_bytes = mw_plus(bound->one_each_bytes, peak_bytes);
	if (head->n_threads <= 1)
		return;
	bound->batches_bytes =
		mw_plus(bound->batches_bytes, product(head->n_threads, batch_of(peak_bytes)));
	/* One event a thread; the image's own share is in one_each_bytes. */
	bound->in_flight_bytes =
		mw_plus(bound->in_flight_bytes, product(head->n_threads - 1, peak_bytes));
}

static struct bound bound_of_run(
	const struct mw_profile *profile, uint32_t run_idx, size_t *image_idx)
{
	const struct mwd_control *control = &profile->runs.items[run_idx].dump.control;
	struct bound bound = { 0 };
	for (; *image_idx < profile->images.n; ++*image_idx) {
		const struct mw_image *image = &profile->images.items[*image_idx];
		if (image->run_idx != run_idx)
			break;
		if (is_at_peak(image, control))
			add_image(&bound, image->head);
	}
	if (bound.n_alive > 1)
		bound.batches_bytes = mw_plus(bound.batches_bytes,
			product(bound.n_alive, batch_of(mw_settle_tree_heap_peak(control))));
	if (bound.n_alive > 1 || bound.batches_bytes != 0)
		bound.in_flight_bytes = mw_plus(bound.in_flight_bytes, bound.one_each_bytes);
	return bound;
}

struct mw_peak_bound mw_losses_peak_bound(const struct mw_profile *profile)
{
	struct mw_peak_bound sum = { 0 };
	size_t image_idx = 0;
	for (uint32_t r = 0; r < profile->runs.n; r++) {
		struct bound bound = bound_of_run(profile, r, &image_idx);
		sum.batches_bytes = mw_plus(sum.batches_bytes, bound.batches_bytes);
		sum.in_flight_bytes = mw_plus(sum.in_flight_bytes, bound.in_flight_bytes);
	}
	return sum;
}

static void count_image(const struct mwd_image *head, struct mw_losses *losses)
{
	for (unsigned i = 0; i < MWD_N_LOST; i++)
		losses->lost[i] += head->lost[i];
	losses->unknown_frees += head->unknown_frees;
	losses->n_checked += head->n_checked;
	losses->n_mismatched += head->n_mismatched;
	losses->n_own_malloc += (head->flags & MWD_IMAGE_OWN_MALLOC) != 0;
	losses->n_other_malloc += (head->flags & MWD_IMAGE_OTHER_MALLOC) != 0;
	losses->inherited_freed_bytes += head->inherited_freed_bytes;
	losses->inherited_freed_blocks += head->inherited_freed_blocks;
	losses->own_private_bytes += head->own_private_bytes;
	losses->own_shared_bytes += head->own_shared_bytes;
	if (head->own_rss_bytes > losses->max_own_rss_bytes)
		losses->max_own_rss_bytes = head->own_rss_bytes;
	if (head->own_private_bytes > losses->max_own_private_bytes)
		losses->max_own_private_bytes = head->own_private_bytes;
}

static void count_module(
	const struct mw_profile *profile, const struct mw_module *module, struct mw_losses *losses)
{
	if (!module->is_used || module->is_shim)
		return;
	losses->n_modules++;
	losses->n_modules_without_lines += module->source == MW_SYMBOL_SOURCE_SYMTAB;
	if (module->source != MW_SYMBOL_SOURCE_NONE)
		return;
	losses->n_modules_without_symbols++;
	if (!losses->first_without_symbols) {
		const char *reason = mw_profile_text(profile, module->source_reason);
		losses->first_without_symbols = mw_profile_text(profile, module->path);
		losses->first_reason = reason ? reason : "no symbols";
	}
}

void mw_losses_count(const struct mw_profile *profile, struct mw_losses *losses)
{
	memset(losses, 0, sizeof(*losses));
	for (size_t i = 0; i < profile->runs.n; i++) {
		const struct mw_run *run = &profile->runs.items[i];
		losses->n_lost_images += run->dump.control.n_lost_images;
		losses->torn_bytes += run->dump.damage.torn_bytes;
		losses->dump_bytes += run->bytes.n_bytes;
	}
	for (size_t i = 0; i < profile->images.n; i++)
		count_image(profile->images.items[i].head, losses);
	for (size_t i = 0; i < profile->modules.n; i++)
		count_module(profile, &profile->modules.items[i], losses);
}
