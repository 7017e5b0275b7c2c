/* SPDX: no licence chosen yet, see README */
/*
 * main.c - memwatch-preload: runs a command with the shim in it, then reports. Hosted; around
 * hook -> ... -> render. The only file of the launcher that prints or exits.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "preload/launch/mark.h"
#include "preload/launch/options.h"
#include "preload/launch/render.h"
#include "preload/launch/run.h"
#include "report/report.h"

static int complain(int status, const struct mw_failure *failure)
{
	fprintf(stderr, "memwatch-preload: %s\n", failure->text);
	return status;
}

/*
 * If 0, 1 or 2 is closed, the next file we open would become our stderr. The place-holders are
 * close-on-exec, so the command still finds them closed.
 */
static void reserve_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
			open("/dev/null", O_RDWR | O_CLOEXEC) < 0)
			return;
	}
}

/* Why the exit status is not the command's, so told even to who wants no notes. */
static void print_breach(const struct mw_run_state *run)
{
	static const char *const options[MW_N_LIMITS] = { "max-total-rss", "max-process-rss" };
	const struct mw_limits *limits = &run->supervision.limits;
	enum mw_limit limit;
	const struct mw_breach *breach = mw_limits_first(limits, &limit);
	if (breach == NULL)
		return;
	char who[96] = "by a process that nobody saw";
	if (breach->life)
		snprintf(who, sizeof(who), "%s %d (%.60s)",
			limit == MW_LIMIT_TOTAL ? "largest: pid" : "by pid", breach->life->pid,
			breach->life->command ? breach->life->command : "?");
	fprintf(stderr,
		"memwatch-preload: --%s=%" PRId64 "K passed with %" PRId64 "K after %.3f s, %s%s\n",
		options[limit], limits->most_bytes[limit] / 1024, breach->rss_bytes / 1024,
		(double)(breach->at_ns - run->start_ns) / 1e9, who,
		limits->killed_ns	? "; all processes killed"
		: limits->terminated_ns ? "; all processes ended"
					: "");
}

/* Always the last lines, each with our name in front, so that a script can cut them off. */
static void print_closing_note(const struct mw_run_state *run)
{
	if (run->n_still_running > 0)
		fprintf(stderr,
			"memwatch-preload: %zu process%s of the run still running, not counted "
			"further (see --wait-all)\n",
			run->n_still_running, run->n_still_running == 1 ? "" : "es");
	enum mwd_verdict verdict = run->program.verdict;
	if (verdict != MWD_VERDICT_FOLLOWED && verdict != MWD_VERDICT_UNKNOWN)
		fprintf(stderr, "memwatch-preload: %s could not be followed: %s\n",
			run->options->command[0], mw_program_reason(verdict));
	fprintf(stderr, "memwatch-preload: data kept in %s\n", run->run_dir.path);
}

static int run_command(const struct mw_launch_options *options)
{
	static struct mw_run_state run;
	struct mw_failure failure;
	run.options = options;
	int status = mw_run_start(&run, &failure);
	if (status != MW_EXIT_OK)
		return complain(status, &failure);
	if (mw_run_wait(&run, &failure) != MW_EXIT_OK)
		complain(MW_EXIT_OWN_FAILURE, &failure);
	mw_render(options, run.run_dir.path);
	print_breach(&run);
	if (!options->is_quiet)
		print_closing_note(&run);
	status = mw_run_exit_status(&run);
	mw_run_deinit(&run);
	return status;
}

int main(int argc, char **argv)
{
	struct mw_launch_options options;
	struct mw_failure failure;
	reserve_standard_descriptors();
	/* ld.so has dropped what it does not trust; we hand on all of the environment. */
	if (getauxval(AT_SECURE)) {
		fputs("memwatch-preload: will not run with more rights than its caller\n", stderr);
		return MW_EXIT_OWN_FAILURE;
	}
	if (argc > 1 && strcmp(argv[1], "mark") == 0) {
		int marked = mw_mark_run(argc - 1, argv + 1, &failure);
		return marked == MW_EXIT_OK ? MW_EXIT_OK : complain(marked, &failure);
	}
	mw_report_survive_truncation();
	int status = mw_launch_options_parse(argc, argv, &options, &failure);
	if (status != MW_EXIT_OK)
		return complain(status, &failure);
	switch (options.request) {
	case MW_LAUNCH_REQUEST_HELP:
		mw_launch_options_print_help(stdout);
		return MW_EXIT_OK;
	case MW_LAUNCH_REQUEST_VERSION:
		puts("memwatch-preload " MEMWATCH_VERSION);
		return MW_EXIT_OK;
	case MW_LAUNCH_REQUEST_RUN:
		break;
	}
	return run_command(&options);
}
