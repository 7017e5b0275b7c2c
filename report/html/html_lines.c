/* SPDX: no licence chosen yet, see README */
/*
 * html_lines.c - the line tables of the page, one a class of memory: each byte at one line, so
 * that rows, the rest and what has no line add up to the totals. See html.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "report/html/parts.h"
#include "report/ingest/source.h"
#include "report/model/columns.h"
#include "report/render/json_parts.h"

#define MAX_ROWS 8000 /* of a class; the page has to stay small, and nobody reads more */

static const enum mw_column_id columns[] = { MW_COLUMN_TREE_PEAK_BYTES, MW_COLUMN_TREE_PEAK_BLOCKS,
	MW_COLUMN_LIVE_BYTES, MW_COLUMN_ALLOCATED_BYTES, MW_COLUMN_ALLOCATED_BLOCKS };
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* The order of rows; for qsort(), which takes no context. */
static const struct mw_profile *ranked;
static unsigned ranked_class;

static int compare_rank(const void *left, const void *right)
{
	uint32_t a_idx = *(const uint32_t *)left, b_idx = *(const uint32_t *)right;
	const struct mw_sums *a = &ranked->lines.items[a_idx].owned[ranked_class];
	const struct mw_sums *b = &ranked->lines.items[b_idx].owned[ranked_class];
	int64_t a_bytes = a->peak_bytes[MWD_PEAK_TREE_HEAP];
	int64_t b_bytes = b->peak_bytes[MWD_PEAK_TREE_HEAP];
	if (a_bytes != b_bytes)
		return a_bytes > b_bytes ? -1 : 1;
	if (a->allocated_bytes != b->allocated_bytes)
		return a->allocated_bytes > b->allocated_bytes ? -1 : 1;
	return a_idx < b_idx ? -1 : a_idx > b_idx;
}

static uint32_t file_of(uint32_t line_idx)
{
	return ranked->functions.items[ranked->lines.items[line_idx].function_idx].file;
}

/* Files one after the other, so that each is read once. */
static int compare_file(const void *left, const void *right)
{
	uint32_t a_idx = *(const uint32_t *)left, b_idx = *(const uint32_t *)right;
	uint32_t a = file_of(a_idx), b = file_of(b_idx);
	if (a != b)
		return a < b ? -1 : 1;
	return a_idx < b_idx ? -1 : a_idx > b_idx;
}

/* The lines to show, by file; @rest_out: the sums of those that are not. Owned by the caller. */
static uint32_t *choose(const struct mw_profile *profile, unsigned class, size_t *n_out,
	struct mw_sums *rest_out, size_t *n_rest_out)
{
	uint32_t *order = malloc((profile->lines.n + 1) * sizeof(*order));
	size_t n = 0;
	for (uint32_t i = 0; order && i < profile->lines.n; i++) {
		const struct mw_sums *owned = &profile->lines.items[i].owned[class];
		if (owned->allocated_blocks || owned->peak_bytes[MWD_PEAK_TREE_HEAP])
			order[n++] = i;
	}
	ranked = profile;
	ranked_class = class;
	if (order)
		qsort(order, n, sizeof(*order), compare_rank);
	for (size_t i = MAX_ROWS; i < n; i++)
		mw_sums_add(rest_out, &profile->lines.items[order[i]].owned[class]);
	*n_rest_out = n > MAX_ROWS ? n - MAX_ROWS : 0;
	*n_out = n - *n_rest_out;
	if (order)
		qsort(order, *n_out, sizeof(*order), compare_file);
	return order;
}

static void put_sums(struct mw_html *page, const char *key, const struct mw_sums *sums)
{
	mw_json_open_array(&page->json, key);
	for (size_t i = 0; i < N_COLUMNS; i++)
		mw_json_put_int(&page->json, NULL, mw_columns[columns[i]].get(sums));
	mw_json_put_int(&page->json, NULL, mw_sums_margin(sums->peak_variance[MWD_PEAK_TREE_HEAP]));
	mw_json_close(&page->json);
}

/* Program, images that held something, bytes; of those with bytes at the peak. */
static void put_programs(struct mw_html *page, const struct mw_line *line, unsigned class)
{
	const struct mw_profile *profile = &page->view->profile;
	mw_json_open_array(&page->json, NULL);
	for (uint32_t at = line->first_share; at != MW_NONE; at = profile->shares.items[at].next) {
		const struct mw_share *share = &profile->shares.items[at];
		if (share->class != class)
			continue;
		mw_html_put_string(page, NULL, mw_profile_text(profile, share->program));
		mw_json_put_int(&page->json, NULL, share->n_images);
		mw_json_put_int(&page->json, NULL, share->bytes);
	}
	mw_json_close(&page->json);
}

static const char *source_line(
	struct mw_open_source *open, struct mw_html *page, const struct mw_line *line)
{
	const struct mw_profile *profile = &page->view->profile;
	const char *text;
	int error = mw_open_source_line(open,
		mw_profile_text(profile, profile->functions.items[line->function_idx].file),
		mw_profile_owner(profile), line->line, &text);
	page->json.has_failed |= error != 0;
	return text;
}

static void put_row(
	struct mw_html *page, uint32_t line_idx, unsigned class, struct mw_open_source *open)
{
	const struct mw_view *view = page->view;
	const struct mw_line *line = &view->profile.lines.items[line_idx];
	const char *text = view->wants_source ? source_line(open, page, line) : NULL;
	char cut[256];
	if (text)
		snprintf(cut, sizeof(cut), "%s", text);
	mw_json_open_array(&page->json, NULL);
	mw_json_put_int(&page->json, NULL, mw_html_frame(page, line_idx));
	mw_json_put_int(&page->json, NULL, line->line);
	mw_html_put_string(page, NULL, text ? cut : NULL);
	put_programs(page, line, class);
	put_sums(page, NULL, &line->owned[class]);
	mw_json_close(&page->json);
}

static int put_class(struct mw_html *page, unsigned class)
{
	const struct mw_profile *profile = &page->view->profile;
	struct mw_open_source open = { 0 };
	struct mw_sums rest = { 0 };
	size_t n, n_rest;
	uint32_t *order = choose(profile, class, &n, &rest, &n_rest);
	if (!order)
		return -ENOMEM;
	mw_json_open_object(&page->json, NULL);
	mw_json_put_text(&page->json, "class", mw_json_class_name(class));
	mw_json_open_array(&page->json, "rows");
	for (size_t i = 0; i < n; i++)
		put_row(page, order[i], class, &open);
	mw_json_close(&page->json);
	mw_json_put_int(&page->json, "n_rest", (int64_t)n_rest);
	put_sums(page, "rest", &rest);
	put_sums(page, "unattributed", &profile->unattributed[class]);
	put_sums(page, "unstacked", &profile->unstacked[class]);
	put_sums(page, "total", &profile->sums[class]);
	mw_json_close(&page->json);
	mw_open_source_close(&open);
	free(order);
	return 0;
}

int mw_html_lines(struct mw_html *page)
{
	const struct mw_profile *profile = &page->view->profile;
	int error = 0;
	mw_json_put_bool(&page->json, "is_sampled", profile->is_sampled);
	mw_json_open_array(&page->json, "lines");
	for (unsigned class = 0; !error && class < MWD_N_CLASSES; class ++) {
		if (class == MWD_CLASS_HEAP || profile->sums[class].allocated_blocks)
			error = put_class(page, class);
	}
	mw_json_close(&page->json);
	return error;
}
