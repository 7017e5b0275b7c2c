/* SPDX: no licence chosen yet, see README */
/* run_json_tree.c - "tree", "sampler" and "system" of run.json. See run_json_tree.h. */
#include <unistd.h>

#include "preload/launch/run_json_tree.h"
#include "preload/launch/json_object.h"
#include "preload/launch/upper_bound.h"

/* All that have ended, and those that still run. */
static struct mwd_usage tree_usage(const struct mw_sampler *sampler)
{
	const struct mw_members *members = &sampler->members;
	struct mwd_usage sum = mw_ended_usage(&sampler->ended);
	for (size_t i = 0; i < members->n_live; i++) {
		const struct mwd_usage *one = &members->live[i]->life->usage;
		sum.cpu_user_ns += one->cpu_user_ns;
		sum.cpu_system_ns += one->cpu_system_ns;
		sum.minor_faults += one->minor_faults;
		sum.major_faults += one->major_faults;
		sum.voluntary_switches += one->voluntary_switches;
		sum.involuntary_switches += one->involuntary_switches;
		sum.read_bytes += one->read_bytes;
		sum.written_bytes += one->written_bytes;
	}
	return sum;
}

static void add_usage(struct mw_json_object *object, const struct mwd_usage *usage)
{
	mw_json_object_seconds(object, "cpu_user_seconds", usage->cpu_user_ns, 6);
	mw_json_object_seconds(object, "cpu_system_seconds", usage->cpu_system_ns, 6);
	mw_json_object_integer(object, "minor_faults", (int64_t)usage->minor_faults);
	mw_json_object_integer(object, "major_faults", (int64_t)usage->major_faults);
	mw_json_object_integer(object, "voluntary_switches", (int64_t)usage->voluntary_switches);
	mw_json_object_integer(
		object, "involuntary_switches", (int64_t)usage->involuntary_switches);
	mw_json_object_integer(object, "read_bytes", (int64_t)usage->read_bytes);
	mw_json_object_integer(object, "write_bytes", (int64_t)usage->written_bytes);
}

/* Apart by not more than a page a process, the two are one: the kernel counts in batches. What
 * nobody saw is in no upper bound, so there is none. */
static void add_bounds(struct mw_json_object *tree, const struct mw_sampler *sampler)
{
	struct mw_upper_bound upper = mw_upper_bound_find(&sampler->lives);
	int64_t at_ns;
	int64_t lower_bytes = mw_sampler_rss_peak(sampler, &at_ns);
	int64_t page_bytes = sysconf(_SC_PAGESIZE);
	if (upper.bytes < lower_bytes)
		upper.bytes = lower_bytes;
	bool is_unseen = lower_bytes > sampler->rss_peak_bytes && sampler->own_peak_life == NULL;
	bool is_exact = !is_unseen && upper.n_sampled == 0 && upper.n_alive > 0 &&
			upper.bytes - lower_bytes <= page_bytes * (int64_t)upper.n_alive;
	mw_json_object_kib(tree, "rss_lower_kib", lower_bytes);
	if (!is_unseen)
		mw_json_object_kib(tree, "rss_upper_kib", upper.bytes);
	mw_json_object_flag(tree, "is_exact", is_exact);
	mw_json_object_integer(tree, "upper_processes", (int64_t)upper.n_alive);
	mw_json_object_integer(tree, "upper_sampled_processes", (int64_t)upper.n_sampled);
	mw_json_object_integer(tree, "peak_elapsed_ns", at_ns ? at_ns - sampler->start_ns : 0);
}

static void add_sharing(struct mw_json_object *tree, const struct mw_sampler *sampler)
{
	const struct mw_shares *sharing = &sampler->sharing.highest;
	if (sharing->at_ns == 0)
		return;
	mw_json_object_integer(tree, "pss_elapsed_ns", sharing->at_ns - sampler->start_ns);
	mw_json_object_kib(tree, "rss_at_pss_kib", sharing->rss_bytes);
	mw_json_object_kib(tree, "pss_kib", sharing->pss_bytes);
	mw_json_object_kib(tree, "uss_kib", sharing->uss_bytes);
	mw_json_object_kib(tree, "swap_kib", sharing->swap_bytes);
	mw_json_object_kib(tree, "hugetlb_kib", sharing->hugetlb_bytes);
	mw_json_object_integer(tree, "pss_processes", (int64_t)sharing->n_processes);
	mw_json_object_integer(tree, "pss_unreadable_processes", (int64_t)sharing->n_unreadable);
}

static void add_sampler(struct mw_json_object *object, const struct mw_sampler *sampler)
{
	struct mw_json_object *self = mw_json_object_add(object, "sampler");
	int64_t until_ns = sampler->finish_ns ? sampler->finish_ns : mw_clock_monotonic_ns();
	int64_t duration_ns = until_ns - sampler->start_ns;
	double share = duration_ns > 0 ? (double)sampler->cpu_ns / (double)duration_ns : 0;
	mw_json_object_integer(self, "samples", (int64_t)sampler->n_samples);
	mw_json_object_seconds(self, "cpu_seconds", sampler->cpu_ns, 6);
	mw_json_object_seconds(self, "cpu_share", (int64_t)(share * MW_NS_PER_S), 4);
	mw_json_object_integer(self, "pss_readings", (int64_t)sampler->sharing.n_readings);
	mw_json_object_integer(self, "stretched_samples", (int64_t)sampler->n_stretched);
	mw_json_object_seconds(self, "longest_interval_seconds", sampler->longest_period_ns, 3);
	mw_json_object_seconds(self, "most_late_seconds", sampler->most_late_ns, 6);
	mw_json_object_integer(self, "dropped_rows", (int64_t)sampler->process_timeline.n_dropped);
}

static void add_system(struct mw_json_object *object, const struct mw_surroundings *surroundings)
{
	struct mw_json_object *system = mw_json_object_add(object, "system");
	mw_json_object_kib(system, "total_kib", surroundings->total_bytes);
	mw_json_object_kib(system, "least_available_kib", surroundings->least_available_bytes);
	if (surroundings->some_us_before >= 0)
		mw_json_object_seconds(system, "psi_some_seconds",
			(surroundings->some_us - surroundings->some_us_before) * 1000, 6);
	if (surroundings->cgroup_bytes < 0)
		return;
	struct mw_json_object *group = mw_json_object_add(system, "cgroup");
	mw_json_object_text(group, "file", surroundings->cgroup_file);
	mw_json_object_kib(group, "peak_before_kib", surroundings->cgroup_before_bytes);
	mw_json_object_kib(group, "peak_kib", surroundings->cgroup_bytes);
}

static void add_limits(
	struct mw_json_object *object, const struct mw_limits *limits, int64_t start_ns)
{
	static const char *const names[MW_N_LIMITS] = { "total_rss", "process_rss" };
	struct mw_json_object *list = mw_json_object_add(object, "limits");
	for (int i = 0; i < MW_N_LIMITS; i++) {
		const struct mw_breach *breach = &limits->breach[i];
		if (limits->most_bytes[i] == 0)
			continue;
		struct mw_json_object *limit = mw_json_object_add(list, names[i]);
		mw_json_object_integer(limit, "most_bytes", limits->most_bytes[i]);
		if (breach->at_ns == 0)
			continue;
		mw_json_object_integer(limit, "rss_bytes", breach->rss_bytes);
		mw_json_object_integer(limit, "elapsed_ns", breach->at_ns - start_ns);
		if (breach->life == NULL)
			continue;
		mw_json_object_integer(limit, "pid", breach->life->pid);
		mw_json_object_text(
			limit, "command", breach->life->command ? breach->life->command : "");
	}
	mw_json_object_flag(list, "is_terminated", limits->terminated_ns != 0);
	mw_json_object_flag(list, "is_killed", limits->killed_ns != 0);
}

void mw_run_json_tree(struct mw_json_object *object, const struct mw_run_state *run)
{
	const struct mw_sampler *sampler = run->sampler;
	struct mwd_usage usage = tree_usage(sampler);
	struct mw_json_object *tree = mw_json_object_add(object, "tree");
	add_bounds(tree, sampler);
	add_sharing(tree, sampler);
	add_usage(tree, &usage);
	if (run->options->max_total_rss_bytes || run->options->max_process_rss_bytes)
		add_limits(object, &run->supervision.limits, run->start_ns);
	add_sampler(object, sampler);
	add_system(object, &sampler->surroundings);
}
