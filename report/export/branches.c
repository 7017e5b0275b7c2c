/* SPDX: no licence chosen yet, see README */
/*
 * branches.c - see branches.h.
 */
#include "report/export/branches.h"

#include <errno.h>
#include <string.h>

static int compare_leaves(const void *left, const void *right)
{
	const struct mw_leaf *a = left, *b = right;
	uint32_t n = a->n_frames < b->n_frames ? a->n_frames : b->n_frames;
	for (uint32_t i = 0; i < n; i++)
		if (a->frames[i] != b->frames[i])
			return a->frames[i] < b->frames[i] ? -1 : 1;
	return a->n_frames < b->n_frames ? -1 : a->n_frames > b->n_frames;
}

static int fill(struct mw_branches *branches, const struct mw_weights *weights,
	const struct mw_export_options *options, bool is_outermost_first)
{
	static uint32_t lines[MW_EXPORT_MAX_DEPTH];
	branches->frames =
		malloc((weights->items.n + 1) * MW_BRANCHES_MAX_DEPTH * sizeof(*branches->frames));
	uint32_t *next = branches->frames;
	for (size_t i = 0; next && i < weights->items.n; i++) {
		const struct mw_weight *weight = &weights->items.items[i];
		int64_t value = mw_weights_of(weight, options);
		if (value == 0)
			continue;
		size_t n = mw_weights_stack(
			branches->profile, weight->site_idx, lines, MW_EXPORT_MAX_DEPTH);
		struct mw_leaf *leaf = mw_array_push(&branches->leaves);
		if (!leaf)
			return -ENOMEM;
		*leaf = (struct mw_leaf){ next,
			n < MW_BRANCHES_MAX_DEPTH ? (uint32_t)n : MW_BRANCHES_MAX_DEPTH, value };
		for (uint32_t at = 0; at < leaf->n_frames; at++)
			*next++ = lines[is_outermost_first ? at : n - 1 - at];
		branches->total = mw_plus(branches->total, value);
	}
	return branches->frames ? 0 : -ENOMEM;
}

int mw_branches_build(struct mw_branches *branches, const struct mw_profile *profile,
	const struct mw_export_options *options, bool is_outermost_first)
{
	struct mw_weights weights;
	memset(branches, 0, sizeof(*branches));
	branches->profile = profile;
	int error = mw_weights_collect(&weights, profile, false);
	if (!error)
		error = fill(branches, &weights, options, is_outermost_first);
	if (branches->leaves.n > 1)
		qsort(branches->leaves.items, branches->leaves.n, sizeof(struct mw_leaf),
			compare_leaves);
	mw_weights_deinit(&weights);
	branches->least = (double)branches->total * options->threshold_pct / 100;
	return error;
}

void mw_branches_deinit(struct mw_branches *branches)
{
	free(branches->frames);
	mw_array_deinit(&branches->leaves);
}

static struct mw_branch next_branch(
	const struct mw_branches *branches, size_t first, size_t end, uint32_t depth)
{
	const struct mw_leaf *leaves = branches->leaves.items;
	struct mw_branch branch = { first, first, 0 };
	for (; branch.end < end; branch.end++) {
		const struct mw_leaf *leaf = &leaves[branch.end];
		if (leaf->frames[depth] != leaves[first].frames[depth])
			break;
		branch.weight = mw_plus(branch.weight, leaf->weight);
	}
	return branch;
}

static int compare_weights(const void *left, const void *right)
{
	const struct mw_branch *a = left, *b = right;
	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return a->first < b->first ? -1 : a->first > b->first;
}

int mw_branches_below(const struct mw_branches *branches, size_t first, size_t end, uint32_t depth,
	struct mw_branching *out)
{
	*out = (struct mw_branching){ 0 };
	/* Those that end here sort first. */
	for (; first < end && branches->leaves.items[first].n_frames <= depth; first++)
		out->own_weight = mw_plus(out->own_weight, branches->leaves.items[first].weight);
	while (first < end) {
		struct mw_branch branch = next_branch(branches, first, end, depth);
		first = branch.end;
		if ((double)branch.weight < branches->least) {
			out->small_weight = mw_plus(out->small_weight, branch.weight);
			out->n_small++;
			continue;
		}
		struct mw_branch *shown = mw_array_push(&out->items);
		if (!shown)
			return -ENOMEM;
		*shown = branch;
	}
	if (out->items.n > 1)
		qsort(out->items.items, out->items.n, sizeof(struct mw_branch), compare_weights);
	return 0;
}
