/* SPDX: no licence chosen yet, see README */
/*
 * run_info.c - run.json -> struct mw_run_info. The launcher rewrites it as the run goes on; one
 * of a killed launcher may be old, cut or missing, so every member is optional here.
 */
#include "report/ingest/run.h"

#include <errno.h>
#include <string.h>

#include "report/util/format.h"

static double number_of(const struct mw_json *object, const char *key)
{
	double value = -1;
	mw_json_number(mw_json_member(object, key), &value);
	return value;
}

/* Seconds since the run's start; what no run can last is no time. */
static double seconds_of(const struct mw_json *object, const char *key)
{
	double value = number_of(object, key);
	return value >= 0 && value < 1e9 ? value : -1;
}

/* "<what>_elapsed_ns", or "<what>_seconds", which is not as fine. */
static double elapsed_of(const struct mw_json *object, const char *ns_key, const char *key)
{
	double ns = number_of(object, ns_key);
	return ns >= 0 && ns < 1e18 ? ns / 1e9 : seconds_of(object, key);
}

/* -1 also for what does not fit, so hostile numbers cannot overflow the conversion. */
static int int_of(const struct mw_json *object, const char *key)
{
	double value = number_of(object, key);
	return value >= 0 && value <= INT32_MAX ? (int)value : -1;
}

static int64_t kib_of(const struct mw_json *object, const char *key)
{
	double value = number_of(object, key);
	return value >= 0 && value < 0x1p50 ? (int64_t)value * 1024 : -1;
}

static int64_t offset_of(const struct mw_json *object, const char *key)
{
	double value = number_of(object, key);
	return value >= 0 && value < 0x1p53 ? (int64_t)value : -1;
}

static char *join_words(const struct mw_json *words)
{
	size_t n_bytes = 1;
	const struct mw_json *word;
	for (word = mw_json_first(words); word; word = mw_json_next(word))
		n_bytes += (mw_json_text(word) ? strlen(mw_json_text(word)) : 0) + 1;
	char *joined = calloc(1, n_bytes);
	char *end = joined;
	for (word = mw_json_first(words); joined && word; word = mw_json_next(word)) {
		if (end != joined)
			*end++ = ' ';
		end = stpcpy(end, mw_json_text(word) ? mw_json_text(word) : "");
	}
	if (joined)
		mw_format_clean(joined);
	return joined;
}

static uint32_t namespace_of(const struct mw_json *object)
{
	double value = number_of(object, "pid_namespace");
	return value > 0 && value <= UINT32_MAX ? (uint32_t)value : 0;
}

static bool read_processes(const struct mw_json *list, struct mw_run_info *info)
{
	for (const struct mw_json *at = mw_json_first(list); at; at = mw_json_next(at)) {
		struct mw_run_process *process = mw_array_push(&info->processes);
		if (!process)
			return false;
		*process = (struct mw_run_process){
			.pid = int_of(at, "pid"),
			.ppid = int_of(at, "ppid"),
			.pid_namespace = namespace_of(at),
			.inner_pid = int_of(at, "namespace_pid"),
			.exec_generation = int_of(at, "exec_generation"),
			.image_offset = offset_of(at, "image"),
			.first_seen_seconds =
				elapsed_of(at, "first_seen_elapsed_ns", "first_seen_seconds"),
			.last_seen_seconds =
				elapsed_of(at, "last_seen_elapsed_ns", "last_seen_seconds"),
			.peak_seconds = elapsed_of(at, "peak_elapsed_ns", "peak_seconds"),
			.max_rss_bytes = kib_of(at, "max_rss_kib"),
			.rss_at_tree_peak_bytes = kib_of(at, "rss_at_tree_peak_kib"),
			.exit_status = int_of(at, "exit_status"),
			.term_signal = int_of(at, "term_signal"),
			.command = mw_json_text(mw_json_member(at, "command")),
			.source = at,
		};
	}
	return true;
}

static int compare_inside(const void *left, const void *right)
{
	const struct mw_run_process *a = *(const struct mw_run_process *const *)left;
	const struct mw_run_process *b = *(const struct mw_run_process *const *)right;
	if (a->pid_namespace != b->pid_namespace)
		return a->pid_namespace < b->pid_namespace ? -1 : 1;
	if (a->inner_pid != b->inner_pid)
		return a->inner_pid < b->inner_pid ? -1 : 1;
	return a->first_seen_seconds < b->first_seen_seconds
		       ? -1
		       : a->first_seen_seconds > b->first_seen_seconds;
}

static bool collect_inside(struct mw_run_info *info)
{
	for (size_t i = 0; i < info->processes.n; i++)
		info->n_inside += info->processes.items[i].pid_namespace != 0;
	if (info->n_inside == 0)
		return true;
	info->inside = calloc(info->n_inside, sizeof(*info->inside));
	if (!info->inside)
		return false;
	size_t n = 0;
	for (size_t i = 0; i < info->processes.n; i++) {
		struct mw_run_process *process = &info->processes.items[i];
		if (process->pid_namespace == 0)
			continue;
		if (process->pid <= 0)
			process->pid =
				mw_run_nameless_pid(process->pid_namespace, process->inner_pid);
		if (process->ppid == 0)
			process->ppid = -1;
		info->inside[n++] = process;
	}
	qsort(info->inside, n, sizeof(*info->inside), compare_inside);
	return true;
}

pid_t mw_run_nameless_pid(uint32_t pid_namespace, pid_t inner_pid)
{
	uint32_t mixed = (pid_namespace * 2654435769u) ^ ((uint32_t)inner_pid * 40503u);
	return -2 - (pid_t)(mixed & 0x3fffffff);
}

pid_t mw_run_outer_pid(
	const struct mw_run_info *info, uint32_t pid_namespace, pid_t inner_pid, double at_seconds)
{
	struct mw_run_process wanted = {
		.pid_namespace = pid_namespace, .inner_pid = inner_pid, .first_seen_seconds = -1
	};
	const struct mw_run_process *key = &wanted, *found = NULL;
	size_t low = 0, high = info->n_inside;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_inside(&info->inside[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	/* The first that had not ended before; pids come round again. */
	for (; low < info->n_inside; low++) {
		if (info->inside[low]->pid_namespace != pid_namespace ||
			info->inside[low]->inner_pid != inner_pid)
			break;
		found = info->inside[low];
		if (found->last_seen_seconds >= at_seconds)
			break;
	}
	return found ? found->pid : mw_run_nameless_pid(pid_namespace, inner_pid);
}

const char mw_run_info_no_memory[] = "out of memory";

const char *mw_run_info_parse(const char *text, size_t n_bytes, struct mw_run_info *info_out)
{
	int error = 0;
	*info_out = (struct mw_run_info){ .duration_seconds = -1,
		.interval_ms = -1,
		.exit_status = -1,
		.term_signal = -1,
		.root_pid = -1,
		.rss_peak_bytes = -1,
		.rss_peak_seconds = -1,
		.n_rss_samples = -1 };
	struct mw_json *document = text ? mw_json_parse(text, n_bytes, &error) : NULL;
	if (!document)
		return !text		  ? "run.json is missing"
		       : error == -ENOMEM ? mw_run_info_no_memory
					  : "run.json is not JSON";
	info_out->document = document;
	if (number_of(document, "schema") != 1)
		return "run.json has no schema this program reads";
	const char *state = mw_json_text(mw_json_member(document, "state"));
	const struct mw_json *rss = mw_json_member(document, "rss");
	info_out->words = mw_json_member(document, "command");
	if (mw_json_first(info_out->words))
		info_out->command = join_words(info_out->words);
	info_out->cwd = mw_json_text(mw_json_member(document, "cwd"));
	info_out->host = mw_json_text(mw_json_member(document, "host"));
	info_out->version = mw_json_text(mw_json_member(document, "version"));
	info_out->start_time = mw_json_text(mw_json_member(document, "start_time"));
	info_out->has_ended = state && strcmp(state, "ended") == 0;
	info_out->duration_seconds = seconds_of(document, "duration_seconds");
	info_out->interval_ms = number_of(document, "interval_ms");
	info_out->exit_status = int_of(document, "exit_status");
	info_out->term_signal = int_of(document, "term_signal");
	info_out->root_pid = int_of(document, "root_pid");
	const struct mw_json *refused = mw_json_member(document, "not_followed");
	info_out->root_verdict =
		refused ? (uint32_t)int_of(refused, "verdict") : MWD_VERDICT_FOLLOWED;
	info_out->rss_peak_bytes = kib_of(rss, "peak_kib");
	info_out->rss_peak_seconds = seconds_of(rss, "peak_elapsed_seconds");
	info_out->n_rss_samples = number_of(rss, "samples");
	if ((mw_json_first(info_out->words) && !info_out->command) ||
		!read_processes(mw_json_member(document, "processes"), info_out) ||
		!collect_inside(info_out))
		return mw_run_info_no_memory;
	return info_out->has_ended ? NULL
				   : "run.json says the run has not ended: it still goes on, "
				     "or its launcher was killed";
}

void mw_run_info_deinit(struct mw_run_info *info)
{
	free(info->command);
	mw_array_deinit(&info->processes);
	free(info->inside);
	info->inside = NULL;
	info->document = mw_json_destroy(info->document);
}
