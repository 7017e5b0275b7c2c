/* SPDX: no licence chosen yet, see README */
/*
 * html_flame.c - the flame graph's data: the pruned tree, and of each process what it had at each
 * node itself, in all four values. The threshold starts at 0.01 % and grows until both are small
 * enough to be a page. See html.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "report/html/stack_tree.h"

#define FIRST_SMALLEST 0.0001
#define MAX_NODES 60000
#define MAX_WEIGHTS 250000

/* An image's own weight at a kept node. */
struct own {
	uint32_t image_idx, node;
	int64_t values[MW_STACK_TREE_VALUES];
};

struct flame {
	const struct mw_stack_tree *tree;
	struct mw_stack_kept kept;
	uint32_t *place;	  /* owned; of each node of the tree */
	MW_ARRAY(struct own) own; /* by image */
	double smallest;
};

/* Adds up by image and node; @last: of each kept node, its last element of own + 1. */
static int collect(struct flame *flame)
{
	const struct mw_stack_tree *tree = flame->tree;
	size_t *last = calloc(flame->kept.nodes.n + 1, sizeof(*last)), n_before = 0;
	int error = last ? 0 : -ENOMEM;
	for (size_t i = 0; !error && i < tree->weights.items.n; i++) {
		const struct mw_weight *weight = &tree->weights.items.items[i];
		uint32_t node = flame->place[tree->node_of_site[weight->site_idx] - 1];
		if (i == 0 || weight->group != weight[-1].group)
			n_before = flame->own.n;
		if (last[node] <= n_before) {
			struct own *own = mw_array_push(&flame->own);
			if (!own) {
				error = -ENOMEM;
				break;
			}
			own->image_idx = weight->group;
			own->node = node;
			last[node] = flame->own.n;
		}
		struct own *own = &flame->own.items[last[node] - 1];
		for (size_t v = 0; v < MW_STACK_TREE_VALUES; v++) {
			struct mw_export_options options = { .value = &mw_export_values[v] };
			own->values[v] = mw_plus(own->values[v], mw_weights_of(weight, &options));
		}
	}
	free(last);
	return error;
}

static void drop(struct flame *flame)
{
	mw_array_deinit(&flame->kept.nodes);
	mw_array_deinit(&flame->own);
}

static int prune(struct flame *flame)
{
	for (flame->smallest = FIRST_SMALLEST;; flame->smallest *= 2) {
		int error = mw_stack_tree_prune(
			flame->tree, flame->smallest, &flame->kept, flame->place);
		if (!error)
			error = collect(flame);
		if (error || flame->smallest > 0.5 ||
			(flame->kept.nodes.n <= MAX_NODES && flame->own.n <= MAX_WEIGHTS))
			return error;
		drop(flame);
	}
}

static void put_nodes(struct mw_html *page, const struct flame *flame)
{
	mw_json_open_array(&page->json, "parent");
	for (size_t i = 0; i < flame->kept.nodes.n; i++)
		mw_json_put_int(&page->json, NULL, flame->kept.nodes.items[i].parent);
	mw_json_close(&page->json);
	mw_json_open_array(&page->json, "frame");
	for (size_t i = 0; i < flame->kept.nodes.n; i++)
		mw_json_put_int(&page->json, NULL, flame->kept.nodes.items[i].frame);
	mw_json_close(&page->json);
}

/* Of each image: node, four values, node, four values ... */
static void put_weights(struct mw_html *page, const struct flame *flame)
{
	mw_json_open_array(&page->json, "images");
	for (size_t i = 0; i < flame->own.n;) {
		uint32_t image_idx = flame->own.items[i].image_idx;
		mw_json_open_object(&page->json, NULL);
		mw_json_put_int(&page->json, "image", image_idx);
		mw_json_open_array(&page->json, "own");
		for (; i < flame->own.n && flame->own.items[i].image_idx == image_idx; i++) {
			const struct own *own = &flame->own.items[i];
			mw_json_put_int(&page->json, NULL, own->node);
			for (size_t v = 0; v < MW_STACK_TREE_VALUES; v++)
				mw_json_put_int(&page->json, NULL, own->values[v]);
		}
		mw_json_close(&page->json);
		mw_json_close(&page->json);
	}
	mw_json_close(&page->json);
}

static void put_values(struct mw_html *page)
{
	mw_json_open_array(&page->json, "values");
	for (size_t v = 0; v < MW_STACK_TREE_VALUES; v++) {
		mw_json_open_object(&page->json, NULL);
		mw_json_put_text(&page->json, "name", mw_export_values[v].name);
		mw_json_put_text(&page->json, "unit", mw_export_values[v].unit);
		mw_json_put_text(&page->json, "help", mw_export_values[v].help);
		mw_json_close(&page->json);
	}
	mw_json_close(&page->json);
}

int mw_html_flame(struct mw_html *page)
{
	struct mw_stack_tree tree;
	struct flame flame = { .tree = &tree };
	int error = mw_stack_tree_build(&tree, page);
	if (!error)
		flame.place = calloc(tree.nodes.n, sizeof(*flame.place));
	if (!error)
		error = flame.place ? prune(&flame) : -ENOMEM;
	mw_json_open_object(&page->json, "flame");
	if (!error) {
		put_values(page);
		mw_json_put_real(&page->json, "smallest", flame.smallest);
		mw_json_put_int(&page->json, "n_dropped", (int64_t)flame.kept.n_dropped);
		put_nodes(page, &flame);
		put_weights(page, &flame);
	}
	mw_json_close(&page->json);
	drop(&flame);
	free(flame.place);
	mw_stack_tree_deinit(&tree);
	return error;
}
