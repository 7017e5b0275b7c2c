/* SPDX: no licence chosen yet, see README */
/*
 * aggregate.c - sites -> sums of lines and functions. After resolving; the last step of the
 * model.
 *
 * Two views of the same sites (DESIGN 7):
 *   through   line L of function F has all stacks that pass through (F, L), inlined frames
 *             included, recursion once: these overlap, and a caller has its callees' bytes
 *   owned     each site at exactly one line:  sum of owned + unattributed == sum of sites
 *
 * The owner is the innermost frame with a source line outside the C and C++ libraries and
 * allocation wrappers; without one, the innermost frame outside them; else the innermost.
 */
#include "report/model/profile.h"

#include <errno.h>
#include <string.h>

bool mw_profile_next_frame(
	const struct mw_profile *profile, struct mw_frame_walk *walk, uint32_t *line_idx_out)
{
	while (walk->stack != 0) {
		const struct mw_stack *stack = &profile->stacks.items[walk->stack];
		const struct mw_position *position = &profile->positions.items[stack->position_idx];
		if (walk->next_frame < position->n_frames) {
			*line_idx_out =
				profile->frames.items[position->first_frame + walk->next_frame++];
			return true;
		}
		*walk = (struct mw_frame_walk){ .stack = stack->parent };
	}
	return false;
}

static uint32_t find_owner(const struct mw_profile *profile, uint32_t stack_idx)
{
	struct mw_frame_walk walk = { .stack = stack_idx };
	uint32_t line_idx, innermost = MW_NONE, outside = MW_NONE;
	while (mw_profile_next_frame(profile, &walk, &line_idx)) {
		const struct mw_line *line = &profile->lines.items[line_idx];
		if (innermost == MW_NONE)
			innermost = line_idx;
		if (profile->functions.items[line->function_idx].is_library)
			continue;
		if (line->line != 0)
			return line_idx;
		if (outside == MW_NONE)
			outside = line_idx;
	}
	return outside != MW_NONE ? outside : innermost;
}

static uint32_t shown_owner(const struct mw_profile *profile, uint32_t owner)
{
	if (owner == MW_NONE)
		return owner;
	const struct mw_line *line = &profile->lines.items[owner];
	return mw_profile_shows(profile, &profile->functions.items[line->function_idx])
		       ? owner
		       : profile->rest_lines[MW_REST_MODULES] - 1;
}

/* @stamp is different for each site: that counts a line or function once, however deep it
 * recurses. */
static void add_through(struct mw_profile *profile, const struct mw_site *site, uint32_t stamp)
{
	struct mw_frame_walk walk = { .stack = site->stack };
	uint32_t line_idx;
	while (mw_profile_next_frame(profile, &walk, &line_idx)) {
		struct mw_line *line = &profile->lines.items[line_idx];
		struct mw_function *function = &profile->functions.items[line->function_idx];
		if (line->stamp != stamp)
			mw_sums_add(&line->through[site->class], &site->sums);
		if (function->stamp != stamp)
			mw_sums_add(&function->through[site->class], &site->sums);
		line->stamp = stamp;
		function->stamp = stamp;
	}
}

static void add_sites(struct mw_profile *profile)
{
	for (uint32_t i = 0; i < profile->sites.n; i++) {
		struct mw_site *site = &profile->sites.items[i];
		site->owner_line = shown_owner(profile, find_owner(profile, site->stack));
		struct mw_sums *owned =
			site->owner_line == MW_NONE
				? &profile->unattributed[site->class]
				: &profile->lines.items[site->owner_line].owned[site->class];
		mw_sums_add(owned, &site->sums);
		if (profile->stacks.items[site->stack].is_partial)
			mw_sums_add(&profile->partial[site->class], &site->sums);
		add_through(profile, site, i + 1);
	}
}

static bool is_share(const void *context, uint32_t element, const void *key)
{
	const struct mw_share *share = &((const struct mw_profile *)context)->shares.items[element];
	const struct mw_share *wanted = key;
	return share->line_idx == wanted->line_idx && share->program == wanted->program &&
	       share->class == wanted->class;
}

static int intern_share(struct mw_profile *profile, const struct mw_share *key, uint32_t *out)
{
	uint64_t hash = mw_hash_word(MW_HASH_START, (uint64_t)key->line_idx << 32 | key->program);
	hash = mw_hash_word(hash, key->class);
	if (mw_index_find(&profile->share_index, hash, is_share, profile, key, out) == 0)
		return 0;
	struct mw_share *share = mw_array_push(&profile->shares);
	if (!share)
		return -ENOMEM;
	struct mw_line *line = &profile->lines.items[key->line_idx];
	*share = *key;
	share->last_image = MW_NONE;
	share->next = line->first_share;
	*out = line->first_share = (uint32_t)(profile->shares.n - 1);
	return mw_index_add(&profile->share_index, hash, *out);
}

/* One record again, now that its owner line is known: which image and program it belongs to. */
struct image_shares {
	struct mw_profile *profile;
	uint32_t image_idx;
};

static int add_share(void *context, uint32_t site_idx, const struct mw_sums *sums)
{
	const struct image_shares *shares = context;
	struct mw_profile *profile = shares->profile;
	const struct mw_site *site = &profile->sites.items[site_idx];
	struct mw_image *image = &profile->images.items[shares->image_idx];
	if (site->class == MWD_CLASS_HEAP && profile->stacks.items[site->stack].is_partial)
		image->partial_bytes += sums->allocated_bytes;
	if (site->owner_line == MW_NONE) {
		mw_sums_add(&image->unattributed[site->class], sums);
		return 0;
	}
	if (site->owner_line + 1 == profile->rest_lines[MW_REST_MODULES])
		mw_sums_add(&image->elsewhere[site->class], sums);
	if (sums->peak_bytes[MWD_PEAK_TREE_HEAP] == 0)
		return 0;
	struct mw_share key = { .line_idx = site->owner_line,
		.program = image->program,
		.class = site->class };
	uint32_t share_idx;
	int error = intern_share(profile, &key, &share_idx);
	if (error)
		return error;
	struct mw_share *share = &profile->shares.items[share_idx];
	share->bytes = mw_plus(share->bytes, sums->peak_bytes[MWD_PEAK_TREE_HEAP]);
	share->blocks = mw_plus(share->blocks, sums->peak_blocks[MWD_PEAK_TREE_HEAP]);
	share->n_images += share->last_image != shares->image_idx;
	share->last_image = shares->image_idx;
	return 0;
}

/* A record of an image with its site; false when there are no more. */
struct record_walk {
	uint32_t segment, element;
};

static bool next_record(const struct mw_profile *profile, const struct mw_image *image,
	size_t first_record_sites, struct record_walk *walk, const struct mwd_record **record_out,
	const struct mw_site **site_out)
{
	const struct mw_dump *dump = &profile->runs.items[image->run_idx].dump;
	const struct mw_dump_image *dump_image = &dump->images.items[image->dump_idx];
	for (; walk->segment < dump_image->n_segments; walk->segment++, walk->element = 0) {
		uint32_t segment_idx = dump_image->first_segment + walk->segment;
		const struct mw_dump_segment *segment = &dump->segments.items[segment_idx];
		const uint32_t *sites =
			profile->record_sites.items[first_record_sites + segment_idx];
		for (; sites && walk->element < segment->n_elements; walk->element++) {
			if (sites[walk->element] == 0)
				continue;
			*site_out = &profile->sites.items[sites[walk->element] - 1];
			*record_out =
				(const struct mwd_record *)segment->content.bytes + walk->element++;
			return true;
		}
	}
	return false;
}

/* record_sites holds the segments of all runs before this one first. */
static size_t first_record_sites(const struct mw_profile *profile, uint32_t run_idx)
{
	size_t n = 0;
	for (uint32_t i = 0; i < run_idx; i++)
		n += profile->runs.items[i].dump.segments.n;
	return n;
}

int mw_profile_each_record(const struct mw_profile *profile, uint32_t image_idx,
	int (*visit)(void *context, uint32_t site_idx, const struct mw_sums *sums), void *context)
{
	const struct mw_image *image = &profile->images.items[image_idx];
	size_t first = first_record_sites(profile, image->run_idx);
	struct record_walk walk = { 0 };
	const struct mwd_record *record;
	const struct mw_site *site;
	struct mw_settle settle;
	int result = 0;
	if (image->is_not_shown) {
		for (unsigned class = 0; !result && class < MWD_N_CLASSES; class ++)
			result = visit(context, profile->rest_sites[class], &image->sums[class]);
		return result;
	}
	mw_settle_init(&settle, &profile->runs.items[image->run_idx].dump.control, image->head);
	while (!result && next_record(profile, image, first, &walk, &record, &site)) {
		struct mw_sums sums = mw_settle_record(&settle, record);
		result = visit(context, (uint32_t)(site - profile->sites.items), &sums);
	}
	for (uint32_t i = 0; !result && i < image->n_parts; i++) {
		const struct mw_part *part = &profile->parts.items[image->first_part + i];
		result = visit(context, part->site_idx, &part->sums);
	}
	return result;
}

int mw_profile_aggregate(struct mw_profile *profile)
{
	add_sites(profile);
	int error = 0;
	for (uint32_t i = 0; !error && i < profile->images.n; i++)
		error = mw_profile_each_record(
			profile, i, add_share, &(struct image_shares){ profile, i });
	return error;
}

struct image_lines {
	const struct mw_profile *profile;
	int64_t *bytes;
};

static int add_image_line(void *context, uint32_t site_idx, const struct mw_sums *sums)
{
	const struct image_lines *lines = context;
	const struct mw_site *site = &lines->profile->sites.items[site_idx];
	if (site->class != MWD_CLASS_HEAP || site->owner_line == MW_NONE)
		return 0;
	int64_t *bytes = &lines->bytes[site->owner_line];
	*bytes = mw_plus(*bytes, sums->peak_bytes[MWD_PEAK_PROCESS_HEAP]);
	return 0;
}

void mw_profile_image_lines(const struct mw_profile *profile, uint32_t image_idx, int64_t *bytes)
{
	struct image_lines lines = { profile, bytes };
	mw_profile_each_record(profile, image_idx, add_image_line, &lines);
}
