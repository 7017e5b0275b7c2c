/* SPDX: no licence chosen yet, see README */
/*
 * starts.c - exec and spawn entries of the logs against the images that came: what never arrived
 * stays. See starts.h.
 *
 * A program has arrived if its process wrote an image that is no fork's, after the entry and before
 * the process began another program. What cannot be followed is no image's beginning, even if
 * the process has one later: it has executed another program by then.
 */
#include "report/model/starts.h"

#include <errno.h>
#include <string.h>

#include "report/model/pids.h"
#include "report/util/format.h"

/* Beginning of an image, for looking up what arrived. */
struct arrival {
	uint32_t run_idx;
	pid_t pid, ppid;
	int64_t start_ns;
	bool is_forked;
	bool is_orphan;	 /* first in a pid namespace, and gone before anybody saw its parent */
	pid_t inner_pid; /* as it knows itself in another pid namespace; else 0 */
	bool is_taken;	 /* its start was found */
};

struct arrivals {
	MW_ARRAY(struct arrival) by_pid;
};

static int compare(const uint32_t runs[2], const pid_t pids[2], const int64_t times[2])
{
	if (runs[0] != runs[1])
		return runs[0] < runs[1] ? -1 : 1;
	if (pids[0] != pids[1])
		return pids[0] < pids[1] ? -1 : 1;
	return times[0] < times[1] ? -1 : times[0] > times[1];
}

static int compare_arrivals(const void *left, const void *right)
{
	const struct arrival *a = left, *b = right;
	return compare((uint32_t[]){ a->run_idx, b->run_idx }, (pid_t[]){ a->pid, b->pid },
		(int64_t[]){ a->start_ns, b->start_ns });
}

static int compare_starts(const void *left, const void *right)
{
	const struct mw_start *a = left, *b = right;
	return compare((uint32_t[]){ a->run_idx, b->run_idx }, (pid_t[]){ a->pid, b->pid },
		(int64_t[]){ a->time_ns, b->time_ns });
}

static int collect_arrivals(const struct mw_profile *profile, struct arrivals *arrivals)
{
	for (size_t i = 0; i < profile->images.n; i++) {
		const struct mw_image *image = &profile->images.items[i];
		struct arrival *arrival = mw_array_push(&arrivals->by_pid);
		if (!arrival)
			return -ENOMEM;
		*arrival = (struct arrival){ .run_idx = image->run_idx,
			.pid = image->pid,
			.ppid = image->ppid,
			.inner_pid = image->pid_namespace ? image->head->pid : 0,
			.is_orphan = image->pid_namespace && image->ppid == -1,
			.start_ns = image->head->start_ns,
			.is_forked = image->head->flags & MWD_IMAGE_FORKED };
	}
	if (arrivals->by_pid.n > 0)
		qsort(arrivals->by_pid.items, arrivals->by_pid.n, sizeof(struct arrival),
			compare_arrivals);
	return 0;
}

static int add_start(struct mw_profile *profile, const struct mw_image *image,
	const struct mwd_log_exec *entry, struct mw_span path, struct mw_starts *starts)
{
	char text[4096];
	struct mw_start *start = mw_array_push(&starts->missing);
	if (!start)
		return -ENOMEM;
	bool is_exec = entry->pid == image->head->pid;
	pid_t pid = mw_pids_of_log(profile, image, entry->pid, entry->time_ns);
	*start = (struct mw_start){ .run_idx = image->run_idx,
		.pid = pid,
		.inner_pid = entry->pid,
		.ppid = is_exec ? image->ppid : image->pid,
		.is_exec = is_exec,
		.time_ns = entry->time_ns,
		.until_ns = INT64_MAX,
		.verdict = entry->verdict };
	snprintf(text, sizeof(text), "%.*s",
		(int)mw_field_length((const char *)path.bytes,
			path.n_bytes < sizeof(text) ? path.n_bytes : sizeof(text) - 1),
		(const char *)path.bytes);
	mw_format_clean(text);
	return mw_strings_intern(&profile->strings, text, strlen(text), &start->program);
}

/* Calls that returned with an error started nothing. */
static int collect_starts(struct mw_profile *profile, struct mw_starts *starts)
{
	int error = 0;
	for (size_t i = 0; !error && i < profile->images.n; i++) {
		const struct mw_image *image = &profile->images.items[i];
		const struct mw_dump *dump = &profile->runs.items[image->run_idx].dump;
		struct mw_dump_log_cursor cursor = { 0 };
		struct mwd_log_exec entry;
		struct mw_span span, path;
		while (!error && mw_dump_next_log(dump, image->dump_idx, &cursor, &span)) {
			if (((const struct mwd_log_entry *)span.bytes)->type == MWD_LOG_EXEC &&
				mw_span_read(span, 0, &entry, sizeof(entry)) && entry.error == 0 &&
				mw_span_part(span, sizeof(entry), entry.path_bytes, &path))
				error = add_start(profile, image, &entry, path, starts);
		}
	}
	if (starts->missing.n > 0)
		qsort(starts->missing.items, starts->missing.n, sizeof(struct mw_start),
			compare_starts);
	return error;
}

/* First of the same process that is not before @start, or the end of all. */
static size_t first_arrival(const struct arrivals *arrivals, const struct mw_start *start)
{
	struct arrival key = {
		.run_idx = start->run_idx, .pid = start->pid, .start_ns = start->time_ns
	};
	size_t low = 0, high = arrivals->by_pid.n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_arrivals(&arrivals->by_pid.items[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Up to @start->until_ns, which moves to the image that is met first. */
static struct arrival *find_arrival(const struct arrivals *arrivals, struct mw_start *start)
{
	int64_t until_ns = start->until_ns;
	for (size_t i = first_arrival(arrivals, start); i < arrivals->by_pid.n; i++) {
		struct arrival *arrival = &arrivals->by_pid.items[i];
		if (arrival->run_idx != start->run_idx || arrival->pid != start->pid ||
			arrival->start_ns >= until_ns)
			return NULL;
		if (arrival->start_ns < start->until_ns)
			start->until_ns = arrival->start_ns;
		if (!arrival->is_forked)
			return arrival;
	}
	return NULL;
}

/* The pid of a spawn that was cut short, or of the first in a pid namespace, is not known: any such
 * child of that parent will do, else the next that may be anybody's, once. */
static bool has_child_arrived(const struct arrivals *arrivals, const struct mw_start *start)
{
	struct arrival *next_orphan = NULL;
	for (size_t i = 0; i < arrivals->by_pid.n; i++) {
		struct arrival *arrival = &arrivals->by_pid.items[i];
		if (arrival->run_idx != start->run_idx || arrival->is_forked ||
			arrival->start_ns < start->time_ns)
			continue;
		if (arrival->ppid == start->ppid)
			return true;
		if (arrival->is_orphan && !arrival->is_taken &&
			(!next_orphan || arrival->start_ns < next_orphan->start_ns))
			next_orphan = arrival;
	}
	if (next_orphan)
		next_orphan->is_taken = true;
	return next_orphan;
}

/*
 * A pid in a log is that of whoever logged, who may have no image of its own, and another namespace
 * than the image whose log it is. So the next that knows itself by that pid inside, and that no
 * start led to, once.
 */
static bool has_arrived_inside(const struct arrivals *arrivals, const struct mw_start *start)
{
	struct arrival *next = NULL;
	for (size_t i = 0; i < arrivals->by_pid.n; i++) {
		struct arrival *arrival = &arrivals->by_pid.items[i];
		if (arrival->run_idx == start->run_idx && !arrival->is_forked &&
			!arrival->is_taken && arrival->inner_pid == start->inner_pid &&
			arrival->start_ns >= start->time_ns &&
			(!next || arrival->start_ns < next->start_ns))
			next = arrival;
	}
	if (next)
		next->is_taken = true;
	return next;
}

/* Of what could not be read the shell may have made sense: execvp() gives it to one. */
static bool may_arrive(const struct mw_start *start)
{
	return start->verdict == MWD_VERDICT_FOLLOWED || start->verdict == MWD_VERDICT_UNKNOWN;
}

static bool is_followed(const struct arrivals *arrivals, struct mw_start *start)
{
	if (start->pid == 0)
		return start->verdict == MWD_VERDICT_FOLLOWED && has_child_arrived(arrivals, start);
	struct arrival *arrival = find_arrival(arrivals, start);
	if (!arrival || !may_arrive(start))
		return false;
	arrival->is_taken = true;
	return true;
}

static void drop_arrived_inside(const struct arrivals *arrivals, struct mw_starts *starts)
{
	size_t n_kept = 0;
	for (size_t i = 0; i < starts->missing.n; i++) {
		struct mw_start start = starts->missing.items[i];
		if (start.inner_pid > 0 && start.pid != 0 && may_arrive(&start) &&
			has_arrived_inside(arrivals, &start))
			starts->n_followed++;
		else
			starts->missing.items[n_kept++] = start;
	}
	starts->missing.n = n_kept;
}

static void drop_followed(const struct arrivals *arrivals, struct mw_starts *starts)
{
	size_t n = starts->missing.n, n_kept = 0;
	for (size_t i = 0; i < n; i++) {
		struct mw_start start = starts->missing.items[i];
		const struct mw_start *next = &starts->missing.items[i + 1];
		if (start.pid != 0 && i + 1 < n && next->run_idx == start.run_idx &&
			next->pid == start.pid)
			start.until_ns = next->time_ns;
		if (is_followed(arrivals, &start))
			starts->n_followed++;
		else
			starts->missing.items[n_kept++] = start;
	}
	starts->missing.n = n_kept;
}

int mw_starts_build(struct mw_profile *profile, struct mw_starts *starts)
{
	struct arrivals arrivals = { 0 };
	bool are_inside = false;
	memset(starts, 0, sizeof(*starts));
	int error = collect_arrivals(profile, &arrivals);
	if (!error)
		error = collect_starts(profile, starts);
	if (!error)
		drop_followed(&arrivals, starts);
	for (size_t i = 0; !error && i < profile->runs.n; i++)
		are_inside |= profile->runs.items[i].info.n_inside > 0;
	if (are_inside)
		drop_arrived_inside(&arrivals, starts);
	mw_array_deinit(&arrivals.by_pid);
	return error;
}

void mw_starts_deinit(struct mw_starts *starts)
{
	mw_array_deinit(&starts->missing);
}
