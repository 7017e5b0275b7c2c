/* SPDX: no licence chosen yet, see README */
/*
 * json_waste.c - the member "waste" of the JSON report: model/waste.h by line.
 */
#include "report/render/json_parts.h"

#include <errno.h>
#include <stdlib.h>

/* In alphabetical order. */
static const struct {
	const char *name;
	enum mw_waste_kind kind;
} kinds[] = {
	{ "churn", MW_WASTE_CHURN },
	{ "cut_off", MW_WASTE_CUT_OFF },
	{ "leaked", MW_WASTE_LEAKED },
	{ "library", MW_WASTE_LIBRARY },
	{ "moved", MW_WASTE_MOVED },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void put_tally(
	struct mw_json_writer *writer, const char *key, const struct mw_waste_tally *tally)
{
	mw_json_open_object(writer, key);
	for (size_t i = 0; i < N_KINDS; i++) {
		const struct mw_waste_count *count = &tally->of[kinds[i].kind];
		mw_json_open_object(writer, kinds[i].name);
		mw_json_put_int(writer, "blocks", count->blocks);
		mw_json_put_int(writer, "bytes", count->bytes);
		mw_json_close(writer);
	}
	mw_json_close(writer);
}

static int put_lines(struct mw_json_writer *writer, const struct mw_view *view, size_t at)
{
	size_t n;
	uint32_t *order = mw_waste_rank_lines(&view->profile, &view->waste, kinds[at].kind, &n);
	mw_json_open_array(writer, kinds[at].name);
	for (size_t i = 0; order && i < n; i++) {
		const struct mw_waste_count *count =
			&view->waste.lines[order[i]].of[kinds[at].kind];
		mw_json_open_object(writer, NULL);
		mw_json_put_int(writer, "blocks", count->blocks);
		mw_json_put_int(writer, "bytes", count->bytes);
		mw_json_put_int(writer, "line", order[i]);
		mw_json_close(writer);
	}
	mw_json_close(writer);
	free(order);
	return order ? 0 : -ENOMEM;
}

int mw_json_waste(struct mw_json_writer *writer, const struct mw_view *view)
{
	const struct mw_waste *waste = &view->waste;
	int error = 0;
	mw_json_open_object(writer, "waste");
	mw_json_put_bool(writer, "has_moved", waste->has_moved);
	mw_json_open_array(writer, "library");
	for (size_t i = 0; i < waste->kept.n; i++) {
		mw_json_open_object(writer, NULL);
		mw_json_put_int(writer, "blocks", waste->kept.items[i].count.blocks);
		mw_json_put_int(writer, "bytes", waste->kept.items[i].count.bytes);
		mw_json_put_text(writer, "what", waste->kept.items[i].what);
		mw_json_close(writer);
	}
	mw_json_close(writer);
	mw_json_open_object(writer, "lines");
	for (size_t i = 0; !error && i < N_KINDS; i++)
		error = put_lines(writer, view, i);
	mw_json_close(writer);
	mw_json_put_int(writer, "n_cut_off", (int64_t)waste->n_cut_off);
	put_tally(writer, "total", &waste->total);
	put_tally(writer, "unattributed", &waste->unattributed);
	put_tally(writer, "unstacked", &waste->unstacked);
	mw_json_close(writer);
	return error;
}
