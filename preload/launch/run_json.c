/* SPDX: no licence chosen yet, see README */
/* run_json.c - run.json, what the launcher knows of a run beside the dump. See run_json.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "preload/environment.h"
#include "preload/launch/clock.h"
#include "preload/launch/run_json.h"
#include "preload/launch/run_json_processes.h"
#include "preload/launch/run_json_tree.h"
#include "preload/launch/json_object.h"

#define SCHEMA 1

/* Of the environment only what changes what a run measures, or says where it ran. */
static const char *const kept_variables[] = { "PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "LANG",
	"LC_ALL", "GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_",
	"MALLOC_TRIM_THRESHOLD_", "MALLOC_PERTURB_", "MAKEFLAGS", "OMP_NUM_THREADS", "PYTHONMALLOC",
	"NODE_OPTIONS", "SLURM_JOB_ID", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK" };

/* RFC 3339, UTC. */
static void add_time(struct mw_json_object *object, const char *key, int64_t realtime_ns)
{
	char text[64];
	struct tm parts;
	time_t seconds = realtime_ns / MW_NS_PER_S;
	gmtime_r(&seconds, &parts);
	size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + n, sizeof(text) - n, ".%09" PRId64 "Z",
		(int64_t)(realtime_ns % MW_NS_PER_S));
	mw_json_object_text(object, key, text);
}

static void add_status(struct mw_json_object *object, bool is_signal, int status)
{
	mw_json_object_integer(object, is_signal ? "term_signal" : "exit_status", status);
}

static void add_place(struct mw_json_object *object)
{
	struct utsname names;
	char *directory = getcwd(NULL, 0);
	mw_json_object_text(object, "cwd", directory ? directory : "");
	free(directory);
	uname(&names);
	mw_json_object_text(object, "host", names.nodename);
}

static void add_end(struct mw_json_object *object, const struct mw_run_state *run)
{
	mw_json_object_text(object, "state", run->end_ns ? "ended" : "running");
	if (run->end_ns == 0)
		return;
	int64_t duration_ns = run->end_ns - run->start_ns;
	add_time(object, "end_time", run->start_realtime_ns + duration_ns);
	mw_json_object_seconds(object, "duration_seconds", duration_ns, 3);
	add_status(object, run->supervision.is_signal, run->supervision.status);
	if (run->n_still_running > 0)
		mw_json_object_integer(object, "still_running", (int64_t)run->n_still_running);
}

static void add_rss(struct mw_json_object *object, const struct mw_sampler *sampler)
{
	struct mw_json_object *rss = mw_json_object_add(object, "rss");
	int64_t at_ns;
	int64_t peak_bytes = mw_sampler_rss_peak(sampler, &at_ns);
	mw_json_object_integer(rss, "peak_kib", peak_bytes / 1024);
	mw_json_object_seconds(
		rss, "peak_elapsed_seconds", at_ns ? at_ns - sampler->start_ns : 0, 3);
	mw_json_object_integer(rss, "samples", (int64_t)sampler->n_samples);
}

static void add_environment(struct mw_json_object *object)
{
	struct mw_json_object *variables = mw_json_object_add(object, "environment");
	for (size_t i = 0; i < sizeof(kept_variables) / sizeof(kept_variables[0]); i++) {
		const char *value = getenv(kept_variables[i]);
		if (value != NULL)
			mw_json_object_text(variables, kept_variables[i], value);
	}
}

/* What the command starts is logged by the zone; of the command itself only we know. */
static void add_not_followed(struct mw_json_object *object, const struct mw_program *program)
{
	if (program->verdict == MWD_VERDICT_FOLLOWED)
		return;
	struct mw_json_object *item = mw_json_object_add(object, "not_followed");
	mw_json_object_text(item, "path", program->path);
	mw_json_object_integer(item, "verdict", program->verdict);
	mw_json_object_text(item, "reason", mw_program_reason(program->verdict));
}

static char *make_document(const struct mw_run_state *run)
{
	struct mw_json_object *object = mw_json_object_create();
	mw_json_object_integer(object, "schema", SCHEMA);
	mw_json_object_text(object, "version", MEMWATCH_VERSION);
	mw_json_object_words(object, "command", run->options->command);
	add_place(object);
	add_time(object, "start_time", run->start_realtime_ns);
	mw_json_object_integer(object, "start_realtime_ns", run->start_realtime_ns);
	mw_json_object_integer(object, "start_monotonic_ns", run->start_ns);
	add_end(object, run);
	mw_json_object_integer(object, "root_pid", run->supervision.root_pid);
	mw_json_object_integer(object, "interval_ms", run->options->interval_ms);
	mw_json_object_flag(object, "has_stacks", run->options->has_stacks);
	mw_json_object_integer(object, "sample_bytes", run->options->sample_bytes);
	add_rss(object, run->sampler);
	mw_run_json_tree(object, run);
	mw_json_object_raw(object, "processes", mw_run_json_processes(run));
	add_not_followed(object, &run->program);
	add_environment(object);
	char *text = mw_json_object_print(object);
	mw_json_object_destroy(object);
	return text;
}

/* 0 or errno. */
static int write_file(const char *path, const char *text)
{
	unlink(path); /* a FIFO or a link of the job's */
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return errno;
	int error = 0;
	size_t n_left = strlen(text);
	while (n_left > 0 && error == 0) {
		ssize_t n = write(fd, text, n_left);
		error = n < 0 ? errno : 0;
		text += n < 0 ? 0 : n;
		n_left -= n < 0 ? 0 : (size_t)n;
	}
	if (close(fd) != 0 && error == 0)
		error = errno;
	return error;
}

int mw_run_json_write(const struct mw_run_state *run, struct mw_failure *failure_out)
{
	char path[PATH_MAX], new_path[PATH_MAX];
	mw_run_dir_join(&run->run_dir, MW_RUN_JSON_NAME, path);
	mw_run_dir_join(&run->run_dir, MW_RUN_JSON_NAME ".new", new_path);
	char *text = make_document(run);
	int error = text ? write_file(new_path, text) : ENOMEM;
	if (error == 0 && rename(new_path, path) != 0)
		error = errno;
	if (error != 0)
		unlink(new_path);
	free(text);
	if (error != 0)
		return mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out, "%s: cannot write: %s",
			path, strerror(error));
	return MW_EXIT_OK;
}
