/* SPDX: no licence chosen yet, see README */
/*
 * regions.c - the regions that programs marked: what the images' logs say of them, merged by name,
 * and the sums of the records whose stacks lie in them. Part of merging (profile.h).
 */
#include "report/model/profile.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "report/util/format.h"

static int intern_name(struct mw_profile *profile, struct mw_span entry, size_t fixed_bytes,
	uint32_t name_bytes, uint32_t *out)
{
	char name[MWD_REGION_NAME_BYTES + 1] = "";
	struct mw_span text;
	if (name_bytes <= MWD_REGION_NAME_BYTES &&
		mw_span_part(entry, fixed_bytes, name_bytes, &text) && name_bytes > 0)
		memcpy(name, text.bytes, name_bytes);
	mw_format_clean(name);
	const char *shown = name[0] ? name : "(no name)";
	return mw_strings_intern(&profile->strings, shown, strlen(shown), out);
}

static bool is_region(const void *context, uint32_t element, const void *key)
{
	return ((const struct mw_profile *)context)->regions.items[element].name ==
	       *(const uint32_t *)key;
}

static int intern_region(struct mw_profile *profile, uint32_t name, uint32_t *out)
{
	uint64_t hash = mw_hash_word(MW_HASH_START, name);
	if (mw_index_find(&profile->region_index, hash, is_region, profile, &name, out) == 0)
		return 0;
	struct mw_region *region = mw_array_push(&profile->regions);
	if (!region)
		return -ENOMEM;
	region->name = name;
	region->last_image = MW_NONE;
	*out = (uint32_t)(profile->regions.n - 1);
	return mw_index_add(&profile->region_index, hash, *out);
}

static void raise(int64_t *most, int64_t value)
{
	if (value > *most)
		*most = value;
}

/* The one instance of a region that went on until the image's end. */
static int64_t unfinished_ns(const struct mw_image *image, const struct mwd_log_region *entry)
{
	bool is_one = entry->n_begun == 1 && entry->n_ended == 0;
	return is_one && image->head->end_ns > entry->first_start_ns
		       ? mw_minus(image->head->end_ns, entry->first_start_ns)
		       : 0;
}

static void add_entry(struct mw_profile *profile, struct mw_region *region, uint32_t image_idx,
	const struct mwd_log_region *entry)
{
	const struct mw_image *image = &profile->images.items[image_idx];
	const struct mwd_control *control = &profile->runs.items[image->run_idx].dump.control;
	int64_t start_ns = mw_minus(entry->first_start_ns, control->start_monotonic_ns);
	if (region->n_begun == 0 || start_ns < region->first_start_ns)
		region->first_start_ns = start_ns;
	region->n_begun += entry->n_begun;
	region->n_ended += entry->n_ended;
	region->n_images += region->last_image != image_idx;
	region->last_image = image_idx;
	int64_t rest_ns = unfinished_ns(image, entry);
	region->elapsed_sum_ns =
		mw_plus(region->elapsed_sum_ns, mw_plus(entry->elapsed_sum_ns, rest_ns));
	raise(&region->elapsed_max_ns, rest_ns);
	raise(&region->elapsed_max_ns, entry->elapsed_max_ns);
	region->peak_sum_bytes = mw_plus(region->peak_sum_bytes, entry->peak_sum_bytes);
	raise(&region->peak_max_bytes, entry->peak_max_bytes);
}

static int load_region(struct mw_profile *profile, uint32_t image_idx, struct mw_span span)
{
	struct mwd_log_region entry;
	uint32_t name, region_idx;
	if (!mw_span_read(span, 0, &entry, sizeof(entry)))
		return 0;
	int error = intern_name(profile, span, sizeof(entry), entry.name_bytes, &name);
	if (!error)
		error = intern_region(profile, name, &region_idx);
	struct mw_image_region *slot =
		error ? NULL : mw_array_push(&profile->images.items[image_idx].regions);
	if (!slot)
		return -ENOMEM;
	*slot = (struct mw_image_region){ entry.node, region_idx };
	add_entry(profile, &profile->regions.items[region_idx], image_idx, &entry);
	return 0;
}

static int load_span(struct mw_profile *profile, uint32_t image_idx, struct mw_span span)
{
	struct mwd_log_span entry;
	if (!mw_span_read(span, 0, &entry, sizeof(entry)))
		return 0;
	uint32_t region_idx = mw_profile_find_region(profile, image_idx, entry.node);
	if (region_idx == MW_NONE)
		return 0;
	struct mw_region_span *slot = mw_array_push(&profile->spans);
	if (!slot)
		return -ENOMEM;
	*slot = (struct mw_region_span){ .image_idx = image_idx,
		.region_idx = region_idx,
		.name = profile->regions.items[region_idx].name,
		.depth = entry.depth,
		.tid = entry.tid,
		.start_ns = entry.start_ns,
		.end_ns = entry.end_ns,
		.start_bytes = entry.start_bytes,
		.end_bytes = entry.end_bytes,
		.peak_bytes = entry.peak_bytes };
	return 0;
}

static int load_instant(struct mw_profile *profile, uint32_t image_idx, struct mw_span span)
{
	struct mwd_log_instant entry;
	uint32_t name;
	if (!mw_span_read(span, 0, &entry, sizeof(entry)))
		return 0;
	int error = intern_name(profile, span, sizeof(entry), entry.name_bytes, &name);
	struct mw_region_span *slot = error ? NULL : mw_array_push(&profile->spans);
	if (!slot)
		return -ENOMEM;
	*slot = (struct mw_region_span){ .image_idx = image_idx,
		.region_idx = MW_NONE,
		.name = name,
		.tid = entry.tid,
		.start_ns = entry.time_ns,
		.end_ns = entry.time_ns,
		.start_bytes = entry.live_bytes,
		.end_bytes = entry.live_bytes,
		.peak_bytes = entry.live_bytes };
	return 0;
}

static int compare_nodes(const void *left, const void *right)
{
	const struct mw_image_region *a = left, *b = right;
	return a->node < b->node ? -1 : a->node > b->node;
}

static int load_entries(struct mw_profile *profile, uint32_t image_idx, uint32_t type,
	int (*load)(struct mw_profile *profile, uint32_t image_idx, struct mw_span span))
{
	const struct mw_image *image = &profile->images.items[image_idx];
	const struct mw_dump *dump = &profile->runs.items[image->run_idx].dump;
	struct mw_dump_log_cursor cursor = { 0 };
	struct mw_span span;
	int error = 0;
	while (!error && mw_dump_next_log(dump, image->dump_idx, &cursor, &span)) {
		if (((const struct mwd_log_entry *)span.bytes)->type == type)
			error = load(profile, image_idx, span);
	}
	return error;
}

int mw_profile_load_regions(struct mw_profile *profile, uint32_t image_idx)
{
	int error = load_entries(profile, image_idx, MWD_LOG_REGION, load_region);
	struct mw_image *image = &profile->images.items[image_idx];
	if (image->regions.n > 0)
		qsort(image->regions.items, image->regions.n, sizeof(image->regions.items[0]),
			compare_nodes);
	if (!error)
		error = load_entries(profile, image_idx, MWD_LOG_SPAN, load_span);
	if (!error)
		error = load_entries(profile, image_idx, MWD_LOG_INSTANT, load_instant);
	return error;
}

uint32_t mw_profile_find_region(
	const struct mw_profile *profile, uint32_t image_idx, uint32_t node_id)
{
	const struct mw_image *image = &profile->images.items[image_idx];
	struct mw_image_region key = { node_id, 0 };
	const struct mw_image_region *found =
		image->regions.n == 0 ? NULL
				      : bsearch(&key, image->regions.items, image->regions.n,
						sizeof(key), compare_nodes);
	return found ? found->region_idx : MW_NONE;
}

void mw_profile_count_regions(
	struct mw_profile *profile, uint32_t stack_idx, uint16_t class, const struct mw_sums *sums)
{
	const struct mw_stack *stacks = profile->stacks.items;
	uint32_t at = stacks[stack_idx].region;
	/* Once, though a region may lie in one of its own name. */
	uint64_t stamp = at ? ++profile->n_region_stamps : 0;
	for (; at; at = stacks[stacks[at].parent].region) {
		uint64_t region_idx = profile->positions.items[stacks[at].position_idx].value;
		struct mw_region *region = region_idx < profile->regions.n
						   ? &profile->regions.items[region_idx]
						   : NULL;
		if (!region || region->stamp == stamp)
			continue;
		region->stamp = stamp;
		mw_sums_add(&region->sums[class], sums);
	}
}
