/* SPDX: no licence chosen yet, see README */
/* sampler.c - the job's processes and their RSS over time. See sampler.h. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "preload/launch/clock.h"
#include "preload/launch/proc_read.h"
#include "preload/launch/sampler.h"

#define DENSE_NS (3 * MW_NS_PER_MS / 2)
/* Work may take 1/20 of the time. */
#define REST_PER_WORK 20
/* Deeper than any honest chain of parents; a bound for races with dying parents. */
#define ANCESTORS_MOST 256
/* /proc rounds a start down to a clock tick. */
#define START_SLACK_NS (20 * MW_NS_PER_MS)

static void note_own_peak(void *context, int32_t pid, int64_t bytes)
{
	struct mw_sampler *sampler = context;
	if (bytes > sampler->own_peak_bytes) {
		sampler->own_peak_bytes = bytes;
		sampler->own_peak_ns = mw_clock_monotonic_ns();
	}
	/* Newest first: pids come back. */
	for (size_t i = sampler->members.n_all; i-- > 0;) {
		struct mw_member *member = sampler->members.all[i];
		if (member->pid != pid)
			continue;
		if (bytes > member->max_rss_bytes)
			member->max_rss_bytes = bytes;
		return;
	}
}

int64_t mw_sampler_rss_peak(const struct mw_sampler *sampler, int64_t *at_ns_out)
{
	bool is_sampled = sampler->rss_peak_bytes >= sampler->own_peak_bytes;
	*at_ns_out = is_sampled ? sampler->rss_peak_ns : sampler->own_peak_ns;
	return is_sampled ? sampler->rss_peak_bytes : sampler->own_peak_bytes;
}

struct mw_sampler *mw_sampler_create(struct mw_control *control, int64_t interval_ns)
{
	struct mw_sampler *sampler = calloc(1, sizeof(*sampler));
	if (sampler == NULL)
		return NULL;
	sampler->control = control;
	sampler->interval_ns = interval_ns;
	sampler->start_ns = control->page->start_monotonic_ns;
	sampler->images.note_rss_peak = note_own_peak;
	sampler->images.context = sampler;
	return sampler;
}

struct mw_sampler *mw_sampler_destroy(struct mw_sampler *sampler)
{
	if (sampler == NULL)
		return NULL;
	mw_members_deinit(&sampler->members);
	mw_images_deinit(&sampler->images);
	free(sampler);
	return NULL;
}

void mw_sampler_retire(struct mw_sampler *sampler, struct mw_member *member)
{
	int64_t now_ns = mw_clock_monotonic_ns();
	int32_t pid = member->pid;
	mw_members_retire(&sampler->members, member, now_ns);
	mw_images_collect(&sampler->images, sampler->control);
	mw_images_bury_pid(&sampler->images, sampler->control, pid, now_ns);
}

/*
 * We are the subreaper, so every process of the job, and no other, has us among its ancestors.
 * A pid from the dump needs this check: it may be of another pid namespace.
 */
static bool is_of_job(const struct mw_sampler *sampler, int32_t pid)
{
	int32_t own_pid = getpid();
	struct mw_proc_stat stat;
	for (int i = 0; i < ANCESTORS_MOST && mw_proc_read_stat(pid, &stat); i++) {
		pid = stat.ppid;
		if (pid == own_pid || mw_members_find_live(&sampler->members, pid) != NULL)
			return true;
		if (pid <= 1)
			return false;
	}
	return false;
}

static int64_t start_of(const struct mw_sampler *sampler, const struct mw_member *member)
{
	int64_t tick_ns = MW_NS_PER_S / sysconf(_SC_CLK_TCK);
	return (int64_t)member->start_ticks * tick_ns - sampler->control->boot_minus_monotonic_ns;
}

/* The live process that wrote an image, made a member if need be; NULL if there is none. */
static struct mw_member *find_writer(
	struct mw_sampler *sampler, const struct mw_open_image *open, int64_t now_ns)
{
	struct mw_member *member = mw_members_find_live(&sampler->members, open->pid);
	if (member == NULL && is_of_job(sampler, open->pid))
		member = mw_members_add(&sampler->members, open->pid, now_ns);
	if (member == NULL || start_of(sampler, member) > open->start_ns + START_SLACK_NS)
		return NULL; /* none, or its pid is somebody else's by now */
	return member;
}

static bool is_pid_gone(int32_t pid)
{
	struct mw_proc_stat stat;
	if (kill(pid, 0) != 0 && errno == ESRCH)
		return true;
	return mw_proc_read_stat(pid, &stat) && stat.state == 'Z';
}

/* Processes that had died before we saw them alive are buried here. */
static void meet_images(struct mw_sampler *sampler, int64_t now_ns)
{
	struct mw_images *images = &sampler->images;
	mw_images_collect(images, sampler->control);
	for (size_t i = images->n_open; i-- > 0;) {
		struct mw_open_image *open = &images->open[i];
		if (open->is_known)
			continue;
		open->is_known = true;
		if (find_writer(sampler, open, now_ns) != NULL || images->has_foreign_pids)
			continue;
		if (is_pid_gone(open->pid)) {
			mw_images_bury_pid(images, sampler->control, open->pid, now_ns);
			i = images->n_open; /* the array has moved; the known ones are skipped */
		}
	}
}

struct walk {
	struct mw_sampler *sampler;
	int64_t now_ns;
};

static void meet_child(void *context, int32_t pid)
{
	struct walk *walk = context;
	struct mw_members *members = &walk->sampler->members;
	const struct mw_group_watch *group = walk->sampler->group;
	if (mw_members_find_live(members, pid) == NULL && !(group && group->pid == pid))
		mw_members_add(members, pid, walk->now_ns);
}

/* Members added on the way are at the end of the live ones, so the walk visits them, too. */
static void walk_children(struct mw_sampler *sampler, int64_t now_ns)
{
	struct walk walk = { sampler, now_ns };
	mw_proc_visit_children(getpid(), meet_child, &walk);
	for (size_t i = 0; i < sampler->members.n_live; i++)
		mw_proc_visit_children(sampler->members.live[i]->pid, meet_child, &walk);
	int64_t cost_ns = mw_clock_monotonic_ns() - now_ns;
	sampler->next_walk_ns = now_ns + REST_PER_WORK * cost_ns;
}

static int64_t measure_all(struct mw_sampler *sampler, int64_t now_ns)
{
	int64_t sum_bytes = 0;
	for (size_t i = 0; i < sampler->members.n_live; i++) {
		mw_member_measure(sampler->members.live[i], now_ns);
		sum_bytes += sampler->members.live[i]->rss_bytes;
	}
	return sum_bytes;
}

static void note_peak(struct mw_sampler *sampler, int64_t rss_bytes, int64_t now_ns)
{
	if (rss_bytes <= sampler->rss_peak_bytes)
		return;
	mw_control_set_rss_peak(sampler->control, rss_bytes, now_ns);
	sampler->rss_peak_bytes = rss_bytes;
	sampler->rss_peak_ns = now_ns;
	sampler->peak_number++;
	for (size_t i = 0; i < sampler->members.n_live; i++) {
		struct mw_member *member = sampler->members.live[i];
		member->rss_at_peak_bytes = member->rss_bytes;
		member->peak_number = sampler->peak_number;
	}
}

static bool is_any_young(const struct mw_sampler *sampler, int64_t now_ns)
{
	for (size_t i = 0; i < sampler->members.n_live; i++) {
		if (mw_member_is_young(sampler->members.live[i], now_ns))
			return true;
	}
	return false;
}

static void plan_next(struct mw_sampler *sampler, int64_t begin_ns)
{
	int64_t end_ns = mw_clock_monotonic_ns();
	int64_t rest_ns = REST_PER_WORK * (end_ns - begin_ns);
	int64_t period_ns = sampler->interval_ns;
	if (period_ns > DENSE_NS && is_any_young(sampler, end_ns))
		period_ns = DENSE_NS;
	sampler->next_tick_ns = begin_ns + (rest_ns > period_ns ? rest_ns : period_ns);
}

void mw_sampler_tick(struct mw_sampler *sampler)
{
	int64_t now_ns = mw_clock_monotonic_ns();
	mw_control_allocate_ahead(sampler->control);
	meet_images(sampler, now_ns);
	if (now_ns >= sampler->next_walk_ns)
		walk_children(sampler, now_ns);
	int64_t rss_bytes = measure_all(sampler, now_ns);
	note_peak(sampler, rss_bytes, now_ns);
	sampler->n_samples++;
	struct mw_sample sample = { .elapsed_ns = now_ns - sampler->start_ns,
		.rss_bytes = rss_bytes,
		.heap_live_bytes =
			__atomic_load_n(&sampler->control->page->heap_live_bytes, __ATOMIC_RELAXED),
		.n_processes = (int64_t)sampler->members.n_live };
	mw_timeline_add(&sampler->timeline, &sample);
	plan_next(sampler, now_ns);
}

void mw_sampler_finish(struct mw_sampler *sampler)
{
	int64_t now_ns = mw_clock_monotonic_ns();
	walk_children(sampler, now_ns);
	meet_images(sampler, now_ns);
	for (size_t i = sampler->members.n_live; i-- > 0;) {
		if (mw_member_has_ended(sampler->members.live[i]))
			mw_sampler_retire(sampler, sampler->members.live[i]);
	}
}
