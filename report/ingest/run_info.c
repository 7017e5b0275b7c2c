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

static bool read_processes(const struct mw_json *list, struct mw_run_info *info)
{
	for (const struct mw_json *at = mw_json_first(list); at; at = mw_json_next(at)) {
		struct mw_run_process *process = mw_array_push(&info->processes);
		if (!process)
			return false;
		*process = (struct mw_run_process){
			.pid = int_of(at, "pid"),
			.ppid = int_of(at, "ppid"),
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
		!read_processes(mw_json_member(document, "processes"), info_out))
		return mw_run_info_no_memory;
	return info_out->has_ended ? NULL
				   : "run.json says the run has not ended: it still goes on, "
				     "or its launcher was killed";
}

void mw_run_info_deinit(struct mw_run_info *info)
{
	free(info->command);
	mw_array_deinit(&info->processes);
	info->document = mw_json_destroy(info->document);
}
