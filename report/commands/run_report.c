/* SPDX: no licence chosen yet, see README */
/*
 * run_report.c - mw_report_run(): read -> merge -> symbolize -> aggregate -> render, with one
 * place for messages and the choice of exit status. Called by memwatch-report and the launcher.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "report/commands/missing_pages.h"
#include "report/commands/outputs.h"
#include "report/model/file_lines.h"
#include "report/model/selection.h"
#include "report/util/regex.h"

void mw_report_options_init(struct mw_report_options *options)
{
	*options = (struct mw_report_options){ .top = 20,
		.precision = 1,
		.threshold_pct = 1,
		.program = "memwatch-report",
		.output = stdout,
		.json_output = stdout };
}

static void on_bad_directory(void *context, const struct mw_diag *diag)
{
	struct mw_report_run *run = context;
	run->n_bad++;
	mw_report_progress_erase(&run->progress);
	mw_outputs_complain(run, diag->text);
	mw_notes_add(&run->view.notes, "%s", diag->text);
}

static int compile(
	struct mw_regex **regex_out, const char *option, const char *pattern, struct mw_diag *diag)
{
	struct mw_diag reason = { "" };
	if (!pattern)
		return 0;
	*regex_out = mw_regex_create(pattern, &reason);
	if (*regex_out)
		return 0;
	mw_diag_set(diag, "--%s: '%.200s': %.200s", option, pattern, reason.text);
	return -EINVAL;
}

static int compile_patterns(struct mw_report_run *run, struct mw_diag *diag)
{
	const struct mw_report_options *options = run->options;
	int error = mw_filter_init(&run->filter, options->include, options->exclude, diag);
	if (!error)
		error = compile(&run->function_regex, "function", options->function_regex, diag);
	if (!error)
		error = compile(&run->task_regex, "task", options->task_regex, diag);
	if (!error)
		error = compile(&run->callers_regex, "callers", options->callers_regex, diag);
	if (!error)
		error = compile(&run->process_regex, "process", options->process, diag);
	if (!error)
		error = compile(&run->module_regex, "module", options->module, diag);
	run->filter.process = options->process;
	run->filter.process_regex = run->process_regex;
	run->view.regex = run->function_regex;
	run->view.is_task_wanted = run->task_regex != NULL;
	return error;
}

/* What is about one run in time cannot be of two. */
static int check_number_of_runs(const struct mw_report_options *options, struct mw_diag *diag)
{
	bool is_memwatch = !options->is_quiet && options->format != MW_REPORT_FORMAT_REPORT;
	const char *what = options->timeline_path ? "--timeline"
			   : options->mprof_path  ? "--mprof"
			   : is_memwatch	  ? "--format"
						  : NULL;
	if (!what || options->n_directories <= 1)
		return 0;
	mw_diag_set(diag, "%s: takes one run directory, and %zu are given", what,
		options->n_directories);
	return -EINVAL;
}

/* Each of them is the whole text. */
static int check_text(const struct mw_report_options *options, struct mw_diag *diag)
{
	if (!options->annotate || !options->by)
		return 0;
	mw_diag_set(diag, "--annotate: takes the report's place, and so does --by");
	return -EINVAL;
}

static int prepare(struct mw_report_run *run, struct mw_diag *diag)
{
	int error = compile_patterns(run, diag);
	if (!error)
		error = check_number_of_runs(run->options, diag);
	if (!error)
		error = check_text(run->options, diag);
	if (!error)
		error = mw_outputs_check(run->options, diag);
	return error;
}

static void on_symbols(void *context, size_t n_done, size_t n_all)
{
	mw_report_progress_step(context, "reading symbols", n_done, n_all);
}

/* Positions -> functions and lines -> sums of those that are shown. */
static int build_lines(struct mw_report_run *run)
{
	const struct mw_report_options *options = run->options;
	struct mw_view *view = &run->view;
	struct mw_selection selection = { run->process_regex, run->module_regex };
	size_t n_given_up = 0;
	int error =
		mw_profile_resolve(&view->profile, options->debug_path, on_symbols, &run->progress);
	if (!error)
		error = mw_selection_apply(
			&selection, &view->profile, &view->processes, &n_given_up);
	if (!error)
		error = mw_profile_aggregate(&view->profile);
	if (!error)
		error = mw_waste_build(&view->profile, &view->processes, &view->waste);
	if (!error && n_given_up > 0)
		mw_notes_add(&view->notes,
			"--process, --module: the search took too long in %zu names, which are "
			"shown",
			n_given_up);
	return error;
}

static int find_annotated(struct mw_report_run *run)
{
	struct mw_diag diag = { "" };
	if (!run->options->annotate || run->options->is_quiet)
		return 0;
	int error = mw_file_lines_find(
		&run->view.profile, run->options->annotate, &run->view.annotated_file, &diag);
	if (diag.text[0])
		mw_outputs_complain(run, diag.text);
	return error;
}

static int build(struct mw_report_run *run)
{
	const struct mw_report_options *options = run->options;
	struct mw_view *view = &run->view;
	mw_report_progress_step(&run->progress, "reading records", 0, 0);
	int error = mw_profile_open(&view->profile, options->directories, options->n_directories,
		on_bad_directory, run);
	if (error)
		return error;
	if (view->profile.runs.n == 0)
		return -ENOENT; /* said already, directory by directory */
	error = mw_processes_build(&view->profile, &view->processes);
	if (!error && mw_outputs_need_lines(options))
		error = build_lines(run);
	if (!error)
		error = find_annotated(run);
	if (!error)
		error = mw_tasks_build(
			&view->profile, &view->processes, run->task_regex, &view->tasks);
	if (!error)
		error = mw_execs_build(&view->processes, &view->execs);
	if (!error)
		error = mw_job_build(&view->profile, &view->processes, &run->filter, &view->job);
	if (!error && view->job.n_given_up > 0)
		mw_notes_add(&view->notes,
			"--include, --exclude, --process: the search took too long in %zu command "
			"lines, "
			"which are shown",
			view->job.n_given_up);
	if (!error)
		error = mw_notes_collect(&view->notes, &view->profile);
	return error;
}

static void release(struct mw_report_run *run)
{
	mw_notes_deinit(&run->view.notes);
	mw_job_deinit(&run->view.job);
	mw_waste_deinit(&run->view.waste);
	mw_tasks_deinit(&run->view.tasks);
	mw_execs_deinit(&run->view.execs);
	mw_processes_deinit(&run->view.processes);
	mw_profile_deinit(&run->view.profile);
	mw_filter_deinit(&run->filter);
	run->function_regex = mw_regex_destroy(run->function_regex);
	run->task_regex = mw_regex_destroy(run->task_regex);
	run->callers_regex = mw_regex_destroy(run->callers_regex);
	run->process_regex = mw_regex_destroy(run->process_regex);
	run->module_regex = mw_regex_destroy(run->module_regex);
}

int mw_report_check(
	const struct mw_report_options *options, char *problem_out, size_t problem_bytes)
{
	struct mw_report_run run = { .options = options };
	struct mw_diag diag = { "" };
	int error = prepare(&run, &diag);
	release(&run);
	snprintf(problem_out, problem_bytes, "%s", diag.text);
	return error;
}

int mw_report_run(const struct mw_report_options *options)
{
	struct mw_report_run run = { .options = options };
	struct mw_diag diag = { "" };
	run.view.top = options->top ? options->top : UINT_MAX;
	run.view.wants_source = !options->has_no_source;
	run.view.wants_timeline = options->timeline_path != NULL;
	mw_report_progress_init(&run.progress, !options->is_quiet);
	int error = prepare(&run, &diag);
	if (error) {
		mw_outputs_complain(&run, diag.text);
	} else {
		error = build(&run);
		mw_report_progress_erase(&run.progress);
		if (error == -ENOMEM)
			mw_outputs_complain(&run, "out of memory");
		if (!error)
			error = mw_outputs_write(&run);
	}
	if (mw_missing_pages() > 0)
		mw_outputs_complain(&run,
			"files became shorter while they were read: what is gone counts as zero");
	bool is_partial = run.view.notes.texts.n > 0 || mw_missing_pages() > 0;
	release(&run);
	return error ? MW_REPORT_FAILED : is_partial ? MW_REPORT_PARTIAL : MW_REPORT_GOOD;
}
