/* SPDX: no licence chosen yet, see README */
/*
 * process_starts.c - logged starts (starts.h) meet the rows without image, each at most once: so a
 * program that was not followed is one row, whether its parent's log, the launcher or both know
 * of it. See process_starts.h.
 */
#include "report/model/process_starts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/model/starts.h"

/* A process may have been seen last before it became the program. */
#define BEFORE_EXEC_NS 100000000

struct unfollowed {
	const struct mw_profile *profile;
	struct mw_processes *processes;
	MW_ARRAY(uint32_t) rows; /* without image, by run, pid, start */
};

static int collect(struct unfollowed *unfollowed)
{
	const struct mw_processes *processes = unfollowed->processes;
	for (uint32_t i = 0; i < processes->rows.n; i++) {
		if (processes->rows.items[i].image_idx != MW_NONE)
			continue;
		uint32_t *slot = mw_array_push(&unfollowed->rows);
		if (!slot)
			return -ENOMEM;
		*slot = i;
	}
	return 0;
}

static int compare_pids(const struct mw_process_row *a, uint32_t run_idx, pid_t pid)
{
	if (a->run_idx != run_idx)
		return a->run_idx < run_idx ? -1 : 1;
	return a->pid < pid ? -1 : a->pid > pid;
}

static const struct mw_processes *sorted; /* for qsort(), which takes no context */

/* Indices are in the order of starts. */
static int compare_rows(const void *left, const void *right)
{
	uint32_t a_idx = *(const uint32_t *)left, b_idx = *(const uint32_t *)right;
	const struct mw_process_row *b = &sorted->rows.items[b_idx];
	int order = compare_pids(&sorted->rows.items[a_idx], b->run_idx, b->pid);
	return order ? order : a_idx < b_idx ? -1 : a_idx > b_idx;
}

static size_t first_of_pid(const struct unfollowed *unfollowed, const struct mw_start *start)
{
	size_t low = 0, high = unfollowed->rows.n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct mw_process_row *row =
			&unfollowed->processes->rows.items[unfollowed->rows.items[middle]];
		if (compare_pids(row, start->run_idx, start->pid) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int64_t last_seen_ns(const struct mw_profile *profile, const struct mw_process_row *row)
{
	if (!row->seen || row->seen->last_seen_seconds < 0)
		return INT64_MAX;
	return mw_plus(profile->runs.items[row->run_idx].dump.control.start_monotonic_ns,
		(int64_t)(row->seen->last_seen_seconds * 1e9));
}

static bool is_of(const struct mw_profile *profile, const struct mw_process_row *row,
	const struct mw_start *start)
{
	return row->verdict == MW_VERDICT_UNSEEN && row->run_idx == start->run_idx &&
	       row->start_ns < start->until_ns &&
	       last_seen_ns(profile, row) >= mw_minus(start->time_ns, BEFORE_EXEC_NS);
}

static struct mw_process_row *find_by_pid(
	const struct unfollowed *unfollowed, const struct mw_start *start)
{
	for (size_t i = first_of_pid(unfollowed, start); i < unfollowed->rows.n; i++) {
		struct mw_process_row *row =
			&unfollowed->processes->rows.items[unfollowed->rows.items[i]];
		if (compare_pids(row, start->run_idx, start->pid) != 0)
			return NULL;
		if (is_of(unfollowed->profile, row, start))
			return row;
	}
	return NULL;
}

/* Any child of that parent will do. */
static struct mw_process_row *find_by_parent(
	const struct unfollowed *unfollowed, const struct mw_start *start)
{
	for (size_t i = 0; i < unfollowed->rows.n; i++) {
		struct mw_process_row *row =
			&unfollowed->processes->rows.items[unfollowed->rows.items[i]];
		if (row->ppid == start->ppid && is_of(unfollowed->profile, row, start))
			return row;
	}
	return NULL;
}

static struct mw_process_row *add_row(struct mw_processes *processes, const struct mw_start *start)
{
	struct mw_process_row *row = mw_array_push(&processes->rows);
	if (row)
		*row = (struct mw_process_row){ .run_idx = start->run_idx,
			.image_idx = MW_NONE,
			.pid = start->pid,
			.ppid = start->ppid,
			.start_ns = start->time_ns,
			.end_ns = start->time_ns,
			.heap_peak_bytes = -1,
			.rss_peak_bytes = -1 };
	return row;
}

static int take(const struct unfollowed *unfollowed, const struct mw_start *start)
{
	struct mw_process_row *row = start->pid != 0 ? find_by_pid(unfollowed, start) : NULL;
	if (!row && start->pid <= 0)
		row = find_by_parent(unfollowed, start);
	if (!row)
		row = add_row(unfollowed->processes, start);
	if (!row)
		return -ENOMEM;
	row->program = start->program;
	row->verdict = start->verdict;
	row->is_exec_known = start->is_exec;
	return 0;
}

/* Starts whose pid is known choose first. */
static int take_all(const struct unfollowed *unfollowed, const struct mw_starts *starts)
{
	int error = 0;
	for (int has_pid = 1; has_pid >= 0; has_pid--) {
		for (size_t i = 0; !error && i < starts->missing.n; i++) {
			const struct mw_start *start = &starts->missing.items[i];
			if ((start->pid != 0) == has_pid)
				error = take(unfollowed, start);
		}
	}
	return error;
}

/* No image had logged its start: the root itself, or what an unfollowed program started. */
static int name_unseen(struct mw_profile *profile, struct mw_process_row *row)
{
	const struct mw_run_info *info = &profile->runs.items[row->run_idx].info;
	const char *command = mw_processes_unfollowed_command(profile, row);
	bool is_first = !row->seen || row->seen->exec_generation <= 0;
	if (row->pid == info->root_pid && is_first && info->root_verdict != MWD_VERDICT_FOLLOWED)
		row->verdict = info->root_verdict;
	return mw_strings_intern(&profile->strings, command, strcspn(command, " "), &row->program);
}

int mw_process_starts_add(struct mw_profile *profile, struct mw_processes *processes)
{
	struct unfollowed unfollowed = { .profile = profile, .processes = processes };
	struct mw_starts starts;
	int error = mw_starts_build(profile, &starts);
	if (!error)
		error = collect(&unfollowed);
	sorted = processes;
	if (!error && unfollowed.rows.n > 0)
		qsort(unfollowed.rows.items, unfollowed.rows.n, sizeof(uint32_t), compare_rows);
	if (!error)
		error = take_all(&unfollowed, &starts);
	for (size_t i = 0; !error && i < processes->rows.n; i++) {
		struct mw_process_row *row = &processes->rows.items[i];
		if (row->image_idx == MW_NONE && row->verdict == MW_VERDICT_UNSEEN)
			error = name_unseen(profile, row);
	}
	processes->n_followed_starts = starts.n_followed;
	mw_starts_deinit(&starts);
	mw_array_deinit(&unfollowed.rows);
	return error;
}

/* Of a long command line an image, and the launcher, know the beginning. */
static bool is_same_command(const char *a, const char *b)
{
	size_t n_a = strlen(a), n_b = strlen(b), n = n_a < n_b ? n_a : n_b;
	return memcmp(a, b, n) == 0 && (n_a == n_b || n >= MWD_CMDLINE_BYTES - 1);
}

/* What a followed program starts it logs. So a child of it that nobody started, with its command
 * line, is its fork; that has an image from its first event on, and had none. */
int mw_process_starts_tell_copies(const struct mw_profile *profile, struct mw_processes *processes)
{
	for (size_t i = 0; i < processes->rows.n; i++) {
		struct mw_process_row *row = &processes->rows.items[i];
		const struct mw_process_row *parent =
			row->parent == MW_NONE ? NULL : &processes->rows.items[row->parent];
		bool is_known = row->image_idx != MW_NONE || row->verdict != MW_VERDICT_UNSEEN;
		if (is_known || row->previous != MW_NONE || !parent ||
			mw_processes_is_unfollowed(parent) || !row->seen || !row->seen->command)
			continue;
		char *command = mw_processes_whole_command(profile, parent);
		if (!command)
			return -ENOMEM;
		row->is_copy = is_same_command(command, row->seen->command);
		free(command);
	}
	return 0;
}
