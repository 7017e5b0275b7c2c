/* SPDX: no licence chosen yet, see README */
/* render.c - the launcher's last step: the report of the run. See render.h. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/launch/render.h"
#include "preload/launch/report_library.h"

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

/* COMPSs' name of a job: where its output goes, up to the first dot; NULL = not into a file. */
static const char *job_name(void)
{
	static char name[PATH_MAX];
	struct stat status;
	if (fstat(STDOUT_FILENO, &status) != 0 || !S_ISREG(status.st_mode))
		return NULL;
	ssize_t n = readlink("/proc/self/fd/1", name, sizeof(name) - 1);
	name[n > 0 ? n : 0] = '\0';
	const char *slash = strrchr(name, '/');
	char *base = name + (slash ? slash + 1 - name : 0);
	base[strcspn(base, ".")] = '\0';
	return base[0] ? base : NULL;
}

static struct mw_report_options report_of(
	const struct mw_report_library *library, const struct mw_launch_options *options)
{
	struct mw_report_options report;
	library->options_init(&report);
	report.function_regex = options->function;
	report.task_regex = options->task;
	report.annotate = options->annotate;
	report.is_wide = options->is_wide;
	report.process = options->process;
	report.module = options->module;
	report.task_lines = (enum mw_report_task_lines)options->task_lines;
	report.job_name = job_name();
	report.top = (unsigned)options->n_top;
	report.precision = (unsigned)options->precision;
	report.is_peak_only = !options->is_full_report;
	if (options->is_json)
		report.json_path = options->json_path != NULL ? options->json_path : "-";
	report.format = (enum mw_report_format)options->format;
	report.html_path = options->html_path;
	report.csv_path = options->csv_path;
	report.timeline_path = options->timeline_path;
	if (options->is_mprof)
		report.mprof_path = options->mprof_path != NULL ? options->mprof_path : "";
	report.include = options->include;
	report.exclude = options->exclude;
	report.report_path = options->report_path;
	report.color = color_of(options);
	report.width = (unsigned)options->width;
	report.has_no_source = options->has_no_source;
	report.debug_path = options->debug_path;
	report.is_quiet = options->is_quiet;
	report.program = "memwatch-preload";
	report.output = stderr;
	report.json_output = stdout;
	return report;
}

static bool has_nothing_to_write(const struct mw_launch_options *options)
{
	return !options->is_report ||
	       (options->is_quiet && !options->is_json && !options->html_path &&
		       !options->csv_path && !options->timeline_path && !options->is_mprof &&
		       !mw_report_has_profiling_file());
}

/* Also of a report that will not be made: who gave a bad option must hear of it. */
static bool has_nothing_to_check(const struct mw_launch_options *options)
{
	return !options->include && !options->exclude && !options->function && !options->task &&
	       !options->process && !options->module && !options->report_path &&
	       !options->json_path && !options->html_path && !options->csv_path &&
	       !options->timeline_path && !options->is_mprof;
}

int mw_render_check(const struct mw_launch_options *options, struct mw_failure *failure_out)
{
	if (has_nothing_to_write(options) && has_nothing_to_check(options))
		return MW_EXIT_OK;
	const struct mw_report_library *library = mw_report_library_load(failure_out);
	if (library == NULL)
		return MW_EXIT_OWN_FAILURE;
	struct mw_report_options report = report_of(library, options);
	if (library->check(&report, failure_out->text, sizeof(failure_out->text)) != 0)
		return MW_EXIT_USAGE;
	return MW_EXIT_OK;
}

void mw_render(const struct mw_launch_options *options, const char *directory)
{
	struct mw_failure failure; /* mw_render_check() has loaded it */
	if (has_nothing_to_write(options))
		return;
	const struct mw_report_library *library = mw_report_library_load(&failure);
	if (library == NULL)
		return;
	struct mw_report_options report = report_of(library, options);
	report.directories = &directory;
	report.n_directories = 1;
	library->run(&report);
}
