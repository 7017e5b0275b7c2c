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
	const struct mw_profile *profile;
	const struct mw_stack_tree *tree;
	struct mw_stack_kept kept;
	uint32_t *place;	  /* owned; of each node of the tree */
	size_t *last;		  /* of each kept node, its last element of own + 1 */
	MW_ARRAY(struct own) own; /* by image */
	double smallest;
};

static int add_own(void *context, const struct mw_weight *weight)
{
	struct flame *flame = context;
	uint32_t node = flame->place[flame->tree->node_of_site[weight->site_idx] - 1];
	size_t *last = &flame->last[node];
	int64_t values[MW_STACK_TREE_VALUES];
	if (*last == 0 || flame->own.items[*last - 1].image_idx != weight->group) {
		struct own *added = mw_array_push(&flame->own);
		if (!added)
			return -ENOMEM;
		added->image_idx = weight->group;
		added->node = node;
		*last = flame->own.n;
	}
	struct own *own = &flame->own.items[*last - 1];
	mw_stack_tree_values(weight, values);
	for (size_t v = 0; v < MW_STACK_TREE_VALUES; v++)
		own->values[v] = mw_plus(own->values[v], values[v]);
	return 0;
}

static int collect(struct flame *flame)
{
	flame->last = calloc(flame->kept.nodes.n + 1, sizeof(*flame->last));
	int error = flame->last ? mw_weights_each(flame->profile, add_own, flame) : -ENOMEM;
	free(flame->last);
	flame->last = NULL;
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
	struct flame flame = { .profile = &page->view->profile, .tree = &tree };
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
