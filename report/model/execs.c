/* SPDX: no licence chosen yet, see README */
/*
 * execs.c - exec and spawn entries of the logs against the images that came: what has a verdict
 * against it, or never arrived, is grouped by program and reason. For the honest tail.
 */
#include "report/model/execs.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "report/util/format.h"

const char *mw_execs_reason(uint32_t verdict)
{
	static const char *const reasons[] = {
		[MWD_VERDICT_FOLLOWED] = "did not arrive",
		[MWD_VERDICT_STATIC] = "static program",
		[MWD_VERDICT_SETUID] = "set-user-ID or capabilities",
		[MWD_VERDICT_OTHER_CLASS] = "other word size or machine",
		[MWD_VERDICT_OTHER_LOADER] = "other C library",
		[MWD_VERDICT_SANITIZER] = "built with a sanitizer",
		[MWD_VERDICT_UNKNOWN] = "not a program we can read",
		[MWD_VERDICT_OUT_OF_REACH] = "our library out of reach (chroot)",
	};
	if (verdict == MW_VERDICT_UNSEEN)
		return "only the launcher saw it";
	return verdict < sizeof(reasons) / sizeof(reasons[0]) ? reasons[verdict] : "unknown reason";
}

/* Start of an exec'd image, for looking up what arrived. */
struct arrival {
	pid_t pid, ppid;
	int64_t start_ns;
	uint32_t program;
};

struct arrivals {
	MW_ARRAY(struct arrival) by_pid;
};

static int compare_arrivals(const void *left, const void *right)
{
	const struct arrival *a = left, *b = right;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return a->start_ns < b->start_ns ? -1 : a->start_ns > b->start_ns;
}

static int collect_arrivals(
	const struct mw_profile *profile, uint32_t run_idx, struct arrivals *arrivals)
{
	arrivals->by_pid.n = 0;
	for (size_t i = 0; i < profile->images.n; i++) {
		const struct mw_image *image = &profile->images.items[i];
		if (image->run_idx != run_idx || image->head->flags & MWD_IMAGE_FORKED)
			continue;
		struct arrival *arrival = mw_array_push(&arrivals->by_pid);
		if (!arrival)
			return -ENOMEM;
		*arrival = (struct arrival){ image->head->pid, image->head->ppid,
			image->head->start_ns, image->program };
	}
	if (arrivals->by_pid.n > 0)
		qsort(arrivals->by_pid.items, arrivals->by_pid.n, sizeof(struct arrival),
			compare_arrivals);
	return 0;
}

/* First arrival of @pid at or after @time_ns? */
static bool has_arrived(const struct arrivals *arrivals, pid_t pid, int64_t time_ns)
{
	struct arrival key = { .pid = pid, .start_ns = time_ns };
	size_t low = 0, high = arrivals->by_pid.n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_arrivals(&arrivals->by_pid.items[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < arrivals->by_pid.n && arrivals->by_pid.items[low].pid == pid;
}

/* The pid of a spawn that was cut short is not known: any such child of that parent will do. */
static bool has_child_arrived(const struct arrivals *arrivals, pid_t ppid, int64_t time_ns)
{
	for (size_t i = 0; i < arrivals->by_pid.n; i++) {
		const struct arrival *arrival = &arrivals->by_pid.items[i];
		if (arrival->ppid == ppid && arrival->start_ns >= time_ns)
			return true;
	}
	return false;
}

static int count(struct mw_execs *execs, uint32_t program, uint32_t verdict)
{
	for (size_t i = 0; i < execs->groups.n; i++) {
		struct mw_exec_group *group = &execs->groups.items[i];
		if (group->program == program && group->verdict == verdict) {
			group->n++;
			return 0;
		}
	}
	struct mw_exec_group *group = mw_array_push(&execs->groups);
	if (!group)
		return -ENOMEM;
	*group = (struct mw_exec_group){ program, verdict, 1 };
	return 0;
}

static bool add_pid(struct mw_execs *execs, pid_t pid)
{
	pid_t *slot = mw_array_push(&execs->pids);
	if (slot)
		*slot = pid;
	return slot != NULL;
}

static int take_entry(struct mw_profile *profile, const struct mw_image *image,
	const struct arrivals *arrivals, struct mw_span span, struct mw_execs *execs)
{
	struct mwd_log_exec entry;
	struct mw_span path;
	if (!mw_span_read(span, 0, &entry, sizeof(entry)) || entry.error != 0 ||
		!mw_span_part(span, sizeof(entry), entry.path_bytes, &path))
		return 0;
	if (entry.verdict == MWD_VERDICT_FOLLOWED &&
		(entry.pid != 0 ? has_arrived(arrivals, entry.pid, entry.time_ns)
				: has_child_arrived(arrivals, image->head->pid, entry.time_ns))) {
		execs->n_followed++;
		return 0;
	}
	if (entry.pid != 0 && !add_pid(execs, entry.pid))
		return -ENOMEM;
	char text[4096];
	snprintf(text, sizeof(text), "%.*s",
		(int)mw_field_length((const char *)path.bytes,
			path.n_bytes < sizeof(text) ? path.n_bytes : sizeof(text) - 1),
		(const char *)path.bytes);
	mw_format_clean(text);
	uint32_t program;
	int error = mw_strings_intern(&profile->strings, text, strlen(text), &program);
	return error ? error : count(execs, program, entry.verdict);
}

static int take_image(struct mw_profile *profile, const struct mw_image *image,
	const struct arrivals *arrivals, struct mw_execs *execs)
{
	const struct mw_dump *dump = &profile->runs.items[image->run_idx].dump;
	struct mw_dump_log_cursor cursor = { 0 };
	struct mw_span span;
	int error = 0;
	while (!error && mw_dump_next_log(dump, image->dump_idx, &cursor, &span)) {
		const struct mwd_log_entry *entry = (const struct mwd_log_entry *)span.bytes;
		if (entry->type == MWD_LOG_EXEC)
			error = take_entry(profile, image, arrivals, span, execs);
	}
	return error;
}

static int compare_groups(const void *left, const void *right)
{
	const struct mw_exec_group *a = left, *b = right;
	if (a->n != b->n)
		return a->n > b->n ? -1 : 1;
	return a->program < b->program ? -1 : a->program > b->program;
}

static bool has_pid(const struct mw_execs *execs, pid_t pid)
{
	for (size_t i = 0; i < execs->pids.n; i++) {
		if (execs->pids.items[i] == pid)
			return true;
	}
	return false;
}

/* Processes without an image whose start no image had logged: the root itself, mostly. */
static int take_unseen(
	struct mw_profile *profile, const struct mw_processes *processes, struct mw_execs *execs)
{
	for (size_t i = 0; i < processes->rows.n; i++) {
		const struct mw_process_row *row = &processes->rows.items[i];
		if (row->image_idx != MW_NONE || has_pid(execs, row->pid))
			continue;
		const char *command = mw_processes_unfollowed_command(profile, row);
		uint32_t program, verdict = MW_VERDICT_UNSEEN;
		const struct mw_run_info *info = &profile->runs.items[row->run_idx].info;
		if (row->pid == info->root_pid && info->root_verdict != MWD_VERDICT_FOLLOWED)
			verdict = info->root_verdict;
		int error = mw_strings_intern(
			&profile->strings, command, strcspn(command, " "), &program);
		if (!error)
			error = count(execs, program, verdict);
		if (error)
			return error;
	}
	return 0;
}

int mw_execs_build(
	struct mw_profile *profile, const struct mw_processes *processes, struct mw_execs *execs)
{
	memset(execs, 0, sizeof(*execs));
	struct arrivals arrivals = { 0 };
	int error = 0;
	for (uint32_t run_idx = 0; !error && run_idx < profile->runs.n; run_idx++) {
		error = collect_arrivals(profile, run_idx, &arrivals);
		for (size_t i = 0; !error && i < profile->images.n; i++) {
			if (profile->images.items[i].run_idx == run_idx)
				error = take_image(
					profile, &profile->images.items[i], &arrivals, execs);
		}
	}
	mw_array_deinit(&arrivals.by_pid);
	if (!error)
		error = take_unseen(profile, processes, execs);
	if (execs->groups.n > 0)
		qsort(execs->groups.items, execs->groups.n, sizeof(struct mw_exec_group),
			compare_groups);
	return error;
}

void mw_execs_deinit(struct mw_execs *execs)
{
	mw_array_deinit(&execs->groups);
	mw_array_deinit(&execs->pids);
}
