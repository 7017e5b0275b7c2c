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

/** mw_stack_tree_values() - a weight in each value. */
void mw_stack_tree_values(
	const struct mw_weight *weight, int64_t values_out[static MW_STACK_TREE_VALUES]);

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
