/* SPDX: no licence chosen yet, see README */
/*
 * weights.h - what all exports share: weighted stacks, of one process each or of all, and the
 * names of their frames.
 */
#pragma once

#include "report/export/export.h"

#define MW_EXPORT_NAME_BYTES 1024

struct mw_weight {
	uint32_t group; /* image index; 0 when all are merged */
	uint32_t site_idx;
	struct mw_sums sums;
};

struct mw_weights {
	MW_ARRAY(struct mw_weight) items; /* heap only; those of a group follow each other */
};

/** mw_weights_collect() - 0 or -ENOMEM; deinit in every case. */
int mw_weights_collect(
	struct mw_weights *weights, const struct mw_profile *profile, bool is_per_process);
void mw_weights_deinit(struct mw_weights *weights);

/**
 * mw_weights_each() - what each image has at each heap site, image by image (weight->group)
 *
 * An image's records of a site are one weight. Nothing is kept: of hundreds of compilers it would
 * be hundreds of megabytes.
 * @visit: nonzero ends the walk
 * Return: what the last @visit returned, or -ENOMEM.
 */
typedef int mw_weights_visit(void *context, const struct mw_weight *weight);
int mw_weights_each(const struct mw_profile *profile, mw_weights_visit *visit, void *context);

/** mw_weights_of() - what a weight counts under these options; never negative. */
int64_t mw_weights_of(const struct mw_weight *weight, const struct mw_export_options *options);

/** mw_weights_group_name() - "cc1 (1234)", or "all processes"; returns @out. */
const char *mw_weights_group_name(const struct mw_profile *profile, uint32_t group,
	bool is_per_process, char out[static MW_EXPORT_NAME_BYTES]);

/** mw_weights_frame_name() - the function, or "cc1+0x1234"; control bytes removed; returns @out. */
const char *mw_weights_frame_name(
	const struct mw_profile *profile, uint32_t line_idx, char out[static MW_EXPORT_NAME_BYTES]);

/**
 * mw_weights_stack() - line indices of a site's frames, outermost first
 * @lines: at least max_depth long; a deeper stack loses outer frames
 * Return: how many, 0 = unattributed.
 */
size_t mw_weights_stack(
	const struct mw_profile *profile, uint32_t site_idx, uint32_t *lines, size_t max_depth);

#define MW_EXPORT_MAX_DEPTH 4096
#define MW_EXPORT_UNATTRIBUTED "[unattributed]"
