/* SPDX: no licence chosen yet, see README */
/* selection.c - see selection.h. */
#include "report/model/selection.h"

#include <errno.h>
#include <stdlib.h>

const char *const mw_rest_names[MW_N_RESTS] = {
	[MW_REST_PROCESSES] = "not shown: other processes",
	[MW_REST_MODULES] = "not shown: other modules",
};

/* A stack of one frame, which is the line that stands for the rest. */
static int add_rest_stack(struct mw_profile *profile, enum mw_rest rest, uint32_t *stack_out)
{
	char name[64];
	struct mw_position *position = mw_array_push(&profile->positions);
	struct mw_stack *stack = mw_array_push(&profile->stacks);
	if (!position || !stack)
		return -ENOMEM;
	position->module_idx = MW_NONE;
	stack->position_idx = (uint32_t)(profile->positions.n - 1);
	stack->depth = 1;
	*stack_out = (uint32_t)(profile->stacks.n - 1);
	snprintf(name, sizeof(name), "[%s]", mw_rest_names[rest]);
	int error = mw_profile_add_rest_frame(profile, stack->position_idx, name);
	if (!error)
		profile->rest_lines[rest] = profile->frames.items[position->first_frame] + 1;
	return error;
}

/* Where all records of images that are not shown go. */
static int add_rest_sites(struct mw_profile *profile, uint32_t stack_idx)
{
	for (uint16_t class = 0; class < MWD_N_CLASSES; class ++) {
		struct mw_site *site = mw_array_push(&profile->sites);
		if (!site)
			return -ENOMEM;
		site->stack = stack_idx;
		site->class = class;
		site->owner_line = MW_NONE;
		profile->stacks.items[stack_idx].sites[class] = (uint32_t)profile->sites.n;
		profile->rest_sites[class] = (uint32_t)(profile->sites.n - 1);
	}
	return 0;
}

static int add_record(void *context, uint32_t site_idx, const struct mw_sums *sums)
{
	struct mw_profile *profile = context;
	mw_sums_add(&profile->sites.items[site_idx].sums, sums);
	return 0;
}

/* Maxima cannot be taken back, so all sites are added up anew. */
static void add_up(struct mw_profile *profile)
{
	for (size_t i = 0; i < profile->sites.n; i++)
		profile->sites.items[i].sums = (struct mw_sums){ 0 };
	for (unsigned class = 0; class < MWD_N_CLASSES; class ++)
		profile->unstacked[class] = (struct mw_sums){ 0 };
	for (uint32_t i = 0; i < profile->images.n; i++) {
		struct mw_image *image = &profile->images.items[i];
		mw_profile_each_record(profile, i, add_record, profile);
		for (unsigned class = 0; class < MWD_N_CLASSES; class ++) {
			if (image->is_not_shown) /* with the rest, now */
				image->unstacked[class] = (struct mw_sums){ 0 };
			mw_sums_add(&profile->unstacked[class], &image->unstacked[class]);
		}
	}
}

static int select_processes(const struct mw_regex *regex, struct mw_profile *profile,
	const struct mw_processes *processes, size_t *n_given_up)
{
	uint32_t stack_idx;
	int error = add_rest_stack(profile, MW_REST_PROCESSES, &stack_idx);
	if (!error)
		error = add_rest_sites(profile, stack_idx);
	for (size_t i = 0; !error && i < processes->rows.n; i++) {
		const struct mw_process_row *row = &processes->rows.items[i];
		if (row->image_idx == MW_NONE)
			continue;
		char *command = mw_processes_whole_command(profile, row);
		int found = command ? mw_regex_search(regex, command) : 0;
		error = command ? 0 : -ENOMEM;
		free(command);
		*n_given_up += found < 0;
		profile->images.items[row->image_idx].is_not_shown = found == 0;
	}
	if (!error)
		add_up(profile);
	return error;
}

static int select_modules(
	const struct mw_regex *regex, struct mw_profile *profile, size_t *n_given_up)
{
	uint32_t stack_idx;
	for (size_t i = 0; i < profile->modules.n; i++) {
		struct mw_module *module = &profile->modules.items[i];
		int found = mw_regex_search(regex, mw_profile_text(profile, module->path));
		*n_given_up += found < 0;
		module->is_not_shown = found == 0;
	}
	return add_rest_stack(profile, MW_REST_MODULES, &stack_idx);
}

int mw_selection_apply(const struct mw_selection *selection, struct mw_profile *profile,
	const struct mw_processes *processes, size_t *n_given_up_out)
{
	int error = 0;
	*n_given_up_out = 0;
	if (selection->process)
		error = select_processes(selection->process, profile, processes, n_given_up_out);
	if (!error && selection->module)
		error = select_modules(selection->module, profile, n_given_up_out);
	return error;
}
