/* SPDX: no licence chosen yet, see README */
/*
 * stack_tree.h - the heap's stacks as a tree of frames (functions), pruned to what can be seen.
 *
 * A node whose subtree is below the threshold in every value is put, with all below it, into one
 * node "[smaller]" of its parent: sums stay exact.
 */
#pragma once

#include "report/export/weights.h"
#include "report/html/parts.h"

#define MW_STACK_TREE_VALUES 4 /* mw_export_values: at peak, leaked, total, count */

struct mw_stack_node {
	uint32_t parent, frame; /* parent is lower than the node itself; the root is its own */
	int64_t values[MW_STACK_TREE_VALUES]; /* of the subtree, all processes */
};

struct mw_stack_tree {
	MW_ARRAY(struct mw_stack_node) nodes; /* [0]: root */
	struct mw_index index;
	uint32_t *node_of_site; /* owned; index of nodes + 1, 0 = no weight is there */
};

/** mw_stack_tree_build() - 0 or -ENOMEM; deinit in every case. */
int mw_stack_tree_build(struct mw_stack_tree *tree, struct mw_html *page);

/**
 * mw_stack_tree_each() - what each image has at each site, image by image
 *
 * An image's records of a site are one. Nothing is kept: of hundreds of compilers it would be
 * hundreds of megabytes.
 * @visit: nonzero ends the walk
 * Return: what the last @visit returned, or -ENOMEM.
 */
typedef int mw_stack_tree_visit(void *context, uint32_t image_idx, uint32_t site_idx,
	const int64_t values[static MW_STACK_TREE_VALUES]);
int mw_stack_tree_each(const struct mw_profile *profile, mw_stack_tree_visit *visit, void *context);

void mw_stack_tree_deinit(struct mw_stack_tree *tree);

/**
 * mw_stack_tree_prune() - a copy without the small
 * @smallest: share of the whole that a node needs in some value
 * @kept_out: the nodes that stay, "[smaller]" ones among them; deinit the array
 * @place_out: array of tree->nodes.n; where each node's own weight is now
 * Return: 0 or -ENOMEM.
 */
struct mw_stack_kept {
	MW_ARRAY(struct mw_stack_node) nodes;
	size_t n_dropped;
};
int mw_stack_tree_prune(const struct mw_stack_tree *tree, double smallest,
	struct mw_stack_kept *kept_out, uint32_t *place_out);
