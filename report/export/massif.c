/* SPDX: no licence chosen yet, see README */
/*
 * massif.c - massif.out, as valgrind's massif writes it and ms_print reads it: the heap of the
 * whole job over time from the launcher's samples, and at its peak the tree of callers, sites
 * first. Callers below the threshold are summed up, as massif does.
 */
#include "report/export/branches.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "report/ingest/samples.h"

#define MAX_SNAPSHOTS 400

static void print_frame(FILE *out, const struct mw_profile *profile, uint32_t line_idx)
{
	const struct mw_line *line = &profile->lines.items[line_idx];
	const struct mw_function *function = &profile->functions.items[line->function_idx];
	const char *file = mw_profile_text(profile, function->file);
	const char *slash = file ? strrchr(file, '/') : NULL;
	char name[MW_EXPORT_NAME_BYTES];
	fprintf(out, "0x%" PRIX64 ": %s", line->address,
		mw_weights_frame_name(profile, line_idx, name));
	if (file && line->line)
		fprintf(out, " (%s:%" PRIu32 ")", slash ? slash + 1 : file, line->line);
	else if (function->module_idx != MW_NONE)
		fprintf(out, " (in %s)",
			mw_profile_text(
				profile, profile->modules.items[function->module_idx].path));
	putc('\n', out);
}

static int print_node(FILE *out, const struct mw_branches *tree,
	const struct mw_export_options *options, const struct mw_branch *node, uint32_t depth);

/* The children of a node, whose number was printed. Recursion ends at MW_BRANCHES_MAX_DEPTH. */
static int print_children(FILE *out, const struct mw_branches *tree,
	const struct mw_export_options *options, const struct mw_branching *below, uint32_t depth)
{
	int error = 0;
	for (size_t i = 0; !error && i < below->items.n; i++)
		error = print_node(out, tree, options, &below->items.items[i], depth);
	if (!error && below->n_small > 0)
		fprintf(out,
			"%*sn0: %" PRId64 " in %zu place%s, %sbelow massif's threshold (%.2f%%)\n",
			(int)depth + 1, "", below->small_weight, below->n_small,
			below->n_small > 1 ? "s" : "", below->n_small > 1 ? "all " : "",
			options->threshold_pct);
	return error;
}

static int print_node(FILE *out, const struct mw_branches *tree,
	const struct mw_export_options *options, const struct mw_branch *node, uint32_t depth)
{
	struct mw_branching below;
	int error = mw_branches_below(tree, node->first, node->end, depth + 1, &below);
	fprintf(out, "%*sn%zu: %" PRId64 " ", (int)depth + 1, "",
		below.items.n + (below.n_small > 0), node->weight);
	print_frame(out, tree->profile, mw_branches_frame(tree, node, depth));
	if (!error)
		error = print_children(out, tree, options, &below, depth + 1);
	mw_array_deinit(&below.items);
	return error;
}

static int print_tree(
	FILE *out, const struct mw_branches *tree, const struct mw_export_options *options)
{
	struct mw_branching below;
	int error = mw_branches_below(tree, 0, tree->leaves.n, 0, &below);
	fprintf(out,
		"heap_tree=peak\nn%zu: %" PRId64
		" (heap allocation functions) malloc/new/new[], --alloc-fns, etc.\n",
		below.items.n + (below.n_small > 0) + (below.own_weight != 0), tree->total);
	if (below.own_weight != 0)
		fprintf(out, " n0: %" PRId64 " 0x0: %s\n", below.own_weight,
			MW_EXPORT_UNATTRIBUTED);
	if (!error)
		error = print_children(out, tree, options, &below, 0);
	mw_array_deinit(&below.items);
	return error;
}

static void print_snapshot(FILE *out, size_t number, int64_t time_ms, int64_t bytes)
{
	fprintf(out,
		"#-----------\nsnapshot=%zu\n#-----------\ntime=%" PRId64 "\nmem_heap_B=%" PRId64
		"\nmem_heap_extra_B=0\nmem_stacks_B=0\n",
		number, time_ms, bytes);
}

static int64_t peak_time_ms(const struct mw_run *run)
{
	const struct mwd_control *control = &run->dump.control;
	int64_t peak_ns = control->heap_peak_ns;
	return peak_ns ? mw_minus(peak_ns, control->start_monotonic_ns) / 1000000
		       : (int64_t)(run->info.duration_seconds * 1000);
}

static int print_snapshots(FILE *out, const struct mw_run *run, const struct mw_branches *tree,
	const struct mw_export_options *options)
{
	struct mw_samples samples;
	int error = mw_run_read_samples(run, MW_RUN_TREE_SAMPLES, &samples);
	size_t time = mw_samples_column(&samples, "elapsed_ns");
	size_t heap = mw_samples_column(&samples, "heap_live_bytes");
	size_t step = samples.n_rows / MAX_SNAPSHOTS + 1, number = 0;
	int64_t peak_ms = peak_time_ms(run);
	bool has_peak = false;
	for (size_t i = 0; !error && i <= samples.n_rows; i += step) {
		bool is_row = i < samples.n_rows;
		int64_t at_ms =
			is_row ? (int64_t)(mw_samples_at(&samples, i, time) / 1e6) : INT64_MAX;
		if (!has_peak && (at_ms > peak_ms || i + step > samples.n_rows)) {
			print_snapshot(out, number++, peak_ms, tree->total);
			error = print_tree(out, tree, options);
			has_peak = true;
		}
		if (!is_row || at_ms < peak_ms * has_peak)
			continue;
		/* Between samples of others the total can stand above the peak by what they hold
		 * back; ms_print wants the peak to be the highest. */
		int64_t bytes = (int64_t)mw_samples_at(&samples, i, heap);
		print_snapshot(out, number++, at_ms, bytes < tree->total ? bytes : tree->total);
		fputs("heap_tree=empty\n", out);
	}
	mw_samples_deinit(&samples);
	return error;
}

int mw_export_massif(FILE *out, const struct mw_view *view, const struct mw_export_options *options)
{
	const struct mw_profile *profile = &view->profile;
	const struct mw_run *run = &profile->runs.items[0];
	struct mw_branches tree;
	int error = mw_branches_build(&tree, profile, options, false);
	if (!error) {
		fprintf(out,
			"desc: memwatch-preload " MEMWATCH_VERSION ", %s\ncmd: %s\ntime_unit: ms\n",
			options->value->help, run->info.command ? run->info.command : "?");
		error = print_snapshots(out, run, &tree, options);
	}
	mw_branches_deinit(&tree);
	return error;
}
