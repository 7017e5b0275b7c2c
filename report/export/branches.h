/* SPDX: no licence chosen yet, see README */
/*
 * branches.h - weighted stacks sorted by their frames, so that a tree of calls is a walk over
 * ranges: for exports that are such trees (massif.c, calls.c).
 */
#pragma once

#include "report/export/weights.h"

#define MW_BRANCHES_MAX_DEPTH 60 /* frames from the root of the tree on; massif's --depth is 30 */

struct mw_leaf {
	const uint32_t *frames; /* line indices, the tree's root first; into branches.frames */
	uint32_t n_frames;
	int64_t weight;
};

struct mw_branches {
	const struct mw_profile *profile;
	MW_ARRAY(struct mw_leaf) leaves; /* sorted by frames */
	uint32_t *frames;		 /* owned */
	int64_t total;
	double least; /* weight of a branch that is shown by itself */
};

/* Leaves [first, end) that share their frames to some depth. */
struct mw_branch {
	size_t first, end;
	int64_t weight;
};

/* What a node divides into. */
struct mw_branching {
	MW_ARRAY(struct mw_branch) items; /* heaviest first */
	size_t n_small;			  /* below the threshold */
	int64_t small_weight;
	int64_t own_weight; /* of leaves that end at the node: at the root, those without a stack */
};

/**
 * mw_branches_build() - of all processes
 * @is_outermost_first: the root of the tree is main, else the functions that allocate
 * Return: 0 or -ENOMEM; deinit in every case.
 */
int mw_branches_build(struct mw_branches *branches, const struct mw_profile *profile,
	const struct mw_export_options *options, bool is_outermost_first);
void mw_branches_deinit(struct mw_branches *branches);

/**
 * mw_branches_below() - what the leaves [first, end), which agree above @depth, divide into there
 * Return: 0 or -ENOMEM; mw_array_deinit() its items in every case.
 */
int mw_branches_below(const struct mw_branches *branches, size_t first, size_t end, uint32_t depth,
	struct mw_branching *out);

/** mw_branches_frame() - the line index that a branch found at @depth stands for. */
static inline uint32_t mw_branches_frame(
	const struct mw_branches *branches, const struct mw_branch *branch, uint32_t depth)
{
	return branches->leaves.items[branch->first].frames[depth];
}
