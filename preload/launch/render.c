/* SPDX: no licence chosen yet, see README */
/* render.c - the launcher's last step: the report of the run. See render.h. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/launch/render.h"
#include "report/report.h"

/* 0, or the errno that creating @path in its directory would give. */
static int check_directory(const char *path)
{
	char directory[PATH_MAX] = ".";
	const char *slash = strrchr(path, '/');
	if (slash != NULL)
		snprintf(directory, sizeof(directory), "%.*s/", (int)(slash - path), path);
	return access(directory, W_OK | X_OK) == 0 ? 0 : errno;
}

static int check_output(const char *path, struct mw_failure *failure)
{
	struct stat status;
	int error = 0;
	if (path == NULL)
		return MW_EXIT_OK;
	if (stat(path, &status) != 0)
		error = errno == ENOENT ? check_directory(path) : errno;
	else if (S_ISDIR(status.st_mode))
		error = EISDIR;
	else if (access(path, W_OK) != 0)
		error = errno;
	if (error == 0)
		return MW_EXIT_OK;
	return mw_failure_set(
		MW_EXIT_OWN_FAILURE, failure, "%s: cannot write: %s", path, strerror(error));
}

int mw_render_check_outputs(const struct mw_launch_options *options, struct mw_failure *failure_out)
{
	int status = check_output(options->report_path, failure_out);
	if (status == MW_EXIT_OK)
		status = check_output(options->json_path, failure_out);
	return status;
}

static enum mw_report_color color_of(const struct mw_launch_options *options)
{
	switch (options->color) {
	case MW_LAUNCH_COLOR_ALWAYS:
		return MW_REPORT_COLOR_ALWAYS;
	case MW_LAUNCH_COLOR_NEVER:
		return MW_REPORT_COLOR_NEVER;
	case MW_LAUNCH_COLOR_AUTO:
		break;
	}
	return MW_REPORT_COLOR_AUTO;
}

void mw_render(const struct mw_launch_options *options, const char *directory)
{
	struct mw_report_options report;
	if (!options->is_report || (options->is_quiet && !options->is_json))
		return;
	mw_report_options_init(&report);
	report.directories = &directory;
	report.n_directories = 1;
	report.function_regex = options->function;
	report.top = (unsigned)options->n_top;
	report.precision = (unsigned)options->precision;
	report.is_peak_only = !options->is_full_report;
	if (options->is_json)
		report.json_path = options->json_path != NULL ? options->json_path : "-";
	report.report_path = options->report_path;
	report.color = color_of(options);
	report.width = (unsigned)options->width;
	report.has_no_source = options->has_no_source;
	report.debug_path = options->debug_path;
	report.is_quiet = options->is_quiet;
	report.program = "memwatch-preload";
	report.output = stderr;
	report.json_output = stdout;
	mw_report_run(&report);
}
