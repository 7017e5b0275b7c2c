/* SPDX: no licence chosen yet, see README */
/*
 * text_tail.c - the honest end of the text report: what is not in the numbers above, and what
 * we cost.
 */
#include "report/render/text.h"

#include <inttypes.h>

#include "report/model/losses.h"

static void print_unattributed(struct mw_text *text, const struct mw_profile *profile)
{
	char at_peak[MW_FORMAT_BYTES], in_all[MW_FORMAT_BYTES];
	const struct mw_sums *heap = &profile->unattributed[MWD_CLASS_HEAP];
	mw_text_item(text, "unattributed: %s at the tree's heap peak, %s of all allocated",
		mw_format_size(at_peak, heap->peak_bytes[MWD_PEAK_TREE_HEAP]),
		mw_format_size(in_all, (int64_t)heap->allocated_bytes));
}

static void print_unstacked(struct mw_text *text, const struct mw_profile *profile)
{
	char at_peak[MW_FORMAT_BYTES], in_all[MW_FORMAT_BYTES];
	const struct mw_sums *heap = &profile->unstacked[MWD_CLASS_HEAP];
	mw_format_size(at_peak, heap->peak_bytes[MWD_PEAK_TREE_HEAP]);
	mw_format_size(in_all, (int64_t)heap->allocated_bytes);
	if (profile->has_stackless)
		mw_text_item(text,
			"stacks off: %s at the tree's heap peak, %s of all allocated have no line",
			at_peak, in_all);
	else if (profile->is_sampled)
		mw_text_item(text,
			"sampling: the exact totals are %s (at the tree's heap peak) and %s (all "
			"allocated) above the sums of the estimates",
			at_peak, in_all);
}

static void print_stacks(
	struct mw_text *text, const struct mw_profile *profile, const struct mw_losses *losses)
{
	char at_peak[MW_FORMAT_BYTES], in_all[MW_FORMAT_BYTES];
	const struct mw_sums *partial = &profile->partial[MWD_CLASS_HEAP];
	const char *program = mw_losses_partial_program(profile);
	if (partial->allocated_blocks)
		mw_text_item(text,
			"partial stacks (outer frames missing): %s at the tree's heap peak, %s of "
			"all allocated, %" PRIu64 " blocks%s%s",
			mw_format_size(at_peak, partial->peak_bytes[MWD_PEAK_TREE_HEAP]),
			mw_format_size(in_all, (int64_t)partial->allocated_bytes),
			partial->allocated_blocks, program ? "; mostly " : "",
			program ? program : "");
	if (losses->n_checked)
		mw_text_item(text,
			"stacks compared with libunwind's: %" PRIu64 ", different: %" PRIu64,
			losses->n_checked, losses->n_mismatched);
}

static void print_not_followed(struct mw_text *text, const struct mw_view *view)
{
	size_t n = view->execs.groups.n;
	for (size_t i = 0; i < n && i < view->top; i++) {
		const struct mw_exec_group *group = &view->execs.groups.items[i];
		mw_text_item(text, "not followed: %s: %s, %u time%s",
			mw_profile_text(&view->profile, group->program),
			mw_execs_reason(group->verdict), group->n, group->n == 1 ? "" : "s");
	}
	if (n > view->top)
		mw_text_item(text, "not followed: ... and %zu more programs", n - view->top);
	if (n == 0)
		mw_text_item(text,
			"not followed: none (%" PRIu64 " programs started by exec or spawn)",
			view->processes.n_followed_starts);
	if (view->processes.n_nameless)
		mw_text_item(text,
			"pid 0: %zu programs of other pid namespaces ended before they were seen "
			"from outside",
			view->processes.n_nameless);
}

static void print_lost(struct mw_text *text, const struct mw_losses *losses)
{
	bool has_any = losses->n_lost_images != 0;
	for (unsigned i = 0; i < MWD_N_LOST; i++)
		has_any |= losses->lost[i] != 0;
	if (!has_any)
		mw_text_item(text, "lost: nothing");
	for (unsigned i = 0; i < MWD_N_LOST; i++) {
		if (losses->lost[i])
			mw_text_item(
				text, "lost: %" PRIu64 " %s", losses->lost[i], mw_losses_name(i));
	}
	if (losses->n_lost_images)
		mw_text_item(text, "lost: %" PRIu64 " processes found no room in the dump",
			losses->n_lost_images);
	if (losses->unknown_frees)
		mw_text_item(text, "frees of blocks never seen: %" PRIu64, losses->unknown_frees);
}

static void print_allocators(struct mw_text *text, const struct mw_losses *losses)
{
	if (losses->n_own_malloc)
		mw_text_item(text,
			"%" PRIu64 " program images bring a malloc of their own: not seen",
			losses->n_own_malloc);
	if (losses->n_other_malloc)
		mw_text_item(text,
			"%" PRIu64 " program images use a malloc that is not the C library's: seen",
			losses->n_other_malloc);
}

static void print_symbols(struct mw_text *text, const struct mw_losses *losses)
{
	if (losses->n_modules_without_symbols)
		mw_text_item(text,
			"modules without symbols: %" PRIu64 " of %" PRIu64 " (first: %s: %s)",
			losses->n_modules_without_symbols, losses->n_modules,
			losses->first_without_symbols, losses->first_reason);
	if (losses->n_modules_without_lines)
		mw_text_item(text, "modules with functions but no lines: %" PRIu64 " of %" PRIu64,
			losses->n_modules_without_lines, losses->n_modules);
}

static void print_overhead(struct mw_text *text, const struct mw_losses *losses)
{
	char touched[MW_FORMAT_BYTES], most[MW_FORMAT_BYTES], sum[MW_FORMAT_BYTES],
		shared[MW_FORMAT_BYTES], dump[MW_FORMAT_BYTES];
	mw_text_item(text,
		"our own memory: %s touched in the largest process (private address space: %s; %s "
		"over all images), dump file %s, of that %s in use; RSS above includes what is "
		"touched, no other number does",
		losses->max_own_rss_bytes
			? mw_format_size(touched, (int64_t)losses->max_own_rss_bytes)
			: "unknown",
		mw_format_size(most, (int64_t)losses->max_own_private_bytes),
		mw_format_size(sum, (int64_t)losses->own_private_bytes),
		mw_format_size(dump, (int64_t)losses->dump_bytes),
		mw_format_size(shared, (int64_t)losses->own_shared_bytes));
}

void mw_text_tail(struct mw_text *text, const struct mw_view *view)
{
	struct mw_losses losses;
	mw_losses_count(&view->profile, &losses);
	mw_text_heading(text, "Not in these numbers");
	print_unattributed(text, &view->profile);
	print_unstacked(text, &view->profile);
	print_stacks(text, &view->profile, &losses);
	print_not_followed(text, view);
	print_lost(text, &losses);
	print_allocators(text, &losses);
	print_symbols(text, &losses);
	print_overhead(text, &losses);
	if (losses.torn_bytes) {
		char size[MW_FORMAT_BYTES];
		mw_text_item(text, "%s of the dump claimed, but never used",
			mw_format_size(size, (int64_t)losses.torn_bytes));
	}
	for (size_t i = 0; i < view->notes.texts.n; i++)
		mw_text_item(text, "partial: %s", view->notes.texts.items[i]);
}
