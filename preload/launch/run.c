/* SPDX: no licence chosen yet, see README */
/* run.c - one run, step by step. See run.h. */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "preload/environment.h"
#include "preload/launch/child_environment.h"
#include "preload/launch/clock.h"
#include "preload/launch/render.h"
#include "preload/launch/run.h"
#include "preload/launch/run_json.h"
#include "preload/launch/spawn.h"

/*
 * When run.json is first written, for the case that we are killed. Shorter runs, most of them, save
 * what replacing a file takes: a tenth of all.
 */
#define CHECKPOINT_NS (50 * MW_NS_PER_MS)

/* Until then a program that is followed is busy being loaded, and what it is, it tells itself. */
#define FIRST_TICK_NS (MW_NS_PER_MS / 2)

static int prepare_signals(struct mw_run_state *run, struct mw_failure *failure)
{
	int error = -mw_signals_take(&run->signals);
	/* EINVAL: not known here (qemu-user); then orphans end unseen, and no more is lost. */
	if (error == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 && errno != EINVAL)
		error = errno;
	if (error != 0)
		return mw_failure_set(MW_EXIT_OWN_FAILURE, failure,
			"cannot prepare to wait for the command: %s", strerror(error));
	return MW_EXIT_OK;
}

static uint32_t unwinder_options(const struct mw_launch_options *options)
{
	if (options->is_libunwind)
		return MWD_OPT_LIBUNWIND;
	return options->check_unwinder ? MWD_OPT_CHECK_UNWIND : 0;
}

/* The zone does without a library it cannot load; who asked for it must hear of that. */
static int check_unwinder(const struct mw_launch_options *options, struct mw_failure *failure)
{
	if (unwinder_options(options) == 0)
		return MW_EXIT_OK;
	void *library = dlopen(MW_LIBUNWIND_NAME, RTLD_LAZY | RTLD_LOCAL);
	if (library == NULL)
		return mw_failure_set(MW_EXIT_USAGE, failure, "--%s: %s",
			options->is_libunwind ? "unwinder=libunwind" : "check-unwinder", dlerror());
	dlclose(library);
	return MW_EXIT_OK;
}

/* Where a block is freed is asked of stacks only. */
static uint32_t zone_options(const struct mw_launch_options *options)
{
	if (!options->has_stacks)
		return MWD_OPT_NO_STACKS;
	return (options->is_full_report ? MWD_OPT_FREE_STACKS : 0) | unwinder_options(options);
}

/* Tests want the same samples again. */
static uint64_t sample_seed(void)
{
	const char *seed = getenv(MW_ENV_SAMPLE_SEED);
	return seed != NULL ? strtoull(seed, NULL, 10) : 0;
}

static int create_dump(struct mw_run_state *run, struct mw_failure *failure)
{
	const struct mw_launch_options *options = run->options;
	struct mw_control_settings settings = {
		.options = zone_options(options),
		.max_frames = (uint32_t)options->max_frames,
		.check_every = (uint32_t)options->check_unwinder,
		.sample_bytes = (uint64_t)options->sample_bytes,
		.sample_seed = sample_seed(),
	};
	int status = mw_control_create(&run->run_dir, &settings, &run->control, failure);
	if (status != MW_EXIT_OK)
		return status;
	run->start_realtime_ns = run->control.page->start_realtime_ns;
	run->start_ns = run->control.page->start_monotonic_ns;
	run->sampler = mw_sampler_create(
		&run->control, run->run_dir.path, options->interval_ms * MW_NS_PER_MS);
	if (run->sampler == NULL)
		return mw_failure_set(MW_EXIT_OWN_FAILURE, failure, "out of memory");
	run->sampler->group = &run->signals.group;
	return MW_EXIT_OK;
}

static int spawn(struct mw_run_state *run, struct mw_failure *failure)
{
	char **environment = NULL;
	struct mw_spawn_request request = { .program = &run->program,
		.command = run->options->command,
		.environment = environ,
		.signals = &run->signals,
		.is_silent = run->options->is_silent };
	if (mw_program_may_preload(run->program.verdict)) {
		environment =
			mw_child_environment_create(environ, run->shim.path, run->run_dir.path);
		if (environment == NULL)
			return mw_failure_set(MW_EXIT_OWN_FAILURE, failure, "out of memory");
		request.environment = environment;
	}
	int status = mw_spawn(&request, &run->supervision.root_pid, failure);
	mw_child_environment_destroy(environment);
	return status;
}

/* Two descriptors a member; the command has inherited the old limit already. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* From the first file in the run directory on: whoever calls this cleans up after a failure. */
static int fill_and_spawn(struct mw_run_state *run, struct mw_failure *failure)
{
	int status = mw_shim_path_make_loadable(&run->shim, run->run_dir.path, failure);
	if (status == MW_EXIT_OK)
		status = create_dump(run, failure);
	/* A ^C that came while we prepared: there is no command yet that it could end. */
	int signal = mw_signals_is_ending();
	if (status == MW_EXIT_OK && signal != 0)
		status = mw_failure_set((enum mw_exit)(MW_EXIT_SIGNAL_BASE + signal), failure,
			"ended by signal %d before the command was started", signal);
	return status == MW_EXIT_OK ? spawn(run, failure) : status;
}

int mw_run_start(struct mw_run_state *run, struct mw_failure *failure_out)
{
	const char *name = run->options->command[0];
	int status = check_unwinder(run->options, failure_out);
	if (status == MW_EXIT_OK)
		status = mw_program_find(name, &run->program, failure_out);
	if (status == MW_EXIT_OK)
		status = mw_render_check(run->options, failure_out);
	if (status == MW_EXIT_OK)
		status = mw_shim_path_find(&run->shim, failure_out);
	if (status == MW_EXIT_OK)
		status = prepare_signals(run, failure_out);
	if (status == MW_EXIT_OK)
		status = mw_run_dir_create(run->options->run_dir, name, &run->run_dir, failure_out);
	if (status != MW_EXIT_OK)
		return status;
	status = fill_and_spawn(run, failure_out);
	if (status != MW_EXIT_OK) {
		if (run->control.page != NULL)
			mw_control_close(&run->control, true);
		mw_shim_path_release(&run->shim);
		mw_run_dir_discard(&run->run_dir);
		return status;
	}
	raise_descriptor_limit();
	mw_group_watch_start(&run->signals.group);
	mw_members_add(&run->sampler->members, run->supervision.root_pid, mw_clock_monotonic_ns());
	return MW_EXIT_OK;
}

static void checkpoint(void *context)
{
	struct mw_failure ignored; /* the last writing tells */
	mw_run_json_write(context, &ignored);
}

static int write_files(struct mw_run_state *run, struct mw_failure *failure)
{
	char path[PATH_MAX];
	int status = mw_run_json_write(run, failure);
	mw_run_dir_join(&run->run_dir, MW_SAMPLES_NAME, path);
	if (status == MW_EXIT_OK)
		status = mw_timeline_write(&run->sampler->timeline, path, failure);
	mw_run_dir_join(&run->run_dir, MW_PROCESS_SAMPLES_NAME, path);
	if (status == MW_EXIT_OK)
		status = mw_process_timeline_write(&run->sampler->process_timeline, path, failure);
	return status;
}

int mw_run_wait(struct mw_run_state *run, struct mw_failure *failure_out)
{
	struct mw_supervision *supervision = &run->supervision;
	supervision->sampler = run->sampler;
	if (run->program.verdict == MWD_VERDICT_FOLLOWED)
		run->sampler->next_tick_ns = mw_clock_monotonic_ns() + FIRST_TICK_NS;
	supervision->signals = &run->signals;
	supervision->is_wait_all = run->options->is_wait_all;
	supervision->limits.most_bytes[MW_LIMIT_TOTAL] = run->options->max_total_rss_bytes;
	supervision->limits.most_bytes[MW_LIMIT_PROCESS] = run->options->max_process_rss_bytes;
	supervision->limits.is_killing = run->options->is_kill_on_limit;
	mw_progress_init(&supervision->progress, !run->options->is_quiet);
	supervision->checkpoint = checkpoint;
	supervision->context = run;
	supervision->checkpoint_ns = run->start_ns + CHECKPOINT_NS;
	mw_supervise(supervision);
	mw_signals_release(&run->signals);
	run->end_ns =
		run->options->is_wait_all ? mw_clock_monotonic_ns() : supervision->root_end_ns;
	run->n_still_running = run->sampler->members.n_live;
	int growth_error = run->control.growth_error;
	bool is_quiet = !supervision->has_children && run->n_still_running == 0;
	mw_control_close(&run->control, is_quiet);
	if (is_quiet)
		mw_shim_path_release(&run->shim);
	int status = write_files(run, failure_out);
	if (status == MW_EXIT_OK && growth_error != 0)
		status = mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out,
			"%s: could not grow while recording, data may be missing: %s",
			run->run_dir.path, strerror(growth_error));
	return status;
}

int mw_run_exit_status(const struct mw_run_state *run)
{
	const struct mw_supervision *supervision = &run->supervision;
	enum mw_limit limit;
	if (mw_limits_first(&supervision->limits, &limit) != NULL)
		return limit == MW_LIMIT_TOTAL ? MW_EXIT_TOTAL_LIMIT : MW_EXIT_PROCESS_LIMIT;
	return supervision->is_signal ? MW_EXIT_SIGNAL_BASE + supervision->status
				      : supervision->status;
}

void mw_run_deinit(struct mw_run_state *run)
{
	run->sampler = mw_sampler_destroy(run->sampler);
}
