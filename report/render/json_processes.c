/* SPDX: no licence chosen yet, see README */
/*
 * json_processes.c - the JSON report's processes: one element a program image, largest RSS
 * first as memwatch has it, each with the lines of its own heap peak.
 */
#include "report/render/json_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/util/compat.h"

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
		mw_json_put_int(writer, "bytes", bytes[i]);
		mw_json_put_int(writer, "line", (int64_t)i);
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
	mw_json_put_int(writer, "anon_bytes", mw_settle_process_peak(head, MWD_CLASS_ANON));
	mw_json_put_int(writer, "difference_bytes", mw_minus(total, sum));
	mw_json_put_int(writer, "file_bytes", mw_settle_process_peak(head, MWD_CLASS_FILE));
	mw_json_put_int(writer, "lines_bytes", mw_minus(mw_minus(sum, unattributed), unstacked));
	mw_json_time(writer, "seconds", control, head->heap_peak_ns);
	mw_json_put_int(writer, "total_bytes", total);
	mw_json_put_int(writer, "unattributed_bytes", unattributed);
	mw_json_put_int(writer, "unstacked_bytes", unstacked);
	mw_json_close(writer);
}

/* One element, written from all that is known of it. */
struct element {
	const struct mw_view *view;
	const struct mw_process_row *row;
	const struct mw_job_process *process;
	const struct mw_image *image; /* NULL = not followed */
	uint32_t image_idx;
	const struct mwd_control *control;
	const uint32_t *places; /* row -> index in the array, MW_NONE = filtered out */
	int64_t *bytes;		/* scratch, a number a line */
};

static void put_sums(struct mw_json_writer *writer, const struct mw_image *image)
{
	mw_json_classes(writer, "all", image->sums);
	mw_json_put_int(writer, "at_tree_heap_peak_bytes",
		image->sums[MWD_CLASS_HEAP].peak_bytes[MWD_PEAK_TREE_HEAP]);
	mw_json_put_int(writer, "at_tree_rss_peak_bytes",
		image->sums[MWD_CLASS_HEAP].peak_bytes[MWD_PEAK_TREE_RSS]);
}

static void put_end(struct mw_json_writer *writer, const struct mw_process_row *row)
{
	mw_json_put_text(writer, "end", end_name(row->end));
	mw_json_int_or_null(writer, "end_value", row->end_value);
}

/* exe ... inherited_freed_bytes, of them first_seen also of what was not followed */
static void put_image(struct mw_json_writer *writer, const struct element *element)
{
	const struct mw_image *image = element->image;
	const struct mwd_image *head = image ? image->head : NULL;
	char exe[MWD_EXE_BYTES + 1], time[MW_COMPAT_BYTES];
	snprintf(exe, sizeof(exe), "%.*s", (int)MWD_EXE_BYTES, head ? head->exe : "");
	if (head)
		mw_json_put_text(writer, "exe", exe);
	mw_json_put_text(writer, "first_seen",
		mw_compat_timestamp(time, element->process->first_seen_ns, "Z"));
	if (!head)
		return;
	mw_json_put_bool(writer, "has_other_malloc", head->flags & MWD_IMAGE_OTHER_MALLOC);
	mw_json_put_bool(writer, "has_own_malloc", head->flags & MWD_IMAGE_OWN_MALLOC);
	put_heap_peak(writer, image, element->control);
	mw_json_put_int(writer, "inherited_freed_bytes", (int64_t)head->inherited_freed_bytes);
}

static void put_rss(struct mw_json_writer *writer, const struct element *element)
{
	const struct mw_job_process *process = element->process;
	char time[MW_COMPAT_BYTES];
	mw_json_put_bool(writer, "is_prelude", process->is_prelude);
	mw_json_put_bool(writer, "is_rss_exact", element->row->is_rss_exact);
	mw_json_put_text(
		writer, "last_seen", mw_compat_timestamp(time, process->last_seen_ns, "Z"));
	mw_json_made_of(writer, element->row->seen);
	mw_json_put_int(writer, "max_rss_kib", process->max_rss_kib);
	mw_json_measured(writer, element->row->seen);
}

static uint32_t place_of(const struct element *element, uint32_t row_idx)
{
	return row_idx == MW_NONE ? MW_NONE : element->places[row_idx];
}

static void put_relations(struct mw_json_writer *writer, const struct element *element)
{
	const struct mw_job_process *process = element->process;
	char time[MW_COMPAT_BYTES];
	mw_json_index(writer, "parent", place_of(element, element->row->parent));
	if (element->image)
		put_peak_lines(writer, &element->view->profile, element->image_idx, element->bytes);
	mw_json_put_text(writer, "peak_time", mw_compat_timestamp(time, process->peak_ns, "Z"));
	mw_json_put_int(writer, "pid", process->pid);
	mw_json_put_int(writer, "ppid", process->ppid > 0 ? process->ppid : 0);
	if (element->image)
		mw_json_put_text(writer, "program",
			mw_profile_text(&element->view->profile, element->image->program));
	mw_json_index(writer, "replaced", place_of(element, element->row->previous));
}

static void put_own_rss(struct mw_json_writer *writer, const struct mwd_image *head)
{
	if (head->own_rss_bytes > 0)
		mw_json_put_int(writer, "own_rss_bytes", (int64_t)head->own_rss_bytes);
	else
		mw_json_put_null(writer, "own_rss_bytes");
}

static void put_row(struct mw_json_writer *writer, const struct element *element)
{
	const struct mw_process_row *row = element->row;
	mw_json_open_object(writer, NULL);
	if (element->image)
		put_sums(writer, element->image);
	mw_json_put_text(writer, "command", element->process->command);
	put_end(writer, row);
	put_image(writer, element);
	mw_json_put_bool(writer, "is_copy", row->is_copy);
	mw_json_put_bool(writer, "is_followed", element->image != NULL);
	if (element->image)
		mw_json_put_bool(
			writer, "is_forked", element->image->head->flags & MWD_IMAGE_FORKED);
	put_rss(writer, element);
	if (element->image) {
		mw_json_put_int(writer, "n_records", element->image->n_records);
		mw_json_put_int(writer, "n_threads", element->image->head->n_threads);
		put_own_rss(writer, element->image->head);
	}
	put_relations(writer, element);
	mw_json_int_or_null(writer, "rss_peak_bytes", row->rss_peak_bytes);
	mw_json_put_int(writer, "run", row->run_idx);
	if (element->image)
		mw_json_put_int(
			writer, "sampled_blocks", (int64_t)element->image->n_sampled_blocks);
	mw_json_put_real(writer, "start_seconds",
		(double)mw_minus(row->start_ns, element->control->start_monotonic_ns) / 1e9);
	mw_json_close(writer);
}

static void put_process(struct mw_json_writer *writer, const struct mw_view *view,
	const struct mw_job_process *process, const uint32_t *places, int64_t *bytes)
{
	const struct mw_profile *profile = &view->profile;
	const struct mw_process_row *row = &view->processes.rows.items[process->row_idx];
	struct element element = { .view = view,
		.row = row,
		.process = process,
		.image = row->image_idx == MW_NONE ? NULL : &profile->images.items[row->image_idx],
		.image_idx = row->image_idx,
		.control = &profile->runs.items[row->run_idx].dump.control,
		.places = places,
		.bytes = bytes };
	put_row(writer, &element);
}

int mw_json_processes(struct mw_json_writer *writer, const struct mw_view *view)
{
	const struct mw_job *job = &view->job;
	size_t n = job->processes.n;
	uint32_t *places = calloc(n + 1, sizeof(*places)), n_shown = 0;
	int64_t *bytes = calloc(view->profile.lines.n + 1, sizeof(*bytes));
	bool is_ready = places && bytes;
	for (size_t i = 0; is_ready && i < n; i++) {
		const struct mw_job_process *process = &job->processes.items[i];
		places[process->row_idx] = process->is_hidden ? MW_NONE : n_shown++;
	}
	mw_json_open_array(writer, "processes");
	for (size_t i = 0; is_ready && i < n; i++) {
		if (!job->processes.items[i].is_hidden)
			put_process(writer, view, &job->processes.items[i], places, bytes);
	}
	mw_json_close(writer);
	free(places);
	free(bytes);
	return is_ready ? 0 : -ENOMEM;
}
