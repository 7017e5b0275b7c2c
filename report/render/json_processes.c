/* SPDX: no licence chosen yet, see README */
/*
 * json_processes.c - the JSON report's processes: one element a program image, in tree order,
 * each with the lines of its own heap peak.
 */
#include "report/render/json_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *end_name(enum mw_process_end end)
{
	static const char *const names[] = {
		[MW_PROCESS_RUNNING] = "running",
		[MW_PROCESS_EXITED] = "exit",
		[MW_PROCESS_SIGNALED] = "signal",
		[MW_PROCESS_EXECED] = "exec",
		[MW_PROCESS_KILLED] = "killed",
		[MW_PROCESS_LOST] = "unknown",
	};
	return names[end];
}

static void put_peak_lines(struct mw_json_writer *writer, const struct mw_profile *profile,
	uint32_t image_idx, int64_t *bytes)
{
	memset(bytes, 0, profile->lines.n * sizeof(*bytes));
	mw_profile_image_lines(profile, image_idx, bytes);
	mw_json_open_array(writer, "peak_lines");
	for (size_t i = 0; i < profile->lines.n; i++) {
		if (bytes[i] == 0)
			continue;
		mw_json_open_object(writer, NULL);
		mw_json_put_int(writer, "line", (int64_t)i);
		mw_json_put_int(writer, "bytes", bytes[i]);
		mw_json_close(writer);
	}
	mw_json_close(writer);
}

static void put_heap_peak(struct mw_json_writer *writer, const struct mw_image *image,
	const struct mwd_control *control)
{
	const struct mwd_image *head = image->head;
	int64_t total = mw_settle_process_peak(head, MWD_CLASS_HEAP);
	int64_t sum = image->sums[MWD_CLASS_HEAP].peak_bytes[MWD_PEAK_PROCESS_HEAP];
	int64_t unattributed =
		image->unattributed[MWD_CLASS_HEAP].peak_bytes[MWD_PEAK_PROCESS_HEAP];
	int64_t unstacked = image->unstacked[MWD_CLASS_HEAP].peak_bytes[MWD_PEAK_PROCESS_HEAP];
	mw_json_open_object(writer, "heap_peak");
	mw_json_put_int(writer, "total_bytes", total);
	mw_json_put_int(writer, "lines_bytes", mw_minus(mw_minus(sum, unattributed), unstacked));
	mw_json_put_int(writer, "unattributed_bytes", unattributed);
	mw_json_put_int(writer, "unstacked_bytes", unstacked);
	mw_json_put_int(writer, "difference_bytes", mw_minus(total, sum));
	mw_json_time(writer, "seconds", control, head->heap_peak_ns);
	mw_json_put_int(writer, "anon_bytes", mw_settle_process_peak(head, MWD_CLASS_ANON));
	mw_json_put_int(writer, "file_bytes", mw_settle_process_peak(head, MWD_CLASS_FILE));
	mw_json_close(writer);
}

static void put_image(struct mw_json_writer *writer, const struct mw_profile *profile,
	uint32_t image_idx, int64_t *bytes)
{
	const struct mw_image *image = &profile->images.items[image_idx];
	const struct mwd_image *head = image->head;
	const struct mwd_control *control = &profile->runs.items[image->run_idx].dump.control;
	char exe[MWD_EXE_BYTES + 1];
	snprintf(exe, sizeof(exe), "%.*s", (int)MWD_EXE_BYTES, head->exe);
	mw_json_put_text(writer, "program", mw_profile_text(profile, image->program));
	mw_json_put_text(writer, "exe", exe);
	mw_json_put_bool(writer, "is_forked", head->flags & MWD_IMAGE_FORKED);
	mw_json_put_bool(writer, "has_own_malloc", head->flags & MWD_IMAGE_OWN_MALLOC);
	mw_json_put_bool(writer, "has_other_malloc", head->flags & MWD_IMAGE_OTHER_MALLOC);
	put_heap_peak(writer, image, control);
	mw_json_put_int(writer, "at_tree_heap_peak_bytes",
		image->sums[MWD_CLASS_HEAP].peak_bytes[MWD_PEAK_TREE_HEAP]);
	mw_json_put_int(writer, "at_tree_rss_peak_bytes",
		image->sums[MWD_CLASS_HEAP].peak_bytes[MWD_PEAK_TREE_RSS]);
	mw_json_classes(writer, "all", image->sums);
	mw_json_put_int(writer, "n_records", image->n_records);
	mw_json_put_int(writer, "sampled_blocks", (int64_t)image->n_sampled_blocks);
	mw_json_put_int(writer, "n_threads", head->n_threads);
	if (head->own_rss_bytes > 0)
		mw_json_put_int(writer, "own_rss_bytes", (int64_t)head->own_rss_bytes);
	else
		mw_json_put_null(writer, "own_rss_bytes");
	mw_json_put_int(writer, "inherited_freed_bytes", (int64_t)head->inherited_freed_bytes);
	put_peak_lines(writer, profile, image_idx, bytes);
}

/* @places: row -> its index in the JSON array. */
static void put_row(struct mw_json_writer *writer, const struct mw_view *view,
	const struct mw_process_row *row, const uint32_t *places, int64_t *bytes)
{
	const struct mw_profile *profile = &view->profile;
	const struct mwd_control *control = &profile->runs.items[row->run_idx].dump.control;
	char command[4096];
	mw_json_open_object(writer, NULL);
	mw_json_put_int(writer, "run", row->run_idx);
	mw_json_put_int(writer, "pid", row->pid);
	mw_json_index(writer, "parent", row->parent == MW_NONE ? MW_NONE : places[row->parent]);
	mw_json_index(
		writer, "replaced", row->previous == MW_NONE ? MW_NONE : places[row->previous]);
	mw_json_put_text(
		writer, "command", mw_processes_command(profile, row, command, sizeof(command)));
	mw_json_put_real(writer, "start_seconds",
		(double)mw_minus(row->start_ns, control->start_monotonic_ns) / 1e9);
	mw_json_put_text(writer, "end", end_name(row->end));
	if (row->end_value >= 0)
		mw_json_put_int(writer, "end_value", row->end_value);
	else
		mw_json_put_null(writer, "end_value");
	if (row->rss_peak_bytes >= 0)
		mw_json_put_int(writer, "rss_peak_bytes", row->rss_peak_bytes);
	else
		mw_json_put_null(writer, "rss_peak_bytes");
	mw_json_put_bool(writer, "is_rss_exact", row->is_rss_exact);
	mw_json_put_bool(writer, "is_followed", row->image_idx != MW_NONE);
	if (row->image_idx != MW_NONE)
		put_image(writer, profile, row->image_idx, bytes);
	mw_json_close(writer);
}

int mw_json_processes(struct mw_json_writer *writer, const struct mw_view *view)
{
	size_t n = view->processes.rows.n;
	uint32_t *places = calloc(n + 1, sizeof(*places));
	int64_t *bytes = calloc(view->profile.lines.n + 1, sizeof(*bytes));
	bool is_ready = places && bytes;
	for (uint32_t i = 0; is_ready && i < n; i++)
		places[view->processes.order[i]] = i;
	mw_json_open_array(writer, "processes");
	for (size_t i = 0; is_ready && i < n; i++)
		put_row(writer, view, &view->processes.rows.items[view->processes.order[i]], places,
			bytes);
	mw_json_close(writer);
	free(places);
	free(bytes);
	return is_ready ? 0 : -ENOMEM;
}
