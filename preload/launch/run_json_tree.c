/* SPDX: no licence chosen yet, see README */
/* run_json_tree.c - "tree", "sampler" and "system" of run.json. See run_json_tree.h. */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "preload/launch/run_json_tree.h"
#include "preload/launch/run_json_values.h"
#include "preload/launch/text.h"
#include "preload/launch/upper_bound.h"

static int64_t nanoseconds(struct timeval time)
{
	return time.tv_sec * MW_NS_PER_S + time.tv_usec * 1000;
}

/* All that were waited for, by us or, before, by their parents; and those that still run. */
static struct mwd_usage tree_usage(const struct mw_members *members)
{
	struct rusage ended;
	getrusage(RUSAGE_CHILDREN, &ended);
	struct mwd_usage sum = { .cpu_user_ns = nanoseconds(ended.ru_utime),
		.cpu_system_ns = nanoseconds(ended.ru_stime),
		.minor_faults = (uint64_t)ended.ru_minflt,
		.major_faults = (uint64_t)ended.ru_majflt,
		.voluntary_switches = (uint64_t)ended.ru_nvcsw,
		.involuntary_switches = (uint64_t)ended.ru_nivcsw,
		.read_bytes = (uint64_t)ended.ru_inblock * 512,
		.written_bytes = (uint64_t)ended.ru_oublock * 512 };
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

static void add_usage(cJSON *object, const struct mwd_usage *usage)
{
	mw_run_json_seconds(object, "cpu_user_seconds", usage->cpu_user_ns, 6);
	mw_run_json_seconds(object, "cpu_system_seconds", usage->cpu_system_ns, 6);
	mw_run_json_integer(object, "minor_faults", (int64_t)usage->minor_faults);
	mw_run_json_integer(object, "major_faults", (int64_t)usage->major_faults);
	mw_run_json_integer(object, "voluntary_switches", (int64_t)usage->voluntary_switches);
	mw_run_json_integer(object, "involuntary_switches", (int64_t)usage->involuntary_switches);
	mw_run_json_integer(object, "read_bytes", (int64_t)usage->read_bytes);
	mw_run_json_integer(object, "write_bytes", (int64_t)usage->written_bytes);
}

/* Apart by not more than a page a process, the two are one: the kernel counts in batches. */
static void add_bounds(cJSON *tree, const struct mw_sampler *sampler)
{
	struct mw_upper_bound upper = mw_upper_bound_find(&sampler->lives);
	int64_t at_ns;
	int64_t lower_bytes = mw_sampler_rss_peak(sampler, &at_ns);
	int64_t page_bytes = sysconf(_SC_PAGESIZE);
	if (upper.bytes < lower_bytes)
		upper.bytes = lower_bytes;
	bool is_exact = upper.n_sampled == 0 && upper.n_alive > 0 &&
			upper.bytes - lower_bytes <= page_bytes * (int64_t)upper.n_alive;
	mw_run_json_kib(tree, "rss_lower_kib", lower_bytes);
	mw_run_json_kib(tree, "rss_upper_kib", upper.bytes);
	cJSON_AddBoolToObject(tree, "is_exact", is_exact);
	mw_run_json_integer(tree, "upper_processes", (int64_t)upper.n_alive);
	mw_run_json_integer(tree, "upper_sampled_processes", (int64_t)upper.n_sampled);
	mw_run_json_integer(tree, "peak_elapsed_ns", at_ns ? at_ns - sampler->start_ns : 0);
}

static void add_sharing(cJSON *tree, const struct mw_sampler *sampler)
{
	const struct mw_shares *sharing = &sampler->sharing.highest;
	if (sharing->at_ns == 0)
		return;
	mw_run_json_integer(tree, "pss_elapsed_ns", sharing->at_ns - sampler->start_ns);
	mw_run_json_kib(tree, "rss_at_pss_kib", sharing->rss_bytes);
	mw_run_json_kib(tree, "pss_kib", sharing->pss_bytes);
	mw_run_json_kib(tree, "uss_kib", sharing->uss_bytes);
	mw_run_json_kib(tree, "swap_kib", sharing->swap_bytes);
	mw_run_json_kib(tree, "hugetlb_kib", sharing->hugetlb_bytes);
	mw_run_json_integer(tree, "pss_processes", (int64_t)sharing->n_processes);
	mw_run_json_integer(tree, "pss_unreadable_processes", (int64_t)sharing->n_unreadable);
}

static void add_sampler(cJSON *object, const struct mw_sampler *sampler)
{
	cJSON *self = cJSON_AddObjectToObject(object, "sampler");
	int64_t until_ns = sampler->finish_ns ? sampler->finish_ns : mw_clock_monotonic_ns();
	int64_t duration_ns = until_ns - sampler->start_ns;
	double share = duration_ns > 0 ? (double)sampler->cpu_ns / (double)duration_ns : 0;
	mw_run_json_integer(self, "samples", (int64_t)sampler->n_samples);
	mw_run_json_seconds(self, "cpu_seconds", sampler->cpu_ns, 6);
	mw_run_json_seconds(self, "cpu_share", (int64_t)(share * MW_NS_PER_S), 4);
	mw_run_json_integer(self, "pss_readings", (int64_t)sampler->sharing.n_readings);
	mw_run_json_integer(self, "stretched_samples", (int64_t)sampler->n_stretched);
	mw_run_json_seconds(self, "longest_interval_seconds", sampler->longest_period_ns, 3);
	mw_run_json_integer(self, "dropped_rows", (int64_t)sampler->process_timeline.n_dropped);
}

static void add_system(cJSON *object, const struct mw_surroundings *surroundings)
{
	cJSON *system = cJSON_AddObjectToObject(object, "system");
	mw_run_json_kib(system, "total_kib", surroundings->total_bytes);
	mw_run_json_kib(system, "least_available_kib", surroundings->least_available_bytes);
	if (surroundings->some_us_before >= 0)
		mw_run_json_seconds(system, "psi_some_seconds",
			(surroundings->some_us - surroundings->some_us_before) * 1000, 6);
	if (surroundings->cgroup_bytes < 0)
		return;
	cJSON *group = cJSON_AddObjectToObject(system, "cgroup");
	cJSON_AddStringToObject(group, "file", surroundings->cgroup_file);
	mw_run_json_kib(group, "peak_before_kib", surroundings->cgroup_before_bytes);
	mw_run_json_kib(group, "peak_kib", surroundings->cgroup_bytes);
}

static void add_limits(cJSON *object, const struct mw_limits *limits, int64_t start_ns)
{
	static const char *const names[MW_N_LIMITS] = { "total_rss", "process_rss" };
	cJSON *list = cJSON_AddObjectToObject(object, "limits");
	for (int i = 0; i < MW_N_LIMITS; i++) {
		const struct mw_breach *breach = &limits->breach[i];
		if (limits->most_bytes[i] == 0)
			continue;
		cJSON *limit = cJSON_AddObjectToObject(list, names[i]);
		mw_run_json_integer(limit, "most_bytes", limits->most_bytes[i]);
		if (breach->at_ns == 0)
			continue;
		mw_run_json_integer(limit, "rss_bytes", breach->rss_bytes);
		mw_run_json_integer(limit, "elapsed_ns", breach->at_ns - start_ns);
		if (breach->life == NULL)
			continue;
		mw_run_json_integer(limit, "pid", breach->life->pid);
		char *command =
			mw_text_make_utf8(breach->life->command ? breach->life->command : "");
		cJSON_AddStringToObject(limit, "command", command ? command : "");
		free(command);
	}
	cJSON_AddBoolToObject(list, "is_terminated", limits->terminated_ns != 0);
	cJSON_AddBoolToObject(list, "is_killed", limits->killed_ns != 0);
}

void mw_run_json_tree(cJSON *object, const struct mw_run_state *run)
{
	const struct mw_sampler *sampler = run->sampler;
	struct mwd_usage usage = tree_usage(&sampler->members);
	cJSON *tree = cJSON_AddObjectToObject(object, "tree");
	add_bounds(tree, sampler);
	add_sharing(tree, sampler);
	add_usage(tree, &usage);
	if (run->options->max_total_rss_bytes || run->options->max_process_rss_bytes)
		add_limits(object, &run->supervision.limits, run->start_ns);
	add_sampler(object, sampler);
	add_system(object, &sampler->surroundings);
}
