/* SPDX: no licence chosen yet, see README */
/*
 * run_report.c - mw_report_run(): read -> merge -> symbolize -> aggregate -> render, with one
 * place for messages and the choice of exit status. Called by memwatch-report and the launcher.
 */
#include "report/report.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report/export/export.h"
#include "report/render/json_report.h"
#include "report/render/text.h"
#include "report/render/view.h"
#include "report/commands/missing_pages.h"

struct run {
	const struct mw_report_options *options;
	struct mw_view view;
	regex_t regex;
	bool has_regex;
	struct mw_export_request export; /* being written */
	size_t n_bad;			 /* directories that could not be read */
};

void mw_report_options_init(struct mw_report_options *options)
{
	*options = (struct mw_report_options){ .top = 20,
		.precision = 1,
		.program = "memwatch-report",
		.output = stdout,
		.json_output = stdout };
}

static void complain(const struct run *run, const char *what)
{
	char line[sizeof(struct mw_diag)];
	snprintf(line, sizeof(line), "%s", what);
	mw_format_clean(line);
	fprintf(stderr, "%s: %s\n", run->options->program, line);
}

static void on_bad_directory(void *context, const struct mw_diag *diag)
{
	struct run *run = context;
	run->n_bad++;
	complain(run, diag->text);
	mw_notes_add(&run->view.notes, "%s", diag->text);
}

static int compile_regex(struct run *run)
{
	const char *pattern = run->options->function_regex;
	if (!pattern)
		return 0;
	int error = regcomp(&run->regex, pattern, REG_EXTENDED | REG_NOSUB);
	if (error) {
		char reason[200];
		regerror(error, &run->regex, reason, sizeof(reason));
		struct mw_diag diag = { "" };
		mw_diag_set(&diag, "--function: %s: %s", pattern, reason);
		complain(run, diag.text);
		return -EINVAL;
	}
	run->has_regex = true;
	run->view.regex = &run->regex;
	return 0;
}

/* On a terminal only: reading the debug data of big programs takes a while. */
static void on_progress(void *context, size_t n_done, size_t n_all)
{
	(void)context;
	fprintf(stderr, n_done < n_all ? "\rreading symbols: module %zu of %zu" : "\r\033[K",
		n_done, n_all);
}

static int build(struct run *run)
{
	const struct mw_report_options *options = run->options;
	struct mw_view *view = &run->view;
	int error = mw_profile_open(&view->profile, options->directories, options->n_directories,
		on_bad_directory, run);
	if (error)
		return error;
	if (view->profile.runs.n == 0)
		return -ENOENT; /* said already, directory by directory */
	error = mw_profile_resolve(&view->profile, options->debug_path,
		isatty(STDERR_FILENO) ? on_progress : NULL, NULL);
	if (!error)
		error = mw_profile_aggregate(&view->profile);
	if (!error)
		error = mw_processes_build(&view->profile, &view->processes);
	if (!error)
		error = mw_execs_build(&view->profile, &view->processes, &view->execs);
	if (!error)
		error = mw_notes_collect(&view->notes, &view->profile);
	return error;
}

#define PIPE_COLUMNS 80 /* files and pipes end up in mails, issues and terminals */

static unsigned width_of(const struct mw_report_options *options, FILE *out)
{
	struct winsize size;
	if (options->width)
		return options->width;
	if (!isatty(fileno(out)))
		return PIPE_COLUMNS;
	unsigned columns = 0;
	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	return columns == 0 ? 80 : columns < 60 ? 60 : columns;
}

static bool wants_color(const struct mw_report_options *options, FILE *out)
{
	const char *no_color = getenv("NO_COLOR");
	if (options->color != MW_REPORT_COLOR_AUTO)
		return options->color == MW_REPORT_COLOR_ALWAYS;
	return isatty(fileno(out)) && !(no_color && no_color[0]);
}

static int flush(FILE *out)
{
	if (fflush(out) != 0)
		return -errno;
	return ferror(out) ? -EIO : 0;
}

static int write_text(struct run *run, FILE *out)
{
	const struct mw_report_options *options = run->options;
	struct mw_text text = {
		.out = out,
		.width = width_of(options, out),
		.precision = options->precision,
		.has_color = wants_color(options, out),
		.has_exact_tables = options->width == 0 && !isatty(fileno(out)),
	};
	if (options->is_peak_only)
		mw_peak_lines_render(&text, &run->view);
	else
		mw_text_render(&text, &run->view);
	int error = flush(out);
	return error ? error : text.has_failed ? -ENOMEM : 0;
}

static int write_json(struct run *run, FILE *out)
{
	int error = mw_json_report_render(out, &run->view);
	int flush_error = flush(out);
	return flush_error ? flush_error : error;
}

/* @path = NULL: to @standard. */
static int write_to(
	struct run *run, const char *path, FILE *standard, int (*write)(struct run *run, FILE *out))
{
	FILE *out = path ? fopen(path, "we") : standard;
	int error = out ? write(run, out) : -errno;
	if (path && out && fclose(out) != 0 && !error)
		error = -errno;
	if (error) {
		struct mw_diag diag = { "" };
		mw_diag_set(&diag, "%s: %s", path ? path : "output", strerror(-error));
		complain(run, diag.text);
	}
	return error;
}

static int write_export(struct run *run, FILE *out)
{
	const struct mw_export_format *format = run->export.format;
	struct mw_diag diag = { "" };
	const char *value = run->options->export_value;
	struct mw_export_options options = {
		.value = mw_export_find_value(value ? value : "at-peak", &diag),
		.is_per_process = run->options->is_export_per_process,
	};
	if (format->is_binary && isatty(fileno(out))) {
		mw_diag_set(&diag, "--export: %s is binary, not for a terminal: give a file",
			format->name);
		complain(run, diag.text);
		return -EINVAL;
	}
	int error = format->write(out, &run->view, &options);
	int flush_error = flush(out);
	return flush_error ? flush_error : error;
}

static int write_exports(struct run *run)
{
	int first_error = 0;
	for (size_t i = 0; i < run->options->n_exports; i++) {
		struct mw_diag diag = { "" };
		int error = mw_export_parse(run->options->exports[i], &run->export, &diag);
		if (!error)
			error = write_to(
				run, run->export.path, run->options->json_output, write_export);
		first_error = first_error ? first_error : error;
	}
	return first_error;
}

/* Something that takes the text's place on standard output. */
static bool takes_output(const struct mw_report_options *options)
{
	struct mw_export_request request;
	struct mw_diag diag = { "" };
	if (options->json_path && strcmp(options->json_path, "-") == 0)
		return true;
	for (size_t i = 0; i < options->n_exports; i++)
		if (mw_export_parse(options->exports[i], &request, &diag) == 0 && !request.path)
			return true;
	return false;
}

static int write_all(struct run *run)
{
	const struct mw_report_options *options = run->options;
	bool is_json_out = options->json_path && strcmp(options->json_path, "-") == 0;
	bool wants_text = !options->is_quiet && !(takes_output(options) && !options->report_path &&
							options->output == options->json_output);
	int error = 0;
	if (wants_text)
		error = write_to(run, options->report_path, options->output, write_text);
	if (options->json_path) {
		int json_error = write_to(run, is_json_out ? NULL : options->json_path,
			options->json_output, write_json);
		error = error ? error : json_error;
	}
	int export_error = write_exports(run);
	error = error ? error : export_error;
	bool is_said = wants_text && !options->is_peak_only;
	for (size_t i = run->n_bad; !is_said && i < run->view.notes.texts.n; i++)
		complain(run, run->view.notes.texts.items[i]);
	return error;
}

int mw_report_run(const struct mw_report_options *options)
{
	struct run run = { .options = options };
	run.view.top = options->top ? options->top : UINT_MAX;
	run.view.wants_source = !options->has_no_source;
	int error = compile_regex(&run);
	if (!error) {
		error = build(&run);
		if (error == -ENOMEM)
			complain(&run, "out of memory");
	}
	if (!error)
		error = write_all(&run);
	if (mw_missing_pages() > 0)
		complain(&run, "files became shorter while they were read: what is gone counts as "
			       "zero");
	bool is_partial = run.view.notes.texts.n > 0 || mw_missing_pages() > 0;
	mw_notes_deinit(&run.view.notes);
	mw_execs_deinit(&run.view.execs);
	mw_processes_deinit(&run.view.processes);
	mw_profile_deinit(&run.view.profile);
	if (run.has_regex)
		regfree(&run.regex);
	return error ? MW_REPORT_FAILED : is_partial ? MW_REPORT_PARTIAL : MW_REPORT_GOOD;
}
