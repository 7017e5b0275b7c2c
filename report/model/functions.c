/* SPDX: no licence chosen yet, see README */
/*
 * functions.c - ranking of functions for the tables of render/.
 */
#include "report/model/functions.h"

#include <string.h>
#include <stdio.h>
#include <inttypes.h>
#include <stdlib.h>

struct ranked_function {
	uint32_t function_idx;
	int64_t first, second;
};

static int compare(const void *left, const void *right)
{
	const struct ranked_function *a = left, *b = right;
	if (a->first != b->first)
		return a->first > b->first ? -1 : 1;
	if (a->second != b->second)
		return a->second > b->second ? -1 : 1;
	return a->function_idx < b->function_idx ? -1 : a->function_idx > b->function_idx;
}

uint32_t *mw_functions_rank(
	const struct mw_profile *profile, enum mw_function_order order, size_t *n_out)
{
	struct ranked_function *ranked = malloc((profile->functions.n + 1) * sizeof(*ranked));
	uint32_t *indices = malloc((profile->functions.n + 1) * sizeof(*indices));
	size_t n = 0;
	for (uint32_t i = 0; ranked && i < profile->functions.n; i++) {
		const struct mw_sums *heap = &profile->functions.items[i].through[MWD_CLASS_HEAP];
		int64_t at_peak = heap->peak_bytes[MWD_PEAK_TREE_HEAP];
		int64_t max_total = (int64_t)heap->max_total_bytes;
		if (heap->allocated_blocks == 0 && heap->freed_here_blocks == 0)
			continue;
		bool is_by_peak = order == MW_FUNCTION_ORDER_AT_PEAK;
		ranked[n++] = (struct ranked_function){ i, is_by_peak ? at_peak : max_total,
			is_by_peak ? max_total : at_peak };
	}
	if (ranked)
		qsort(ranked, n, sizeof(*ranked), compare);
	for (size_t i = 0; ranked && indices && i < n; i++)
		indices[i] = ranked[i].function_idx;
	if (!ranked) {
		free(indices);
		indices = NULL;
	}
	free(ranked);
	*n_out = indices ? n : 0;
	return indices;
}

const char *mw_functions_name(
	const struct mw_profile *profile, const struct mw_line *line, char *out, size_t out_bytes)
{
	const struct mw_function *function = &profile->functions.items[line->function_idx];
	const char *name = mw_profile_text(profile, function->name);
	if (function->has_symbol || function->module_idx == MW_NONE)
		snprintf(out, out_bytes, "%s", name);
	else /* "[cc1]" */
		snprintf(out, out_bytes, "%.*s+0x%" PRIx64, (int)strcspn(name + 1, "]"), name + 1,
			line->address);
	return out;
}
