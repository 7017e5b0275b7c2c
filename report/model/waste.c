/* SPDX: no licence chosen yet, see README */
/*
 * waste.c - see waste.h. Live bytes are told apart image by image, by how each ended; the rest is
 * of the sites as merged.
 *
 * A call that frees and allocates has the same return address for both, so the stack of a realloc
 * is one site with allocations and with frees of its own: that is how reallocs are known without a
 * counter. The first one, of NULL, moves nothing and is none.
 */
#include "report/model/waste.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/model/library.h"

static void add(struct mw_waste_count *count, int64_t bytes, int64_t blocks)
{
	count->bytes = mw_plus(count->bytes, bytes);
	count->blocks = mw_plus(count->blocks, blocks);
}

static void add_tally(struct mw_waste_tally *sum, const struct mw_waste_tally *more)
{
	for (unsigned kind = 0; kind < MW_N_WASTE; kind++)
		add(&sum->of[kind], more->of[kind].bytes, more->of[kind].blocks);
}

/* Of a function of the C or C++ library, the loader, or the first instructions of a program. */
static bool is_runtime(const struct mw_profile *profile, const struct mw_function *function)
{
	if (function->module_idx != MW_NONE)
		return profile->modules.items[function->module_idx].is_library ||
		       strcmp(mw_profile_text(profile, function->name), "_start") == 0;
	return function->is_region;
}

static bool is_loader(const struct mw_profile *profile, const struct mw_function *function)
{
	return function->module_idx != MW_NONE &&
	       mw_library_is_loader(
		       mw_profile_text(profile, profile->modules.items[function->module_idx].path));
}

/*
 * What a library allocated for itself, NULL = somebody else asked for it. The frames from the
 * innermost one to where the library was called from tell; if that is nowhere, the library was
 * setting itself up.
 */
static const char *keeper_of(const struct mw_profile *profile, const struct mw_site *site)
{
	struct mw_frame_walk walk = { .stack = site->stack };
	uint32_t line_idx;
	const char *keeps = NULL;
	bool is_first = true;
	while (mw_profile_next_frame(profile, &walk, &line_idx)) {
		const struct mw_function *function =
			&profile->functions.items[profile->lines.items[line_idx].function_idx];
		bool is_inside = is_runtime(profile, function);
		if (is_first && is_loader(profile, function))
			return "loader";
		if (!keeps)
			keeps = mw_library_keeps(
				mw_profile_text(profile, function->name), is_inside);
		if (!is_inside)
			return keeps;
		is_first = false;
	}
	bool is_whole = !is_first && !profile->stacks.items[site->stack].is_partial;
	return is_whole ? "start-up" : keeps;
}

static int count_kept(struct mw_waste *waste, const char *what, const struct mw_waste_count *count)
{
	if (count->blocks == 0 && count->bytes == 0)
		return 0;
	size_t i = 0;
	while (i < waste->kept.n && strcmp(waste->kept.items[i].what, what) != 0)
		i++;
	struct mw_waste_kept *kept =
		i < waste->kept.n ? &waste->kept.items[i] : mw_array_push(&waste->kept);
	if (!kept)
		return -ENOMEM;
	kept->what = what;
	add(&kept->count, count->bytes, count->blocks);
	return 0;
}

/* The records of one image, which all have the same end. */
struct image_walk {
	const struct mw_profile *profile;
	struct mw_waste *waste;
	enum mw_waste_kind kind; /* LEAKED or CUT_OFF */
	bool has_any;
};

static int add_live(void *context, uint32_t site_idx, const struct mw_sums *sums)
{
	struct image_walk *walk = context;
	int64_t blocks = mw_sums_live_blocks(sums);
	if (walk->profile->sites.items[site_idx].class == MWD_CLASS_HEAP) {
		add(&walk->waste->sites[site_idx].of[walk->kind], mw_sums_live_bytes(sums), blocks);
		walk->has_any |= blocks != 0;
	}
	return 0;
}

/* By image: did it end by itself? owned by the caller */
static bool *find_ends(const struct mw_profile *profile, const struct mw_processes *processes)
{
	bool *has_exited = calloc(profile->images.n + 1, sizeof(*has_exited));
	for (size_t i = 0; has_exited && i < processes->rows.n; i++) {
		const struct mw_process_row *row = &processes->rows.items[i];
		if (row->image_idx != MW_NONE)
			has_exited[row->image_idx] = row->end == MW_PROCESS_EXITED;
	}
	return has_exited;
}

static int add_images(const struct mw_profile *profile, const struct mw_processes *processes,
	struct mw_waste *waste)
{
	bool *has_exited = find_ends(profile, processes);
	int error = has_exited ? 0 : -ENOMEM;
	for (uint32_t i = 0; !error && i < profile->images.n; i++) {
		enum mw_waste_kind kind = has_exited[i] ? MW_WASTE_LEAKED : MW_WASTE_CUT_OFF;
		struct image_walk walk = { profile, waste, kind, false };
		const struct mw_sums *rest = &profile->images.items[i].unstacked[MWD_CLASS_HEAP];
		add(&waste->unstacked.of[kind], mw_sums_live_bytes(rest),
			mw_sums_live_blocks(rest));
		error = mw_profile_each_record(profile, i, add_live, &walk);
		waste->n_cut_off += kind == MW_WASTE_CUT_OFF && walk.has_any;
	}
	free(has_exited);
	return error;
}

/* @is_call: it is known where it was. */
static void add_moves(const struct mw_sums *sums, bool is_call, struct mw_waste_tally *tally)
{
	add(&tally->of[MW_WASTE_CHURN], (int64_t)sums->freed_bytes, (int64_t)sums->freed_blocks);
	if (is_call && sums->allocated_blocks != 0)
		add(&tally->of[MW_WASTE_MOVED], (int64_t)sums->freed_here_bytes,
			(int64_t)sums->freed_here_blocks);
}

/* Was the innermost frame a call? Not of what is unattributed or not shown. */
static bool has_call(const struct mw_profile *profile, const struct mw_site *site)
{
	const struct mw_stack *stack = &profile->stacks.items[site->stack];
	unsigned kind =
		site->stack ? profile->positions.items[stack->position_idx].kind : MWD_NODE_NONE;
	return kind != MWD_NODE_NONE && kind != MWD_NODE_MARKER && kind != MWD_NODE_REGION;
}

static int finish_site(const struct mw_profile *profile, uint32_t site_idx, struct mw_waste *waste)
{
	const struct mw_site *site = &profile->sites.items[site_idx];
	struct mw_waste_tally *tally = &waste->sites[site_idx];
	int error = 0;
	if (site->class != MWD_CLASS_HEAP)
		return 0;
	add_moves(&site->sums, has_call(profile, site), tally);
	const char *keeps = tally->of[MW_WASTE_LEAKED].blocks ? keeper_of(profile, site) : NULL;
	if (keeps) {
		tally->of[MW_WASTE_LIBRARY] = tally->of[MW_WASTE_LEAKED];
		tally->of[MW_WASTE_LEAKED] = (struct mw_waste_count){ 0 };
		error = count_kept(waste, keeps, &tally->of[MW_WASTE_LIBRARY]);
	}
	add_tally(site->owner_line == MW_NONE ? &waste->unattributed
					      : &waste->lines[site->owner_line],
		tally);
	add_tally(&waste->total, tally);
	return error;
}

static int compare_kept(const void *left, const void *right)
{
	const struct mw_waste_kept *a = left, *b = right;
	if (a->count.bytes != b->count.bytes)
		return a->count.bytes > b->count.bytes ? -1 : 1;
	return strcmp(a->what, b->what);
}

int mw_waste_build(const struct mw_profile *profile, const struct mw_processes *processes,
	struct mw_waste *waste)
{
	*waste = (struct mw_waste){ .has_moved = profile->has_free_stacks && profile->has_stacks };
	waste->lines = calloc(profile->lines.n + 1, sizeof(*waste->lines));
	waste->sites = calloc(profile->sites.n + 1, sizeof(*waste->sites));
	int error = waste->lines && waste->sites ? 0 : -ENOMEM;
	if (!error)
		error = add_images(profile, processes, waste);
	for (uint32_t i = 0; !error && i < profile->sites.n; i++)
		error = finish_site(profile, i, waste);
	if (!error) {
		add_moves(&profile->unstacked[MWD_CLASS_HEAP], false, &waste->unstacked);
		add_tally(&waste->total, &waste->unstacked);
	}
	if (waste->kept.n > 1)
		qsort(waste->kept.items, waste->kept.n, sizeof(struct mw_waste_kept), compare_kept);
	return error;
}

void mw_waste_deinit(struct mw_waste *waste)
{
	free(waste->lines);
	free(waste->sites);
	mw_array_deinit(&waste->kept);
}

/* Most first; for qsort(), which takes no context. */
static const struct mw_waste_tally *ranked;
static enum mw_waste_kind ranked_kind;

static int compare_rank(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
	const struct mw_waste_count *x = &ranked[a].of[ranked_kind];
	const struct mw_waste_count *y = &ranked[b].of[ranked_kind];
	if (ranked_kind >= MW_WASTE_CHURN && x->blocks != y->blocks)
		return x->blocks > y->blocks ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void sort(
	uint32_t *order, size_t n, const struct mw_waste_tally *tallies, enum mw_waste_kind kind)
{
	ranked = tallies;
	ranked_kind = kind;
	qsort(order, n, sizeof(*order), compare_rank);
}

static bool has_some(const struct mw_waste_tally *tally, enum mw_waste_kind kind)
{
	return tally->of[kind].bytes != 0 || tally->of[kind].blocks != 0;
}

uint32_t *mw_waste_rank_lines(const struct mw_profile *profile, const struct mw_waste *waste,
	enum mw_waste_kind kind, size_t *n_out)
{
	uint32_t *order = malloc((profile->lines.n + 1) * sizeof(*order));
	*n_out = 0;
	for (uint32_t i = 0; order && i < profile->lines.n; i++)
		if (has_some(&waste->lines[i], kind))
			order[(*n_out)++] = i;
	if (order)
		sort(order, *n_out, waste->lines, kind);
	return order;
}

uint32_t *mw_waste_rank_sites(const struct mw_profile *profile, const struct mw_waste *waste,
	enum mw_waste_kind kind, uint32_t line_idx, size_t *n_out)
{
	uint32_t *order = malloc((profile->sites.n + 1) * sizeof(*order));
	*n_out = 0;
	for (uint32_t i = 0; order && i < profile->sites.n; i++)
		if (profile->sites.items[i].owner_line == line_idx &&
			has_some(&waste->sites[i], kind))
			order[(*n_out)++] = i;
	if (order)
		sort(order, *n_out, waste->sites, kind);
	return order;
}
