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

/* One image at a time: @place_of_site holds, for a site met in this image, its weight's index + 1;
 * lower ones are of images before. */
struct collector {
	struct mw_weights *weights;
	const struct mw_profile *profile;
	uint32_t group;
	size_t first;
	size_t *place_of_site;
};

static int collect_record(void *context, uint32_t site_idx, const struct mw_sums *sums)
{
	struct collector *collector = context;
	struct mw_weights *weights = collector->weights;
	if (collector->profile->sites.items[site_idx].class != MWD_CLASS_HEAP)
		return 0;
	size_t *place = &collector->place_of_site[site_idx];
	if (*place > collector->first) {
		mw_sums_add(&weights->items.items[*place - 1].sums, sums);
		return 0;
	}
	struct mw_weight *weight = mw_array_push(&weights->items);
	if (!weight)
		return -ENOMEM;
	*weight = (struct mw_weight){ collector->group, site_idx, *sums };
	*place = weights->items.n;
	return 0;
}

static int collect_by_process(struct mw_weights *weights, const struct mw_profile *profile)
{
	struct collector collector = { .weights = weights, .profile = profile };
	collector.place_of_site = calloc(profile->sites.n + 1, sizeof(size_t));
	int error = collector.place_of_site ? 0 : -ENOMEM;
	for (uint32_t i = 0; !error && i < profile->images.n; i++) {
		collector.group = i;
		collector.first = weights->items.n;
		error = mw_profile_each_record(profile, i, collect_record, &collector);
	}
	free(collector.place_of_site);
	return error;
}

int mw_weights_collect(
	struct mw_weights *weights, const struct mw_profile *profile, bool is_per_process)
{
	memset(weights, 0, sizeof(*weights));
	return is_per_process ? collect_by_process(weights, profile)
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
		(int)image->head->pid);
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
