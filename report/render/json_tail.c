/* SPDX: no licence chosen yet, see README */
/* json_tail.c - the JSON report's honest parts: what is missing, and what we cost. */
#include <stdlib.h>
#include <string.h>

#include "report/model/losses.h"
#include "report/render/json_parts.h"

void mw_json_not_followed(struct mw_json_writer *writer, const struct mw_view *view)
{
	mw_json_open_array(writer, "not_followed");
	for (size_t i = 0; i < view->execs.groups.n; i++) {
		const struct mw_exec_group *group = &view->execs.groups.items[i];
		mw_json_open_object(writer, NULL);
		mw_json_put_int(writer, "count", group->n);
		mw_json_put_text(
			writer, "program", mw_profile_text(&view->profile, group->program));
		mw_json_put_text(writer, "reason", mw_execs_reason(group->verdict));
		mw_json_close(writer);
	}
	mw_json_close(writer);
}

struct named_count {
	const char *name;
	uint64_t n;
};

static int compare_names(const void *left, const void *right)
{
	const struct named_count *a = left, *b = right;
	return strcmp(a->name, b->name);
}

void mw_json_losses(struct mw_json_writer *writer, const struct mw_view *view)
{
	struct mw_losses losses;
	mw_losses_count(&view->profile, &losses);
	struct named_count counts[MWD_N_LOST + 3] = { { "images", losses.n_lost_images },
		{ "torn_bytes", losses.torn_bytes }, { "unknown_frees", losses.unknown_frees } };
	size_t n = 3;
	for (unsigned i = 0; i < MWD_N_LOST; i++) {
		if (mw_losses_is_used(i))
			counts[n++] = (struct named_count){ mw_losses_key(i), losses.lost[i] };
	}
	qsort(counts, n, sizeof(counts[0]), compare_names);
	mw_json_open_object(writer, "losses");
	for (size_t i = 0; i < n; i++)
		mw_json_put_int(writer, counts[i].name, (int64_t)counts[i].n);
	mw_json_close(writer);
}

void mw_json_stacks(struct mw_json_writer *writer, const struct mw_view *view)
{
	struct mw_losses losses;
	mw_losses_count(&view->profile, &losses);
	mw_json_open_object(writer, "stacks");
	mw_json_put_int(writer, "checked", (int64_t)losses.n_checked);
	mw_json_put_int(writer, "mismatched", (int64_t)losses.n_mismatched);
	mw_json_close(writer);
}

/* What we cost, and why the report is partial. */
void mw_json_overhead(struct mw_json_writer *writer, const struct mw_view *view)
{
	struct mw_losses losses;
	mw_losses_count(&view->profile, &losses);
	mw_json_open_object(writer, "overhead");
	mw_json_put_int(writer, "dump_bytes", (int64_t)losses.dump_bytes);
	mw_json_put_int(writer, "max_private_bytes", (int64_t)losses.max_own_private_bytes);
	mw_json_put_int(writer, "max_rss_bytes", (int64_t)losses.max_own_rss_bytes);
	mw_json_put_int(writer, "private_bytes", (int64_t)losses.own_private_bytes);
	mw_json_put_int(writer, "shared_bytes", (int64_t)losses.own_shared_bytes);
	mw_json_close(writer);
	mw_json_open_array(writer, "partial");
	for (size_t i = 0; i < view->notes.texts.n; i++)
		mw_json_put_text(writer, NULL, view->notes.texts.items[i]);
	mw_json_close(writer);
}
