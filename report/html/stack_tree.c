/* SPDX: no licence chosen yet, see README */
/* stack_tree.c - see stack_tree.h. */
#include "report/html/stack_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_equal(const void *context, uint32_t element, const void *key)
{
	const struct mw_stack_tree *tree = context;
	const struct mw_stack_node *node = &tree->nodes.items[element], *wanted = key;
	return element != 0 && node->parent == wanted->parent && node->frame == wanted->frame;
}

/* The child of a node with this frame; 0 = no memory. */
static uint32_t child_of(struct mw_stack_tree *tree, uint32_t parent, uint32_t frame)
{
	struct mw_stack_node key = { .parent = parent, .frame = frame };
	uint64_t hash = mw_hash_word(mw_hash_word(MW_HASH_START, parent), frame);
	uint32_t found;
	if (mw_index_find(&tree->index, hash, is_equal, tree, &key, &found) == 0)
		return found;
	found = (uint32_t)tree->nodes.n;
	struct mw_stack_node *node = mw_array_push(&tree->nodes);
	if (!node || mw_index_add(&tree->index, hash, found))
		return 0;
	*node = key;
	return found;
}

/* The node a site's stack ends at; 0 = no memory. */
static uint32_t add_site(struct mw_stack_tree *tree, struct mw_html *page, uint32_t site_idx)
{
	static uint32_t lines[MW_EXPORT_MAX_DEPTH];
	size_t n = mw_weights_stack(&page->view->profile, site_idx, lines, MW_EXPORT_MAX_DEPTH);
	if (n == 0)
		return child_of(tree, 0, MW_HTML_FRAME_UNATTRIBUTED);
	uint32_t node = 0;
	for (size_t i = 0; i < n; i++) {
		node = child_of(tree, node, mw_html_frame(page, lines[i]));
		if (!node)
			break;
	}
	return node;
}

void mw_stack_tree_values(
	const struct mw_weight *weight, int64_t values_out[static MW_STACK_TREE_VALUES])
{
	for (size_t v = 0; v < MW_STACK_TREE_VALUES; v++) {
		struct mw_export_options options = { .value = &mw_export_values[v] };
		values_out[v] = mw_weights_of(weight, &options);
	}
}

struct builder {
	struct mw_stack_tree *tree;
	struct mw_html *page;
};

static int add_weight(void *context, const struct mw_weight *weight)
{
	struct builder *builder = context;
	struct mw_stack_tree *tree = builder->tree;
	uint32_t *node = &tree->node_of_site[weight->site_idx];
	int64_t values[MW_STACK_TREE_VALUES];
	if (!*node) {
		uint32_t added = add_site(tree, builder->page, weight->site_idx);
		if (!added)
			return -ENOMEM;
		*node = added + 1;
	}
	int64_t *sums = tree->nodes.items[*node - 1].values;
	mw_stack_tree_values(weight, values);
	for (size_t v = 0; v < MW_STACK_TREE_VALUES; v++)
		sums[v] = mw_plus(sums[v], values[v]);
	return 0;
}

static void add_up(struct mw_stack_tree *tree)
{
	for (size_t i = tree->nodes.n - 1; i > 0; i--) {
		const struct mw_stack_node *node = &tree->nodes.items[i];
		struct mw_stack_node *parent = &tree->nodes.items[node->parent];
		for (size_t v = 0; v < MW_STACK_TREE_VALUES; v++)
			parent->values[v] = mw_plus(parent->values[v], node->values[v]);
	}
}

int mw_stack_tree_build(struct mw_stack_tree *tree, struct mw_html *page)
{
	const struct mw_profile *profile = &page->view->profile;
	struct builder builder = { tree, page };
	*tree = (struct mw_stack_tree){ 0 };
	tree->node_of_site = calloc(profile->sites.n + 1, sizeof(*tree->node_of_site));
	if (!tree->node_of_site || !mw_array_push(&tree->nodes))
		return -ENOMEM;
	int error = mw_weights_each(profile, add_weight, &builder);
	if (!error)
		add_up(tree);
	return error;
}

void mw_stack_tree_deinit(struct mw_stack_tree *tree)
{
	mw_array_deinit(&tree->nodes);
	mw_index_deinit(&tree->index);
	free(tree->node_of_site);
	tree->node_of_site = NULL;
}

static bool is_small(const struct mw_stack_node *node, const int64_t *least)
{
	for (size_t v = 0; v < MW_STACK_TREE_VALUES; v++)
		if (node->values[v] >= least[v])
			return false;
	return true;
}

static uint32_t keep(struct mw_stack_kept *kept, uint32_t parent, const struct mw_stack_node *node)
{
	struct mw_stack_node *copy = mw_array_push(&kept->nodes);
	if (!copy)
		return MW_NONE;
	*copy = *node;
	copy->parent = parent;
	return (uint32_t)(kept->nodes.n - 1);
}

/* The "[smaller]" child of a kept node; @smaller: of each kept node, 0 = none yet. */
static uint32_t smaller_of(struct mw_stack_kept *kept, uint32_t *smaller, uint32_t parent)
{
	struct mw_stack_node node = { .frame = MW_HTML_FRAME_SMALLER };
	if (!smaller[parent])
		smaller[parent] = keep(kept, parent, &node);
	return smaller[parent];
}

int mw_stack_tree_prune(const struct mw_stack_tree *tree, double smallest,
	struct mw_stack_kept *kept_out, uint32_t *place_out)
{
	const struct mw_stack_node *nodes = tree->nodes.items;
	/* A kept node is one of these or one "[smaller]" of one of these. */
	uint32_t *smaller = calloc(2 * tree->nodes.n, sizeof(*smaller));
	int64_t least[MW_STACK_TREE_VALUES];
	*kept_out = (struct mw_stack_kept){ 0 };
	for (size_t v = 0; v < MW_STACK_TREE_VALUES; v++) {
		least[v] = (int64_t)(smallest * (double)nodes[0].values[v]);
		least[v] = least[v] < 1 ? 1 : least[v];
	}
	place_out[0] = 0;
	bool is_good = smaller && keep(kept_out, 0, &nodes[0]) == 0;
	for (size_t i = 1; is_good && i < tree->nodes.n; i++) {
		uint32_t parent = place_out[nodes[i].parent];
		bool is_inside = kept_out->nodes.items[parent].frame == MW_HTML_FRAME_SMALLER;
		bool is_dropped = is_inside || is_small(&nodes[i], least);
		kept_out->n_dropped += is_dropped;
		place_out[i] = is_inside    ? parent
			       : is_dropped ? smaller_of(kept_out, smaller, parent)
					    : keep(kept_out, parent, &nodes[i]);
		is_good = place_out[i] != MW_NONE;
	}
	free(smaller);
	return is_good ? 0 : -ENOMEM;
}
