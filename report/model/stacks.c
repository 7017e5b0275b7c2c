/* SPDX: no licence chosen yet, see README */
/*
 * stacks.c - nodes of one image's stack tree -> stacks shared by all images. Part of merging.
 *
 * A node is followed to its outermost caller once: a memo beside each nodes segment keeps its
 * stack, so the cost is one look-up a node, not one a frame of each record. Node ids, parents and
 * modules are the writer's word: a missing or half-written node, a cycle or absurd depth cuts
 * the stack there with a marker of our own, and is counted.
 */
#include "report/model/profile.h"

#include <errno.h>
#include <string.h>

#define IN_PROGRESS UINT32_MAX
#define MAX_DEPTH 16384u
#define MARKER_DAMAGED UINT64_MAX /* beside enum mwd_marker */

struct pending_node {
	const struct mwd_node *node;
	uint32_t image_idx; /* of the profile; whose modules the node names */
	uint32_t id;
	uint32_t *memo;
};

struct mw_stack_builder {
	struct mw_profile *profile; /* borrowed */
	const struct mw_dump *dump; /* borrowed */
	uint32_t first_image_idx;   /* of the profile, for this run's image 0 */
	uint32_t **memos;	    /* owned; by dump segment; NULL until needed */
	MW_ARRAY(struct pending_node) pending;
};

struct mw_stack_builder *mw_stack_builder_create(
	struct mw_profile *profile, uint32_t run_idx, uint32_t first_image_idx)
{
	struct mw_stack_builder *builder = calloc(1, sizeof(*builder));
	if (!builder)
		return NULL;
	builder->profile = profile;
	builder->dump = &profile->runs.items[run_idx].dump;
	builder->first_image_idx = first_image_idx;
	builder->memos = calloc(builder->dump->segments.n + 1, sizeof(*builder->memos));
	return builder->memos ? builder : mw_stack_builder_destroy(builder);
}

struct mw_stack_builder *mw_stack_builder_destroy(struct mw_stack_builder *builder)
{
	if (!builder)
		return NULL;
	for (size_t i = 0; builder->memos && i < builder->dump->segments.n; i++)
		free(builder->memos[i]);
	free(builder->memos);
	mw_array_deinit(&builder->pending);
	free(builder);
	return NULL;
}

static bool is_position(const void *context, uint32_t element, const void *key)
{
	const struct mw_position *position =
		&((const struct mw_profile *)context)->positions.items[element];
	const struct mw_position *wanted = key;
	return position->value == wanted->value && position->module_idx == wanted->module_idx &&
	       position->kind == wanted->kind && position->is_exact == wanted->is_exact;
}

static int intern_position(struct mw_profile *profile, const struct mw_position *key, uint32_t *out)
{
	uint64_t hash = mw_hash_word(MW_HASH_START, key->value);
	hash = mw_hash_word(
		hash, (uint64_t)key->module_idx << 16 | (unsigned)key->kind << 1 | key->is_exact);
	if (mw_index_find(&profile->position_index, hash, is_position, profile, key, out) == 0)
		return 0;
	struct mw_position *position = mw_array_push(&profile->positions);
	if (!position)
		return -ENOMEM;
	*position = *key;
	if (key->module_idx != MW_NONE)
		profile->modules.items[key->module_idx].is_used = true;
	*out = (uint32_t)(profile->positions.n - 1);
	return mw_index_add(&profile->position_index, hash, *out);
}

static bool is_stack(const void *context, uint32_t element, const void *key)
{
	const struct mw_stack *stack = &((const struct mw_profile *)context)->stacks.items[element];
	const struct mw_stack *wanted = key;
	return stack->parent == wanted->parent && stack->position_idx == wanted->position_idx;
}

static int intern_stack(struct mw_profile *profile, uint32_t parent,
	const struct mw_position *position, uint32_t *out)
{
	struct mw_stack key = { .parent = parent };
	int error = intern_position(profile, position, &key.position_idx);
	if (error)
		return error;
	uint64_t hash = mw_hash_word(MW_HASH_START, (uint64_t)parent << 32 | key.position_idx);
	if (mw_index_find(&profile->stack_index, hash, is_stack, profile, &key, out) == 0)
		return 0;
	struct mw_stack *stack = mw_array_push(&profile->stacks);
	if (!stack)
		return -ENOMEM;
	*stack = key;
	const struct mw_stack *caller = &profile->stacks.items[parent];
	stack->depth = caller->depth + 1;
	stack->is_partial = caller->is_partial || position->kind == MWD_NODE_MARKER;
	*out = (uint32_t)(profile->stacks.n - 1);
	stack->region = position->kind == MWD_NODE_REGION ? *out : caller->region;
	return mw_index_add(&profile->stack_index, hash, *out);
}

static int intern_damaged(struct mw_profile *profile, uint32_t *stack_out)
{
	struct mw_position marker = {
		.module_idx = MW_NONE, .kind = MWD_NODE_MARKER, .value = MARKER_DAMAGED
	};
	profile->n_broken_stacks++;
	return intern_stack(profile, 0, &marker, stack_out);
}

static uint32_t *memo_of(struct mw_stack_builder *builder, uint32_t segment, uint32_t element)
{
	if (!builder->memos[segment])
		builder->memos[segment] =
			calloc(builder->dump->segments.items[segment].n_elements, sizeof(uint32_t));
	return builder->memos[segment] ? &builder->memos[segment][element] : NULL;
}

/* The image whose segments hold a node id seen by @image_idx: itself, or one it was forked from. */
static uint32_t image_of_node(const struct mw_dump *dump, uint32_t image_idx, uint32_t node_id)
{
	while (image_idx != MW_DUMP_NO_IMAGE &&
		node_id < dump->images.items[image_idx].head->node_base)
		image_idx = dump->images.items[image_idx].parent_idx;
	return image_idx;
}

/*
 * Collects the nodes from @node_id outwards until one whose stack is known.
 * Return: 0 with that stack (0 = reached the outermost), -ENOENT if the chain is broken, -ENOMEM.
 */
static int collect(
	struct mw_stack_builder *builder, uint32_t image_idx, uint32_t node_id, uint32_t *known_out)
{
	builder->pending.n = 0;
	while (node_id != 0) {
		uint32_t segment, element;
		image_idx = image_of_node(builder->dump, image_idx, node_id);
		const struct mwd_node *node = image_idx == MW_DUMP_NO_IMAGE
						      ? NULL
						      : mw_dump_find_node(builder->dump, image_idx,
								node_id, &segment, &element);
		if (!node || node->kind == MWD_NODE_NONE)
			return -ENOENT;
		uint32_t *memo = memo_of(builder, segment, element);
		if (!memo)
			return -ENOMEM;
		if (*memo == IN_PROGRESS)
			return -ENOENT; /* a cycle */
		if (*memo != 0) {
			*known_out = *memo;
			return 0;
		}
		struct pending_node *pending = mw_array_push(&builder->pending);
		if (!pending)
			return -ENOMEM;
		*memo = IN_PROGRESS;
		*pending = (struct pending_node){ node, builder->first_image_idx + image_idx,
			node_id, memo };
		node_id = node->parent;
	}
	*known_out = 0;
	return 0;
}

static struct mw_position position_of(
	const struct mw_profile *profile, const struct pending_node *at)
{
	struct mw_position position = {
		.module_idx = MW_NONE,
		.kind = at->node->kind,
		.value = at->node->value,
		.is_exact = at->node->flags & MWD_NODE_EXACT,
	};
	if (at->node->module != 0)
		position.module_idx =
			mw_profile_find_module(profile, at->image_idx, at->node->module);
	if (position.kind == MWD_NODE_REGION)
		position.value = mw_profile_find_region(profile, at->image_idx, at->id);
	return position;
}

int mw_stack_builder_intern(struct mw_stack_builder *builder, uint32_t dump_image_idx,
	uint32_t node_id, uint32_t *stack_out)
{
	struct mw_profile *profile = builder->profile;
	uint32_t stack = 0;
	int error = collect(builder, dump_image_idx, node_id, &stack);
	if (error == -ENOENT)
		error = intern_damaged(profile, &stack);
	for (size_t i = builder->pending.n; !error && i-- > 0;) {
		struct pending_node *at = &builder->pending.items[i];
		struct mw_position position = position_of(profile, at);
		if (profile->stacks.items[stack].depth >= MAX_DEPTH)
			error = intern_damaged(profile, &stack);
		if (!error)
			error = intern_stack(profile, stack, &position, &stack);
		*at->memo = stack;
	}
	if (!error)
		*stack_out = stack;
	return error;
}
