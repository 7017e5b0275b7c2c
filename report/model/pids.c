/* SPDX: no licence chosen yet, see README */
/* pids.c - pids as seen from outside. See pids.h. */
#include "report/model/pids.h"

#include <errno.h>
#include <stdlib.h>

struct seen {
	int64_t offset; /* of the image */
	const struct mw_run_process *process;
};

static int compare_seen(const void *left, const void *right)
{
	const struct seen *a = left, *b = right;
	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static double seconds_at(const struct mw_run *run, int64_t time_ns)
{
	return (double)mw_minus(time_ns, run->dump.control.start_monotonic_ns) / 1e9;
}

/* The first in a namespace has no parent there. */
static void set_inside(const struct mw_run *run, struct mw_image *image,
	const struct mw_run_process *process, uint32_t pid_namespace)
{
	const struct mwd_image *head = image->head;
	double at_seconds = seconds_at(run, head->start_ns);
	image->pid_namespace = pid_namespace;
	image->pid = process ? process->pid
			     : mw_run_outer_pid(&run->info, pid_namespace, head->pid, at_seconds);
	image->ppid = process && process->ppid > 0 ? process->ppid
		      : head->ppid > 0
			      ? mw_run_outer_pid(&run->info, pid_namespace, head->ppid, at_seconds)
			      : -1;
}

/* What the launcher saw of an image, if it was inside; without it the image itself may know. */
static void set(const struct mw_run *run, struct mw_image *image, const struct seen *seen)
{
	const struct mwd_image *head = image->head;
	uint32_t own = run->dump.control.pid_namespace;
	if (seen)
		set_inside(run, image, seen->process, seen->process->pid_namespace);
	else if (head->pid_namespace && own && head->pid_namespace != own)
		set_inside(run, image, NULL, head->pid_namespace);
	else {
		image->pid = head->pid;
		image->ppid = head->ppid;
	}
}

int mw_pids_set(struct mw_profile *profile, uint32_t run_idx)
{
	const struct mw_run *run = &profile->runs.items[run_idx];
	size_t n = run->info.n_inside;
	struct seen *seen = calloc(n + 1, sizeof(*seen));
	if (!seen)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		seen[i] = (struct seen){ run->info.inside[i]->image_offset, run->info.inside[i] };
	if (n > 0)
		qsort(seen, n, sizeof(*seen), compare_seen);
	for (size_t i = 0; i < profile->images.n; i++) {
		struct mw_image *image = &profile->images.items[i];
		if (image->run_idx != run_idx)
			continue;
		struct seen key = {
			.offset = (int64_t)run->dump.images.items[image->dump_idx].offset
		};
		set(run, image, n ? bsearch(&key, seen, n, sizeof(*seen), compare_seen) : NULL);
	}
	free(seen);
	return 0;
}

pid_t mw_pids_of_log(
	const struct mw_profile *profile, const struct mw_image *image, pid_t pid, int64_t time_ns)
{
	const struct mw_run *run = &profile->runs.items[image->run_idx];
	if (pid == image->head->pid)
		return image->pid;
	/* A child that never wrote an image logs to its parent's, and is the first of a namespace.
	 */
	if (pid == 1)
		return 0;
	if (pid <= 0 || image->pid_namespace == 0)
		return pid;
	return mw_run_outer_pid(&run->info, image->pid_namespace, pid, seconds_at(run, time_ns));
}
