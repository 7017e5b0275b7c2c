/* SPDX: no licence chosen yet, see README */
/*
 * processes.c - rows from images, from run.json and from logged starts (process_starts.c), linked
 * (exec: same pid; fork: parent image; spawn: ppid) and put in tree order. After merging; for
 * render/.
 *
 * Pids come round again, so a link goes to the latest earlier row of that pid. All links point
 * to lower rows, so there are no cycles whatever the dump says.
 */
#include "report/model/processes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/model/pids.h"
#include "report/model/process_starts.h"

static const struct mw_run *run_of(
	const struct mw_profile *profile, const struct mw_process_row *row)
{
	return &profile->runs.items[row->run_idx];
}

static const struct mw_image *image_of(
	const struct mw_profile *profile, const struct mw_process_row *row)
{
	return row->image_idx == MW_NONE ? NULL : &profile->images.items[row->image_idx];
}

static bool is_forked(const struct mw_image *image)
{
	return image && image->head->flags & MWD_IMAGE_FORKED;
}

static int add_image_rows(const struct mw_profile *profile, struct mw_processes *processes)
{
	for (uint32_t i = 0; i < profile->images.n; i++) {
		const struct mw_image *image = &profile->images.items[i];
		struct mw_process_row *row = mw_array_push(&processes->rows);
		/* An exec that failed leaves what was told of an end that was none. */
		bool has_told = image->head->vm_hwm_bytes > 0 && image->head->end != MWD_END_NONE &&
				image->head->end != MWD_END_KILLED;
		if (!row)
			return -ENOMEM;
		*row = (struct mw_process_row){
			.run_idx = image->run_idx,
			.image_idx = i,
			.pid = image->pid,
			.ppid = image->ppid,
			.start_ns = image->head->start_ns,
			.end_ns = image->head->end_ns,
			.heap_peak_bytes = mw_settle_process_peak(image->head, MWD_CLASS_HEAP),
			.rss_peak_bytes = has_told ? (int64_t)image->head->vm_hwm_bytes : -1,
			.is_rss_exact = has_told,
			.at_tree_peak_bytes =
				image->sums[MWD_CLASS_HEAP].peak_bytes[MWD_PEAK_TREE_HEAP],
		};
	}
	return 0;
}

static int compare_rows(const void *left, const void *right)
{
	const struct mw_process_row *a = left, *b = right;
	if (a->run_idx != b->run_idx)
		return a->run_idx < b->run_idx ? -1 : 1;
	if (a->start_ns != b->start_ns)
		return a->start_ns < b->start_ns ? -1 : 1;
	return a->image_idx < b->image_idx ? -1 : a->image_idx > b->image_idx;
}

static void sort_rows(struct mw_processes *processes)
{
	if (processes->rows.n > 0)
		qsort(processes->rows.items, processes->rows.n, sizeof(processes->rows.items[0]),
			compare_rows);
}

/* Latest row of each (run, pid) so far; pids are hashed, as there may be many. */
struct latest {
	const struct mw_processes *processes;
	struct mw_index index;
	MW_ARRAY(uint32_t) rows; /* element of the index -> row */
};

static bool is_latest(const void *context, uint32_t element, const void *key)
{
	const struct latest *latest = context;
	const struct mw_process_row *row =
		&latest->processes->rows.items[latest->rows.items[element]];
	const struct mw_process_row *wanted = key;
	return row->pid == wanted->pid && row->run_idx == wanted->run_idx;
}

static uint32_t *find_latest(struct latest *latest, uint32_t run_idx, pid_t pid)
{
	struct mw_process_row key = { .run_idx = run_idx, .pid = pid };
	uint64_t hash = mw_hash_word(run_idx, (uint64_t)pid);
	uint32_t element;
	if (mw_index_find(&latest->index, hash, is_latest, latest, &key, &element) != 0)
		return NULL;
	return &latest->rows.items[element];
}

static int set_latest(struct latest *latest, uint32_t row_idx)
{
	const struct mw_process_row *row = &latest->processes->rows.items[row_idx];
	uint32_t *known = find_latest(latest, row->run_idx, row->pid);
	if (known) {
		*known = row_idx;
		return 0;
	}
	uint32_t *slot = mw_array_push(&latest->rows);
	if (!slot)
		return -ENOMEM;
	*slot = row_idx;
	return mw_index_add(&latest->index, mw_hash_word(row->run_idx, (uint64_t)row->pid),
		(uint32_t)(latest->rows.n - 1));
}

static void latest_deinit(struct latest *latest)
{
	mw_index_deinit(&latest->index);
	mw_array_deinit(&latest->rows);
}

static struct mw_process_row *add_row(
	struct mw_processes *processes, const struct mw_run *run, uint32_t run_idx, pid_t pid)
{
	struct mw_process_row *row = mw_array_push(&processes->rows);
	if (row)
		*row = (struct mw_process_row){ .run_idx = run_idx,
			.image_idx = MW_NONE,
			.pid = pid,
			.ppid = -1,
			.verdict = MW_VERDICT_UNSEEN,
			.heap_peak_bytes = -1,
			.rss_peak_bytes = -1,
			.start_ns = run->dump.control.start_monotonic_ns };
	return row;
}

static int compare_offsets(const void *key, const void *element)
{
	int64_t wanted = *(const int64_t *)key;
	int64_t offset = (int64_t)((const struct mw_dump_image *)element)->offset;
	return wanted < offset ? -1 : wanted > offset;
}

/* Where rows of images are, before others are added. */
struct places {
	struct latest latest;
	uint32_t *row_of_image; /* owned */
	uint32_t *earlier;	/* owned; row -> the one before it with the same pid, MW_NONE */
	uint32_t first_image;	/* of the run at hand */
};

/* A pid is one program at a time, whatever the launcher made of pids that came round quickly. */
static struct mw_process_row *find_at_its_time(const struct mw_run *run, uint32_t run_idx,
	const struct mw_run_process *seen, struct mw_processes *processes, struct places *places)
{
	const uint32_t *latest = find_latest(&places->latest, run_idx, seen->pid);
	int64_t at_ns = mw_plus(
		run->dump.control.start_monotonic_ns, (int64_t)(seen->first_seen_seconds * 1e9));
	for (uint32_t i = latest ? *latest : MW_NONE; i != MW_NONE; i = places->earlier[i]) {
		struct mw_process_row *row = &processes->rows.items[i];
		if (row->start_ns <= at_ns && at_ns < row->end_ns)
			return row;
	}
	return NULL;
}

/* The row of what the launcher saw, by its image's place in the dump. An older run.json does not
 * tell it, and has one entry a process: that goes to the last image of its pid. */
static struct mw_process_row *find_seen(const struct mw_run *run, uint32_t run_idx,
	const struct mw_run_process *seen, struct mw_processes *processes, struct places *places)
{
	const struct mw_dump *dump = &run->dump;
	if (seen->exec_generation < 0) {
		uint32_t *known = find_latest(&places->latest, run_idx, seen->pid);
		return known ? &processes->rows.items[*known] : NULL;
	}
	if (seen->image_offset < 0 || dump->images.n == 0)
		return find_at_its_time(run, run_idx, seen, processes, places);
	const struct mw_dump_image *image = bsearch(&seen->image_offset, dump->images.items,
		dump->images.n, sizeof(*image), compare_offsets);
	if (!image)
		return NULL;
	size_t image_idx = places->first_image + (size_t)(image - dump->images.items);
	return &processes->rows.items[places->row_of_image[image_idx]];
}

/* What has no image gets a row, and so does a root that was too quick to be seen. */
static int add_run_rows(const struct mw_run *run, uint32_t run_idx, struct mw_processes *processes,
	struct places *places)
{
	bool has_root = find_latest(&places->latest, run_idx, run->info.root_pid) != NULL;
	for (size_t i = 0; i < run->info.processes.n; i++) {
		const struct mw_run_process *seen = &run->info.processes.items[i];
		struct mw_process_row *row = find_seen(run, run_idx, seen, processes, places);
		has_root |= seen->pid == run->info.root_pid;
		if (row && row->seen && seen->image_offset < 0 && seen->exec_generation >= 0)
			continue; /* its image has told */
		if (row) {
			row->seen = seen;
			continue;
		}
		row = add_row(processes, run, run_idx, seen->pid);
		if (!row)
			return -ENOMEM;
		row->seen = seen;
		row->ppid = seen->ppid;
		row->start_ns = mw_plus(row->start_ns, (int64_t)(seen->first_seen_seconds * 1e9));
	}
	if (!has_root && run->info.root_pid > 0 &&
		!add_row(processes, run, run_idx, run->info.root_pid))
		return -ENOMEM;
	return 0;
}

static int add_seen_rows(const struct mw_profile *profile, struct mw_processes *processes)
{
	struct places places = { .latest = { .processes = processes } };
	places.row_of_image = calloc(profile->images.n + 1, sizeof(*places.row_of_image));
	places.earlier = calloc(processes->rows.n + 1, sizeof(*places.earlier));
	int error = places.row_of_image && places.earlier ? 0 : -ENOMEM;
	for (uint32_t i = 0; !error && i < processes->rows.n; i++) {
		const struct mw_process_row *row = &processes->rows.items[i];
		const uint32_t *earlier = find_latest(&places.latest, row->run_idx, row->pid);
		places.row_of_image[row->image_idx] = i;
		places.earlier[i] = earlier ? *earlier : MW_NONE;
		error = set_latest(&places.latest, i);
	}
	for (uint32_t r = 0; !error && r < profile->runs.n; r++) {
		const struct mw_run *run = &profile->runs.items[r];
		error = add_run_rows(run, r, processes, &places);
		places.first_image += (uint32_t)run->dump.images.n;
	}
	latest_deinit(&places.latest);
	free(places.row_of_image);
	free(places.earlier);
	return error;
}

/* The launcher counts execs; where it did not, a new image of a pid whose earlier image had not
 * ended otherwise came by exec. */
static bool is_exec_of(const struct mw_profile *profile, const struct mw_process_row *row,
	const struct mw_process_row *earlier)
{
	const struct mw_image *image = image_of(profile, row);
	const struct mw_image *before = image_of(profile, earlier);
	if (row->is_exec_known)
		return true;
	if (row->seen && row->seen->exec_generation >= 0)
		return row->seen->exec_generation > 0 && !is_forked(image);
	return image && before && !is_forked(image) &&
	       (before->head->end == MWD_END_EXEC || before->head->end == MWD_END_NONE);
}

/* The row of the image it was forked from, if that stands before it. */
static uint32_t fork_parent(const struct mw_profile *profile, const struct mw_processes *processes,
	const uint32_t *row_of_image, uint32_t row_idx)
{
	const struct mw_image *image = image_of(profile, &processes->rows.items[row_idx]);
	if (!is_forked(image))
		return MW_NONE;
	const struct mw_dump *dump = &profile->runs.items[image->run_idx].dump;
	uint32_t parent = dump->images.items[image->dump_idx].parent_idx;
	if (parent == MW_DUMP_NO_IMAGE)
		return MW_NONE;
	uint32_t parent_row =
		row_of_image[image - profile->images.items - image->dump_idx + parent];
	return parent_row < row_idx ? parent_row : MW_NONE;
}

static int link_rows(const struct mw_profile *profile, struct mw_processes *processes)
{
	struct latest latest = { .processes = processes };
	uint32_t *row_of_image = calloc(profile->images.n + 1, sizeof(*row_of_image));
	int error = row_of_image ? 0 : -ENOMEM;
	for (uint32_t i = 0; !error && i < processes->rows.n; i++) {
		struct mw_process_row *row = &processes->rows.items[i];
		if (row->image_idx != MW_NONE)
			row_of_image[row->image_idx] = i;
	}
	for (uint32_t i = 0; !error && i < processes->rows.n; i++) {
		struct mw_process_row *row = &processes->rows.items[i];
		row->previous = row->parent = MW_NONE;
		const uint32_t *earlier = find_latest(&latest, row->run_idx, row->pid);
		if (earlier && is_exec_of(profile, row, &processes->rows.items[*earlier])) {
			struct mw_process_row *replaced = &processes->rows.items[*earlier];
			row->previous = *earlier;
			row->parent = replaced->parent;
			replaced->is_replaced = true;
		} else {
			row->parent = fork_parent(profile, processes, row_of_image, i);
			const uint32_t *parent = find_latest(&latest, row->run_idx, row->ppid);
			if (row->parent == MW_NONE && parent)
				row->parent = *parent;
		}
		error = set_latest(&latest, i);
	}
	latest_deinit(&latest);
	free(row_of_image);
	return error;
}

static void set_end(const struct mw_profile *profile, struct mw_process_row *row)
{
	const struct mw_run_info *info = &run_of(profile, row)->info;
	const struct mw_image *image = image_of(profile, row);
	bool is_root = row->pid == info->root_pid;
	int signal = row->seen && row->seen->term_signal > 0 ? row->seen->term_signal
		     : is_root				     ? info->term_signal
							     : -1;
	int status = row->seen && row->seen->exit_status >= 0 ? row->seen->exit_status
		     : is_root				      ? info->exit_status
							      : -1;
	uint32_t end = image ? image->head->end : MWD_END_NONE;
	bool is_exit = end == MWD_END_EXIT || end == MWD_END_IMMEDIATE || end == MWD_END_QUICK;
	row->end_value = -1;
	if (row->is_replaced) {
		row->end = MW_PROCESS_EXECED;
	} else if (signal > 0) {
		row->end = MW_PROCESS_SIGNALED;
		row->end_value = signal;
	} else if (status >= 0 || is_exit) {
		row->end = MW_PROCESS_EXITED;
		row->end_value = status >= 0 ? status : image->head->end_status;
	} else if (end == MWD_END_EXEC) {
		row->end = MW_PROCESS_EXECED;
	} else if (end == MWD_END_KILLED) {
		row->end = MW_PROCESS_KILLED;
	} else {
		row->end = info->has_ended ? MW_PROCESS_LOST : MW_PROCESS_RUNNING;
	}
}

static void finish_row(const struct mw_profile *profile, struct mw_processes *processes,
	struct mw_process_row *row)
{
	const struct mw_image *image = image_of(profile, row);
	set_end(profile, row);
	if (row->rss_peak_bytes < 0 && row->seen)
		row->rss_peak_bytes = row->seen->max_rss_bytes;
	row->is_silent = (row->is_copy || (is_forked(image) && image->n_records == 0)) &&
			 (row->end != MW_PROCESS_SIGNALED && row->end != MW_PROCESS_KILLED);
	processes->n_silent += row->is_silent && !row->is_replaced;
}

/*
 * Pre-order without recursion: children lists by row, then a walk down first children and, at
 * a leaf, up until there is a next sibling. Images of one pid follow each other.
 */
static int order_rows(struct mw_processes *processes)
{
	size_t n = processes->rows.n;
	uint32_t *first = malloc((n + 1) * sizeof(*first)); /* [n]: top rows */
	uint32_t *next = malloc((n + 1) * sizeof(*next));
	processes->order = malloc((n + 1) * sizeof(*processes->order));
	bool is_ready = first && next && processes->order;
	for (size_t i = 0; is_ready && i <= n; i++)
		first[i] = next[i] = MW_NONE;
	for (uint32_t i = (uint32_t)n; is_ready && i-- > 0;) {
		const struct mw_process_row *row = &processes->rows.items[i];
		uint32_t above = row->previous != MW_NONE ? row->previous
				 : row->parent != MW_NONE ? row->parent
							  : (uint32_t)n;
		next[i] = first[above];
		first[above] = i;
	}
	size_t n_done = 0;
	uint32_t at = is_ready ? first[n] : MW_NONE;
	while (at != MW_NONE) {
		const struct mw_process_row *row = &processes->rows.items[at];
		processes->order[n_done++] = at;
		uint32_t going = first[at];
		while (going == MW_NONE && at != MW_NONE) {
			going = next[at];
			row = &processes->rows.items[at];
			at = row->previous != MW_NONE ? row->previous : row->parent;
		}
		at = going;
	}
	free(first);
	free(next);
	return is_ready ? 0 : -ENOMEM;
}

/* Linked, rows need them no more. */
static void forget_nameless(struct mw_processes *processes)
{
	for (size_t i = 0; i < processes->rows.n; i++) {
		struct mw_process_row *row = &processes->rows.items[i];
		processes->n_nameless += row->pid < -1;
		row->pid = mw_pids_shown(row->pid);
		row->ppid = row->ppid < 0 ? -1 : row->ppid;
	}
}

int mw_processes_build(struct mw_profile *profile, struct mw_processes *processes)
{
	memset(processes, 0, sizeof(*processes));
	int error = add_image_rows(profile, processes);
	sort_rows(processes);
	if (!error)
		error = add_seen_rows(profile, processes);
	sort_rows(processes);
	if (!error)
		error = mw_process_starts_add(profile, processes);
	sort_rows(processes);
	if (!error)
		error = link_rows(profile, processes);
	if (!error)
		error = mw_process_starts_tell_copies(profile, processes);
	for (size_t i = 0; !error && i < processes->rows.n; i++)
		finish_row(profile, processes, &processes->rows.items[i]);
	forget_nameless(processes);
	return error ? error : order_rows(processes);
}

void mw_processes_deinit(struct mw_processes *processes)
{
	mw_array_deinit(&processes->rows);
	free(processes->order);
	processes->order = NULL;
}

bool mw_processes_is_unfollowed(const struct mw_process_row *row)
{
	return row->image_idx == MW_NONE && !row->is_copy;
}

size_t mw_processes_count_unfollowed(const struct mw_processes *processes)
{
	size_t n = 0;
	for (size_t i = 0; i < processes->rows.n; i++)
		n += mw_processes_is_unfollowed(&processes->rows.items[i]);
	return n;
}

size_t mw_processes_count_unseen(const struct mw_processes *processes, size_t run_idx)
{
	size_t n = 0;
	for (size_t i = 0; i < processes->rows.n; i++) {
		const struct mw_process_row *row = &processes->rows.items[i];
		n += row->run_idx == run_idx && mw_processes_is_unfollowed(row) &&
		     row->rss_peak_bytes <= 0;
	}
	return n;
}
