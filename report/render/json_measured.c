/* SPDX: no licence chosen yet, see README */
/*
 * json_measured.c - what the launcher measured from outside, under the names that run.json has for
 * it: of a run, and of a process. Numbers and flags only; what was not measured is left out.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "report/render/json_parts.h"

/* By name, as all members are. */
static const char *const tree_keys[] = { "cpu_system_seconds", "cpu_user_seconds", "hugetlb_kib",
	"involuntary_switches", "is_exact", "major_faults", "minor_faults", "peak_elapsed_ns",
	"pss_elapsed_ns", "pss_kib", "pss_processes", "pss_unreadable_processes", "read_bytes",
	"rss_at_pss_kib", "rss_lower_kib", "rss_upper_kib", "swap_kib", "unseen_processes",
	"upper_processes", "upper_sampled_processes", "uss_kib", "voluntary_switches",
	"write_bytes", NULL };
static const char *const sampler_keys[] = { "cpu_seconds", "cpu_share", "dropped_rows",
	"longest_interval_seconds", "most_late_seconds", "pss_readings", "samples",
	"stretched_samples", NULL };
static const char *const system_keys[] = { "least_available_kib", "psi_some_seconds", "total_kib",
	NULL };
static const char *const cgroup_keys[] = { "peak_before_kib", "peak_kib", NULL };
static const char *const limit_keys[] = { "elapsed_ns", "most_bytes", "pid", "rss_bytes", NULL };
static const char *const process_keys[] = { "cpu_system_seconds", "cpu_user_seconds",
	"exec_generation", "involuntary_switches", "is_exact", "is_usage_exact", "major_faults",
	"max_threads", "minor_faults", "pss_kib", "read_bytes", "rss_at_tree_peak_kib",
	"start_ticks", "swap_kib", "uss_kib", "voluntary_switches", "write_bytes", NULL };
static const char *const make_up_keys[] = { "anonymous_kib", "data_kib", "elapsed_ns", "file_kib",
	"heap_live_bytes", "mapped_live_bytes", "mappings", "own_kib", "rss_kib", "shared_kib",
	"stack_kib", NULL };

static void put_number(struct mw_json_writer *writer, const char *key, double value)
{
	if (value > -0x1p53 && value < 0x1p53 && value == (double)(int64_t)value)
		mw_json_put_int(writer, key, (int64_t)value);
	else
		mw_json_put_real(writer, key, value);
}

static void put_member(struct mw_json_writer *writer, const struct mw_json *object, const char *key)
{
	const struct mw_json *value = mw_json_member(object, key);
	double number;
	bool flag;
	if (mw_json_number(value, &number))
		put_number(writer, key, number);
	else if (mw_json_flag(value, &flag))
		mw_json_put_bool(writer, key, flag);
}

static void put_members(
	struct mw_json_writer *writer, const struct mw_json *object, const char *const *keys)
{
	for (; *keys; keys++)
		put_member(writer, object, *keys);
}

static void put_object(struct mw_json_writer *writer, const struct mw_json *parent, const char *key,
	const char *const *keys)
{
	const struct mw_json *object = mw_json_member(parent, key);
	if (!object)
		return;
	mw_json_open_object(writer, key);
	put_members(writer, object, keys);
	mw_json_close(writer);
}

void mw_json_limits(struct mw_json_writer *writer, const struct mw_run_info *info)
{
	const struct mw_json *limits = mw_json_member(info->document, "limits");
	static const char *const flags[] = { "is_killed", "is_terminated", NULL };
	if (!limits)
		return;
	mw_json_open_object(writer, "limits");
	put_members(writer, limits, flags);
	put_object(writer, limits, "process_rss", limit_keys);
	put_object(writer, limits, "total_rss", limit_keys);
	mw_json_close(writer);
}

void mw_json_sampler(struct mw_json_writer *writer, const struct mw_run_info *info)
{
	put_object(writer, info->document, "sampler", sampler_keys);
}

void mw_json_system(struct mw_json_writer *writer, const struct mw_run_info *info)
{
	const struct mw_json *system = mw_json_member(info->document, "system");
	if (!system)
		return;
	mw_json_open_object(writer, "system");
	put_object(writer, system, "cgroup", cgroup_keys);
	put_members(writer, system, system_keys);
	mw_json_close(writer);
}

/* The launcher knows nothing of what nobody saw: with it, nothing is exact or a bound. */
void mw_json_tree(struct mw_json_writer *writer, const struct mw_run_info *info, size_t n_unseen)
{
	const struct mw_json *tree = mw_json_member(info->document, "tree");
	if (!tree)
		return;
	mw_json_open_object(writer, "tree");
	for (const char *const *key = tree_keys; *key; key++) {
		if (strcmp(*key, "unseen_processes") == 0)
			mw_json_put_int(writer, *key, (int64_t)n_unseen);
		else if (n_unseen && strcmp(*key, "is_exact") == 0)
			mw_json_put_bool(writer, *key, false);
		else if (!n_unseen || strcmp(*key, "rss_upper_kib") != 0)
			put_member(writer, tree, *key);
	}
	mw_json_close(writer);
}

void mw_json_made_of(struct mw_json_writer *writer, const struct mw_run_process *process)
{
	if (!process || !process->source)
		return;
	put_object(writer, process->source, "made_of", make_up_keys);
}

void mw_json_measured(struct mw_json_writer *writer, const struct mw_run_process *process)
{
	if (!process || !process->source)
		return;
	mw_json_open_object(writer, "measured");
	put_members(writer, process->source, process_keys);
	mw_json_close(writer);
}
