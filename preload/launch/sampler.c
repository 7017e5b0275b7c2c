/* SPDX: no licence chosen yet, see README */
/* sampler.c - the job's processes and their RSS over time. See sampler.h. */
#include <stdlib.h>
#include <unistd.h>

#include "preload/launch/clock.h"
#include "preload/launch/proc_read.h"
#include "preload/launch/sampler.h"
#include "preload/launch/writers.h"

#define DENSE_NS (3 * MW_NS_PER_MS / 2)
/* Work may take less than a hundredth of a core, and a fortieth while much happens. */
#define REST_PER_WORK 150
#define REST_PER_DENSE_WORK 40
#define REST_PER_WALK 500
/* What may be missed between two samples near the maximum: 1 %. */
#define PEAK_PER_STEP 100
/* A process that tells its own maximum matters to the tree's only: who is so far below that gets
 * there in this time, each CPU filling pages. */
#define RISE_MOST_BYTES_PER_NS_AND_CPU 2
/* And what it grows by is of interest only if it is so much of the tree's. */
#define PEAK_PER_MEMBER_STEP 200
/* A process that was just born may be gone after it. */
#define BIRTH_NS (1 * MW_NS_PER_MS)

int64_t mw_sampler_rss_peak(const struct mw_sampler *sampler, int64_t *at_ns_out)
{
	bool is_sampled = sampler->rss_peak_bytes >= sampler->own_peak_bytes;
	*at_ns_out = is_sampled ? sampler->rss_peak_ns : sampler->own_peak_ns;
	return is_sampled ? sampler->rss_peak_bytes : sampler->own_peak_bytes;
}

struct mw_sampler *mw_sampler_create(
	struct mw_control *control, const char *run_dir, int64_t interval_ns)
{
	struct mw_sampler *sampler = calloc(1, sizeof(*sampler));
	if (sampler == NULL)
		return NULL;
	sampler->control = control;
	sampler->interval_ns = interval_ns;
	sampler->cpu_begin_ns = mw_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	sampler->start_ns = control->page->start_monotonic_ns;
	long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	sampler->rise_most_bytes_per_ns =
		RISE_MOST_BYTES_PER_NS_AND_CPU * (n_cpus > 2 ? n_cpus : 2);
	mw_ended_init(&sampler->ended);
	mw_members_init(&sampler->members, &sampler->lives, control->boot_minus_monotonic_ns);
	mw_newcomers_init(&sampler->newcomers);
	sampler->children_fd = mw_proc_open_children(getpid());
	mw_surroundings_init(&sampler->surroundings);
	sampler->sharing_allowance = (struct mw_allowance){
		.start_ns = sampler->start_ns, .first_ns = 40 * MW_NS_PER_MS, .share = 100
	};
	sampler->make_ups.run_dir = run_dir;
	sampler->make_ups.allowance = (struct mw_allowance){
		.start_ns = sampler->start_ns, .first_ns = 10 * MW_NS_PER_MS, .share = 400
	};
	sampler->members.own_namespace = sampler->images.own_namespace =
		control->page->pid_namespace;
	mw_writers_init(sampler);
	return sampler;
}

struct mw_sampler *mw_sampler_destroy(struct mw_sampler *sampler)
{
	if (sampler == NULL)
		return NULL;
	mw_images_deinit(&sampler->images);
	mw_members_deinit(&sampler->members);
	mw_lives_deinit(&sampler->lives);
	mw_process_timeline_deinit(&sampler->process_timeline);
	mw_newcomers_deinit(&sampler->newcomers);
	if (sampler->children_fd >= 0)
		close(sampler->children_fd);
	mw_surroundings_finish(&sampler->surroundings);
	free(sampler);
	return NULL;
}

static void note_row(
	struct mw_sampler *sampler, struct mw_life *life, int64_t rss_bytes, int64_t now_ns)
{
	struct mw_process_sample sample = { now_ns - sampler->start_ns, rss_bytes, life };
	mw_process_timeline_add(&sampler->process_timeline, &sample);
}

static bool is_in_chain(const struct mw_life *chain, const struct mw_life *life)
{
	while (chain != NULL && chain != life)
		chain = chain->previous;
	return chain != NULL;
}

/* Those of its programs; another process can have its pid by now. Without memory for a life the pid
 * must do. */
static void bury_images(struct mw_sampler *sampler, int32_t pid, const struct mw_life *last)
{
	struct mw_images *images = &sampler->images;
	int64_t now_ns = mw_clock_monotonic_ns();
	for (size_t i = images->n_open; i-- > 0;) {
		const struct mw_open_image *open = &images->open[i];
		bool is_its_pid = open->pid == pid && open->pid_namespace == 0;
		if (open->life != NULL ? is_in_chain(last, open->life) : is_its_pid)
			mw_images_bury(images, sampler->control, i, now_ns);
	}
}

static void retire(struct mw_sampler *sampler, struct mw_member *member)
{
	int64_t now_ns = mw_clock_monotonic_ns();
	int32_t pid = member->pid;
	/* Its last image may not have been met yet. */
	mw_writers_collect(sampler);
	note_row(sampler, member->life, 0, now_ns);
	const struct mw_life *last = mw_members_retire(&sampler->members, member, now_ns);
	bury_images(sampler, pid, last);
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
void mw_sampler_walk(struct mw_sampler *sampler, int64_t now_ns)
{
	/* CPU time: on a busy machine the time of one walk would put off the next for seconds. */
	int64_t begin_cpu_ns = mw_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	struct walk walk = { sampler, now_ns };
	mw_proc_visit_open_children(sampler->children_fd, meet_child, &walk);
	for (size_t i = 0; i < sampler->members.n_live; i++)
		mw_member_visit_children(sampler->members.live[i], meet_child, &walk);
	int64_t cost_ns = mw_clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin_cpu_ns;
	sampler->next_walk_ns = now_ns + REST_PER_WALK * cost_ns;
}

static int64_t measure_all(struct mw_sampler *sampler, int64_t now_ns)
{
	int64_t sum_bytes = 0;
	int64_t step_bytes = sampler->rss_peak_bytes / PEAK_PER_MEMBER_STEP;
	for (size_t i = 0; i < sampler->members.n_live; i++) {
		struct mw_member *member = sampler->members.live[i];
		mw_member_measure(&sampler->members, member, step_bytes, now_ns);
		note_row(sampler, member->life, member->rss_bytes, now_ns);
		sum_bytes += member->rss_bytes;
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
		const struct mw_member *member = sampler->members.live[i];
		member->life->rss_at_peak_bytes = member->rss_bytes;
		member->life->peak_number = sampler->peak_number;
	}
}

/*
 * How long the sum will most likely stay below its maximum. A fork adds all that its parent has at
 * once; who may be the parent is the largest. Several forks between two looks can add more.
 */
static int64_t time_below_peak(const struct mw_sampler *sampler)
{
	int64_t largest_bytes = 0;
	for (size_t i = 0; i < sampler->members.n_live; i++) {
		if (sampler->members.live[i]->rss_bytes > largest_bytes)
			largest_bytes = sampler->members.live[i]->rss_bytes;
	}
	int64_t left_bytes = sampler->rss_peak_bytes - sampler->look.rss_bytes - largest_bytes;
	return left_bytes > 0 ? left_bytes / sampler->rise_most_bytes_per_ns : 0;
}

/* Young processes are looked at densely, as long as that can make a difference. */
static int64_t period_of_young(const struct mw_sampler *sampler, int64_t dense_ns)
{
	const struct mw_look *now = &sampler->look;
	int64_t period_ns = sampler->interval_ns;
	int64_t below_ns = time_below_peak(sampler);
	int64_t telling_ns = below_ns > dense_ns ? below_ns : dense_ns;
	for (size_t i = 0; i < sampler->members.n_live; i++) {
		const struct mw_member *member = sampler->members.live[i];
		if (!mw_member_is_young(member, now->at_ns))
			continue;
		if (!mw_member_tells_end(member))
			return dense_ns;
		if (telling_ns < period_ns)
			period_ns = telling_ns;
	}
	return period_ns;
}

/* How long a rise goes on until it is a step above the maximum; the interval if it does not. */
static int64_t time_to_step(const struct mw_sampler *sampler, const struct mw_look *last)
{
	const struct mw_look *now = &sampler->look;
	int64_t step_bytes = sampler->rss_peak_bytes / PEAK_PER_STEP;
	int64_t rise_bytes = now->rss_bytes - last->rss_bytes;
	if (rise_bytes <= 0 || now->rss_bytes + 10 * step_bytes < sampler->rss_peak_bytes)
		return sampler->interval_ns;
	return (int64_t)((double)(now->at_ns - last->at_ns) * (double)step_bytes /
			 (double)rise_bytes);
}

static int64_t choose_period(const struct mw_sampler *sampler, const struct mw_look *last)
{
	int64_t dense_ns = DENSE_NS < sampler->interval_ns ? DENSE_NS : sampler->interval_ns;
	int64_t young_ns = period_of_young(sampler, dense_ns);
	int64_t step_ns = time_to_step(sampler, last);
	if (step_ns >= young_ns)
		return young_ns;
	return step_ns > dense_ns ? step_ns : dense_ns;
}

static void plan_next(struct mw_sampler *sampler, const struct mw_look *last, int64_t now_work_ns)
{
	/* One tick that had much to do does not make a hole in the history. */
	sampler->work_ns += (now_work_ns - sampler->work_ns) / 8;
	int64_t work_ns = sampler->work_ns;
	int64_t period_ns = choose_period(sampler, last);
	bool is_dense = period_ns < sampler->interval_ns;
	int64_t rest_ns = work_ns * (is_dense ? REST_PER_DENSE_WORK : REST_PER_WORK);
	if (rest_ns > sampler->interval_ns) {
		sampler->n_stretched++;
		if (rest_ns > sampler->longest_period_ns)
			sampler->longest_period_ns = rest_ns;
	}
	sampler->earliest_tick_ns = sampler->look.at_ns + REST_PER_DENSE_WORK * work_ns;
	sampler->next_tick_ns = sampler->look.at_ns + (rest_ns > period_ns ? rest_ns : period_ns);
}

void mw_sampler_hurry(struct mw_sampler *sampler)
{
	int64_t soon_ns = mw_clock_monotonic_ns() + BIRTH_NS;
	int64_t due_ns = sampler->look.at_ns + time_below_peak(sampler);
	if (due_ns < soon_ns)
		due_ns = soon_ns;
	if (due_ns < sampler->earliest_tick_ns)
		due_ns = sampler->earliest_tick_ns;
	if (sampler->next_tick_ns > due_ns)
		sampler->next_tick_ns = due_ns;
}

/* Who is not given a CPU when it is due, or loses it while it measures, misses what was then. */
static void note_lateness(struct mw_sampler *sampler)
{
	int64_t late_ns = mw_clock_monotonic_ns() - sampler->next_tick_ns;
	if (sampler->n_samples > 0 && late_ns > sampler->most_late_ns)
		sampler->most_late_ns = late_ns;
}

static void add_row(struct mw_sampler *sampler)
{
	const struct mw_look *look = &sampler->look;
	bool is_shared_known = sampler->sharing.highest.at_ns == look->at_ns;
	bool is_system_known = sampler->surroundings.read_ns == look->at_ns;
	struct mw_sample sample = { .elapsed_ns = look->at_ns - sampler->start_ns,
		.rss_bytes = look->rss_bytes,
		.heap_live_bytes =
			__atomic_load_n(&sampler->control->page->heap_live_bytes, __ATOMIC_RELAXED),
		.n_processes = (int64_t)sampler->members.n_live,
		.pss_bytes = is_shared_known ? sampler->sharing.highest.pss_bytes : -1,
		.swap_bytes = is_shared_known ? sampler->sharing.highest.swap_bytes : -1,
		.sys_available_bytes = is_system_known ? sampler->surroundings.available_bytes : -1,
		.psi_some_avg10 = is_system_known ? sampler->surroundings.some_avg10 : -1 };
	mw_timeline_add(&sampler->timeline, &sample);
}

/* What costs more than the rest of a tick, and comes seldom. */
static void look_closer(struct mw_sampler *sampler)
{
	const struct mw_look *now = &sampler->look;
	if (mw_sharing_wants(&sampler->sharing, &sampler->members, &sampler->sharing_allowance,
		    now->rss_bytes, now->at_ns))
		mw_sharing_read(&sampler->sharing, &sampler->members, &sampler->sharing_allowance,
			now->rss_bytes, now->at_ns);
	mw_make_ups_look(&sampler->make_ups, &sampler->members, now->at_ns);
	mw_surroundings_look(&sampler->surroundings, now->at_ns);
}

void mw_sampler_tick(struct mw_sampler *sampler)
{
	int64_t begin_cpu_ns = mw_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	int64_t now_ns = mw_clock_monotonic_ns();
	struct mw_look last = sampler->look;
	mw_control_allocate_ahead(sampler->control);
	mw_writers_meet(sampler, now_ns);
	if (now_ns >= sampler->next_walk_ns && mw_newcomers_may_be(&sampler->newcomers))
		mw_sampler_walk(sampler, now_ns);
	sampler->look = (struct mw_look){ now_ns, measure_all(sampler, now_ns) };
	note_lateness(sampler);
	note_peak(sampler, sampler->look.rss_bytes, now_ns);
	sampler->n_samples++;
	int64_t work_ns = mw_clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin_cpu_ns;
	look_closer(sampler);
	add_row(sampler);
	plan_next(sampler, &last, work_ns);
}

void mw_sampler_retire_ended(struct mw_sampler *sampler, bool is_thorough)
{
	struct mw_member *member;
	while ((member = mw_members_next_ended(&sampler->members, is_thorough)) != NULL)
		retire(sampler, member);
}

/* Of what ran unseen the kernel knows the largest. Nearly the same is the same: it counts longer,
 * and each CPU by itself. */
static void note_unseen_peak(struct mw_sampler *sampler)
{
	int64_t at_ns, known_bytes = mw_sampler_rss_peak(sampler, &at_ns);
	int64_t most_bytes = mw_ended_max_rss_bytes(&sampler->ended);
	if (most_bytes - known_bytes <= known_bytes / 64 + (1 << 20))
		return;
	sampler->own_peak_bytes = most_bytes;
	sampler->own_peak_ns = mw_clock_monotonic_ns();
	sampler->own_peak_life = NULL;
}

void mw_sampler_finish(struct mw_sampler *sampler)
{
	int64_t now_ns = mw_clock_monotonic_ns();
	mw_sampler_walk(sampler, now_ns);
	mw_writers_meet(sampler, now_ns);
	mw_sampler_retire_ended(sampler, true);
	note_unseen_peak(sampler);
	mw_surroundings_finish(&sampler->surroundings);
	sampler->finish_ns = mw_clock_monotonic_ns();
	sampler->cpu_ns = mw_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - sampler->cpu_begin_ns;
}
