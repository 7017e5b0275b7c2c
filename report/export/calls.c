/* SPDX: no licence chosen yet, see README */
/*
 * calls.c - call trees as text: from main down to what allocates (top-down), or from what allocates
 * out to its callers (bottom-up), the heaviest branch first. Branches below the threshold are
 * summed up, and what has just one branch stays at its depth, so that long chains do not run out of
 * the page.
 */
#include "report/export/branches.h"
#include "report/util/format.h"

#include <inttypes.h>
#include <string.h>

static void print_line(FILE *out, const struct mw_branches *tree,
	const struct mw_export_options *options, int64_t weight, unsigned depth)
{
	char number[MW_FORMAT_BYTES];
	if (options->value->unit[0] == 'b')
		mw_format_size(number, weight);
	else
		snprintf(number, sizeof(number), "%" PRId64, weight);
	fprintf(out, "%5.1f%% %11s  %*s", 100.0 * (double)weight / (double)tree->total, number,
		(int)depth, "");
}

static void print_frame(FILE *out, const struct mw_profile *profile, uint32_t line_idx)
{
	const struct mw_line *line = &profile->lines.items[line_idx];
	const struct mw_function *function = &profile->functions.items[line->function_idx];
	const char *file = mw_profile_text(profile, function->file);
	char name[MW_EXPORT_NAME_BYTES];
	fputs(mw_weights_frame_name(profile, line_idx, name), out);
	if (file && line->line) {
		snprintf(name, sizeof(name), "%s", mw_format_basename(file));
		mw_format_clean(name);
		fprintf(out, " (%s:%" PRIu32 ")", name, line->line);
	}
	putc('\n', out);
}

/* Recursion ends at MW_BRANCHES_MAX_DEPTH. */
static int print_below(FILE *out, const struct mw_branches *tree,
	const struct mw_export_options *options, const struct mw_branch *node, uint32_t depth,
	unsigned indent)
{
	struct mw_branching below;
	int error = mw_branches_below(tree, node->first, node->end, depth, &below);
	for (size_t i = 0; !error && i < below.items.n; i++) {
		const struct mw_branch *branch = &below.items.items[i];
		bool is_only = branch->first == node->first && branch->end == node->end;
		print_line(out, tree, options, branch->weight, indent);
		print_frame(out, tree->profile, mw_branches_frame(tree, branch, depth));
		error = print_below(out, tree, options, branch, depth + 1, indent + !is_only);
	}
	if (!error && below.n_small > 0) {
		print_line(out, tree, options, below.small_weight, indent);
		fprintf(out, "... %zu smaller\n", below.n_small);
	}
	if (!error && depth == 0 && below.own_weight != 0) {
		print_line(out, tree, options, below.own_weight, indent);
		fputs(MW_EXPORT_UNATTRIBUTED "\n", out);
	}
	mw_array_deinit(&below.items);
	return error;
}

static int write_tree(FILE *out, const struct mw_view *view,
	const struct mw_export_options *options, bool is_top_down)
{
	struct mw_branches tree;
	int error = mw_branches_build(&tree, &view->profile, options, is_top_down);
	struct mw_branch root = { 0, tree.leaves.n, tree.total };
	if (!error && root.end > 0) {
		print_line(out, &tree, options, tree.total, 0);
		fprintf(out, "%s, %s\n", options->value->help,
			is_top_down ? "callers first" : "allocating functions first");
		error = print_below(out, &tree, options, &root, 0, 1);
	}
	mw_branches_deinit(&tree);
	return error;
}

int mw_export_top_down(
	FILE *out, const struct mw_view *view, const struct mw_export_options *options)
{
	return write_tree(out, view, options, true);
}

int mw_export_bottom_up(
	FILE *out, const struct mw_view *view, const struct mw_export_options *options)
{
	return write_tree(out, view, options, false);
}
