/* SPDX: no licence chosen yet, see README */
/*
 * merge.c - runs -> one profile: every record of every image, settled and added to the site of
 * its stack and class. Then nothing is per process any more, but what images keep for
 * themselves.
 */
#include "report/model/profile.h"

#include <errno.h>
#include <string.h>

#include "report/model/pids.h"
#include "report/model/sampled.h"
#include "report/util/format.h"

static int add_image(struct mw_profile *profile, uint32_t run_idx, uint32_t dump_idx)
{
	struct mw_image *image = mw_array_push(&profile->images);
	if (!image)
		return -ENOMEM;
	image->run_idx = run_idx;
	image->dump_idx = dump_idx;
	image->head = profile->runs.items[run_idx].dump.images.items[dump_idx].head;
	/* As it was called ("ld", not "x86_64-linux-gnu-ld.bfd"); else the file. */
	char path[MWD_CMDLINE_BYTES + 1] = { 0 };
	memcpy(path, image->head->cmdline, MWD_CMDLINE_BYTES);
	if (path[0] == '\0')
		memcpy(path, image->head->exe, MWD_EXE_BYTES);
	mw_format_clean(path);
	const char *name = path[0] ? mw_format_basename(path) : "?";
	return mw_strings_intern(&profile->strings, name, strlen(name), &image->program);
}

int mw_profile_add_run(struct mw_profile *profile, struct mw_run *run)
{
	struct mw_run *slot = mw_array_push(&profile->runs);
	if (!slot)
		return -ENOMEM;
	*slot = *run;
	memset(run, 0, sizeof(*run));
	uint32_t run_idx = (uint32_t)(profile->runs.n - 1);
	for (uint32_t i = 0; i < slot->dump.images.n; i++) {
		int error = add_image(profile, run_idx, i);
		if (error)
			return error;
	}
	return mw_pids_set(profile, run_idx);
}

static struct mw_site *site_of(struct mw_profile *profile, uint32_t stack_idx, uint16_t class)
{
	uint32_t *slot = &profile->stacks.items[stack_idx].sites[class];
	if (*slot != 0)
		return &profile->sites.items[*slot - 1];
	struct mw_site *site = mw_array_push(&profile->sites);
	if (!site)
		return NULL;
	site->stack = stack_idx;
	site->class = class;
	site->owner_line = MW_NONE;
	*slot = (uint32_t)profile->sites.n;
	return site;
}

struct merge {
	struct mw_profile *profile;
	struct mw_stack_builder *builder;
	const struct mwd_control *control;
	struct mw_sums sums; /* of the record at hand */
};

/* The stack that stands for having none by choice. */
static bool is_unstacked(const struct mw_profile *profile, uint32_t stack_idx)
{
	if (stack_idx == 0)
		return false;
	const struct mw_stack *stack = &profile->stacks.items[stack_idx];
	const struct mw_position *position = &profile->positions.items[stack->position_idx];
	if (stack->region == stack_idx) /* no frame in the region */
		return true;
	return stack->parent == 0 && position->kind == MWD_NODE_MARKER &&
	       (position->value == MWD_MARKER_STACKS_OFF ||
		       position->value == MWD_MARKER_NOT_SAMPLED);
}

/* Adds a record's sums to what it counts for. */
static int place_record(struct merge *merge, struct mw_image *image, uint32_t stack,
	const struct mwd_record *record, uint32_t *site_plus_1_out)
{
	struct mw_profile *profile = merge->profile;
	const struct mw_sums *sums = &merge->sums;
	if (is_unstacked(profile, stack)) {
		mw_sums_add(&image->unstacked[record->class], sums);
		return 0;
	}
	struct mw_site *site = site_of(profile, stack, record->class);
	if (!site)
		return -ENOMEM;
	uint32_t site_idx = (uint32_t)(site - profile->sites.items);
	if (record->size_class)
		return mw_sampled_add(profile, (uint32_t)(image - profile->images.items), site_idx,
			record->size_class, sums);
	mw_sums_add(&site->sums, sums);
	*site_plus_1_out = site_idx + 1;
	return 0;
}

static int merge_record(struct merge *merge, struct mw_image *image, const struct mw_settle *settle,
	const struct mwd_record *record, uint32_t *site_plus_1_out)
{
	if (!record->is_used)
		return 0;
	if (record->class >= MWD_N_CLASSES || record->size_class > MWD_MAX_SIZE_CLASS) {
		merge->profile->n_bad_records++;
		return 0;
	}
	uint32_t stack;
	int error = mw_stack_builder_intern(merge->builder, image->dump_idx, record->node, &stack);
	if (error)
		return error;
	merge->sums = mw_settle_record(settle, record);
	mw_sums_add(&image->sums[record->class], &merge->sums);
	mw_sums_add(&merge->profile->sums[record->class], &merge->sums);
	image->n_records++;
	mw_profile_count_regions(merge->profile, stack, record->class, &merge->sums);
	return place_record(merge, image, stack, record, site_plus_1_out);
}

static int merge_segment(struct merge *merge, struct mw_image *image,
	const struct mw_dump_segment *segment, uint32_t **sites_out)
{
	if (segment->n_elements == 0)
		return 0;
	*sites_out = calloc(segment->n_elements, sizeof(**sites_out));
	if (!*sites_out)
		return -ENOMEM;
	const struct mwd_record *records = (const struct mwd_record *)segment->content.bytes;
	struct mw_settle settle;
	mw_settle_init(&settle, merge->control, image->head);
	for (uint32_t i = 0; i < segment->n_elements; i++) {
		int error = merge_record(merge, image, &settle, &records[i], &(*sites_out)[i]);
		if (error)
			return error;
	}
	return 0;
}

static int merge_run(struct mw_profile *profile, uint32_t run_idx, uint32_t first_image_idx)
{
	const struct mw_dump *dump = &profile->runs.items[run_idx].dump;
	int error = 0;
	for (uint32_t i = 0; !error && i < dump->images.n; i++)
		error = mw_profile_load_modules(profile, first_image_idx + i);
	for (uint32_t i = 0; !error && i < dump->images.n; i++)
		error = mw_profile_load_regions(profile, first_image_idx + i);
	struct merge merge = { profile,
		error ? NULL : mw_stack_builder_create(profile, run_idx, first_image_idx),
		&dump->control, { 0 } };
	if (!merge.builder)
		error = -ENOMEM;
	for (size_t i = 0; !error && i < dump->segments.n; i++) {
		const struct mw_dump_segment *segment = &dump->segments.items[i];
		uint32_t **sites = mw_array_push(&profile->record_sites);
		if (!sites)
			error = -ENOMEM;
		else if (segment->kind == MWD_SEGMENT_RECORDS)
			error = merge_segment(&merge,
				&profile->images.items[first_image_idx + segment->image_idx],
				segment, sites);
	}
	mw_stack_builder_destroy(merge.builder);
	return error;
}

static void note_options(struct mw_profile *profile, const struct mwd_control *control)
{
	bool has_stacks = !(control->options & MWD_OPT_NO_STACKS);
	profile->has_free_stacks &= (control->options & MWD_OPT_FREE_STACKS) != 0;
	profile->has_stacks |= has_stacks;
	profile->has_stackless |= !has_stacks;
	profile->is_sampled |= has_stacks && control->sample_bytes != 0;
}

int mw_profile_merge(struct mw_profile *profile)
{
	if (!mw_array_push(&profile->stacks)) /* "no stack" */
		return -ENOMEM;
	uint32_t first_image_idx = 0;
	profile->has_free_stacks = profile->runs.n > 0;
	for (uint32_t i = 0; i < profile->runs.n; i++) {
		const struct mw_dump *dump = &profile->runs.items[i].dump;
		int error = merge_run(profile, i, first_image_idx);
		if (error)
			return error;
		first_image_idx += (uint32_t)dump->images.n;
		profile->tree_heap_peak_bytes = mw_plus(
			profile->tree_heap_peak_bytes, mw_settle_tree_heap_peak(&dump->control));
		note_options(profile, &dump->control);
	}
	mw_sampled_weigh(profile);
	return 0;
}

int mw_profile_open(struct mw_profile *profile, const char *const *directories, size_t n,
	void (*report_bad)(void *context, const struct mw_diag *diag), void *context)
{
	memset(profile, 0, sizeof(*profile));
	for (size_t i = 0; i < n; i++) {
		struct mw_run run;
		struct mw_diag diag = { "" };
		int error = mw_run_open(directories[i], &run, &diag);
		if (!error)
			error = mw_profile_add_run(profile, &run);
		else if (error != -ENOMEM)
			report_bad(context, &diag);
		mw_run_close(&run);
		if (error == -ENOMEM)
			return error;
	}
	return mw_profile_merge(profile);
}

uid_t mw_profile_owner(const struct mw_profile *profile)
{
	uid_t owner = 0;
	for (size_t i = 0; i < profile->runs.n && owner == 0; i++)
		owner = profile->runs.items[i].owner;
	return owner;
}

void mw_profile_deinit(struct mw_profile *profile)
{
	for (size_t i = 0; i < profile->runs.n; i++)
		mw_run_close(&profile->runs.items[i]);
	for (size_t i = 0; i < profile->images.n; i++) {
		mw_array_deinit(&profile->images.items[i].modules);
		mw_array_deinit(&profile->images.items[i].regions);
	}
	for (size_t i = 0; i < profile->record_sites.n; i++)
		free(profile->record_sites.items[i]);
	mw_array_deinit(&profile->runs);
	mw_array_deinit(&profile->images);
	mw_array_deinit(&profile->modules);
	mw_array_deinit(&profile->positions);
	mw_array_deinit(&profile->stacks);
	mw_array_deinit(&profile->sites);
	mw_array_deinit(&profile->functions);
	mw_array_deinit(&profile->lines);
	mw_array_deinit(&profile->frames);
	mw_array_deinit(&profile->shares);
	mw_array_deinit(&profile->parts);
	mw_array_deinit(&profile->regions);
	mw_array_deinit(&profile->spans);
	mw_array_deinit(&profile->record_sites);
	mw_strings_deinit(&profile->strings);
	mw_index_deinit(&profile->module_index);
	mw_index_deinit(&profile->position_index);
	mw_index_deinit(&profile->stack_index);
	mw_index_deinit(&profile->function_index);
	mw_index_deinit(&profile->line_index);
	mw_index_deinit(&profile->share_index);
	mw_index_deinit(&profile->part_index);
	mw_index_deinit(&profile->region_index);
}
