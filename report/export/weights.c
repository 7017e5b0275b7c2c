/* SPDX: no licence chosen yet, see README */
/*
 * weights.c - see weights.h. Merged, a weight is a site; for each process, an image's records of
 * one site are one weight.
 */
#include "report/export/weights.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "report/model/functions.h"
#include "report/model/pids.h"
#include "report/util/format.h"

static int collect_merged(struct mw_weights *weights, const struct mw_profile *profile)
{
	for (uint32_t i = 0; i < profile->sites.n; i++) {
		if (profile->sites.items[i].class != MWD_CLASS_HEAP)
			continue;
		struct mw_weight *weight = mw_array_push(&weights->items);
		if (!weight)
			return -ENOMEM;
		*weight = (struct mw_weight){ 0, i, profile->sites.items[i].sums };
	}
	return 0;
}

/* One image's sums by site, and which sites those are. */
struct gathered {
	const struct mw_profile *profile;
	struct mw_sums *sums; /* by site */
	bool *is_there;	      /* by site */
	uint32_t *sites;
	size_t n;
};

static int gather(void *context, uint32_t site_idx, const struct mw_sums *sums)
{
	struct gathered *gathered = context;
	if (gathered->profile->sites.items[site_idx].class != MWD_CLASS_HEAP)
		return 0;
	if (!gathered->is_there[site_idx]) {
		gathered->is_there[site_idx] = true;
		gathered->sites[gathered->n++] = site_idx;
		gathered->sums[site_idx] = (struct mw_sums){ 0 };
	}
	mw_sums_add(&gathered->sums[site_idx], sums);
	return 0;
}

static int tell(
	struct gathered *gathered, uint32_t image_idx, mw_weights_visit *visit, void *context)
{
	int result = 0;
	for (size_t i = 0; i < gathered->n; i++) {
		uint32_t site_idx = gathered->sites[i];
		struct mw_weight weight = { image_idx, site_idx, gathered->sums[site_idx] };
		if (!result)
			result = visit(context, &weight);
		gathered->is_there[site_idx] = false;
	}
	gathered->n = 0;
	return result;
}

int mw_weights_each(const struct mw_profile *profile, mw_weights_visit *visit, void *context)
{
	size_t n = profile->sites.n + 1;
	struct gathered gathered = { .profile = profile,
		.sums = malloc(n * sizeof(*gathered.sums)),
		.is_there = calloc(n, sizeof(*gathered.is_there)),
		.sites = malloc(n * sizeof(*gathered.sites)) };
	int result = gathered.sums && gathered.is_there && gathered.sites ? 0 : -ENOMEM;
	for (uint32_t i = 0; !result && i < profile->images.n; i++) {
		mw_profile_each_record(profile, i, gather, &gathered);
		result = tell(&gathered, i, visit, context);
	}
	free(gathered.sums);
	free(gathered.is_there);
	free(gathered.sites);
	return result;
}

static int keep(void *context, const struct mw_weight *weight)
{
	struct mw_weights *weights = context;
	struct mw_weight *kept = mw_array_push(&weights->items);
	if (kept)
		*kept = *weight;
	return kept ? 0 : -ENOMEM;
}

int mw_weights_collect(
	struct mw_weights *weights, const struct mw_profile *profile, bool is_per_process)
{
	memset(weights, 0, sizeof(*weights));
	return is_per_process ? mw_weights_each(profile, keep, weights)
			      : collect_merged(weights, profile);
}

void mw_weights_deinit(struct mw_weights *weights)
{
	mw_array_deinit(&weights->items);
}

int64_t mw_weights_of(const struct mw_weight *weight, const struct mw_export_options *options)
{
	int64_t value = mw_columns[options->value->column].get(&weight->sums);
	return value > 0 ? value : 0;
}

const char *mw_weights_group_name(const struct mw_profile *profile, uint32_t group,
	bool is_per_process, char out[static MW_EXPORT_NAME_BYTES])
{
	if (!is_per_process)
		return strcpy(out, "all processes");
	const struct mw_image *image = &profile->images.items[group];
	const char *program = mw_profile_text(profile, image->program);
	snprintf(out, MW_EXPORT_NAME_BYTES, "%s (%d)", program ? program : "?",
		(int)mw_pids_shown(image->pid));
	mw_format_clean(out);
	return out;
}

const char *mw_weights_frame_name(
	const struct mw_profile *profile, uint32_t line_idx, char out[static MW_EXPORT_NAME_BYTES])
{
	mw_functions_name(profile, &profile->lines.items[line_idx], out, MW_EXPORT_NAME_BYTES);
	mw_format_clean(out);
	return out;
}

size_t mw_weights_stack(
	const struct mw_profile *profile, uint32_t site_idx, uint32_t *lines, size_t max_depth)
{
	struct mw_frame_walk walk = { .stack = profile->sites.items[site_idx].stack };
	size_t n = 0;
	while (n < max_depth && mw_profile_next_frame(profile, &walk, &lines[n]))
		n++;
	for (size_t i = 0; i < n / 2; i++) {
		uint32_t line_idx = lines[i];
		lines[i] = lines[n - 1 - i];
		lines[n - 1 - i] = line_idx;
	}
	return n;
}
