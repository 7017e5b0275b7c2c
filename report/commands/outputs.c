/* SPDX: no licence chosen yet, see README */
/* outputs.c - the files and streams the options ask for. See outputs.h. */
#include "report/commands/outputs.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "report/html/html.h"
#include "report/commands/profiling_file.h"
#include "report/model/pids.h"
#include "report/render/json_report.h"
#include "report/render/memwatch.h"
#include "report/render/text.h"
#include "report/render/text_by.h"
#include "report/util/output.h"

typedef int write_function(struct mw_report_run *run, FILE *out);

#define PIPE_COLUMNS 80 /* files and pipes end up in mails, issues and terminals */

void mw_outputs_complain(const struct mw_report_run *run, const char *what)
{
	char line[sizeof(struct mw_diag)];
	snprintf(line, sizeof(line), "%s", what);
	mw_format_clean(line);
	fprintf(stderr, "%s: %s\n", run->options->program, line);
}

static bool is_stream(const char *path)
{
	return !path || strcmp(path, "-") == 0;
}

static int check_file(const char *path, struct mw_diag *diag)
{
	int error = is_stream(path) ? 0 : mw_output_check(path);
	if (error)
		mw_diag_set(diag, "%s: cannot write: %s", path, strerror(-error));
	return error;
}

/* The name of now will not be the one that is used, but it is in the same place. */
static int check_mprof(const struct mw_report_options *options, struct mw_diag *diag)
{
	if (!options->mprof_path || options->mprof_path[0])
		return check_file(options->mprof_path, diag);
	char *name = mw_mprof_name(NULL, (int64_t)time(NULL) * 1000000000);
	int error = name ? check_file(name, diag) : -ENOMEM;
	free(name);
	return error;
}

static int check_html(const char *path, struct mw_diag *diag)
{
	if (!path || mw_html_is_built())
		return check_file(path, diag);
	mw_diag_set(diag, "--html: built without the page (npm was missing, or MEMWATCH_HTML=OFF)");
	return -ENOTSUP;
}

int mw_outputs_check(const struct mw_report_options *options, struct mw_diag *diag)
{
	int error = check_file(options->report_path, diag);
	if (!error)
		error = check_file(options->json_path, diag);
	if (!error)
		error = check_html(options->html_path, diag);
	if (!error)
		error = check_file(options->csv_path, diag);
	if (!error)
		error = check_file(options->timeline_path, diag);
	if (!error)
		error = check_mprof(options, diag);
	for (size_t i = 0; !error && i < options->n_exports; i++) {
		struct mw_export_request request;
		error = mw_export_parse(options->exports[i], &request, diag);
		if (!error)
			error = check_file(request.path, diag);
	}
	return error;
}

bool mw_outputs_need_lines(const struct mw_report_options *options)
{
	bool is_report = !options->is_quiet && (options->format == MW_REPORT_FORMAT_REPORT ||
						       options->by || options->annotate);
	return is_report || mw_report_has_profiling_file() || options->json_path ||
	       options->html_path || options->n_exports > 0;
}

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

static struct mw_text text_for(const struct mw_report_options *options, FILE *out)
{
	return (struct mw_text){
		.out = out,
		.width = width_of(options, out),
		.precision = options->precision,
		.has_color = wants_color(options, out),
		.is_wide = options->is_wide,
		.has_exact_tables = options->width == 0 && !isatty(fileno(out)),
		.job_name = options->job_name,
	};
}

/* --by; its words have been checked when the options were read. */
static int write_table(struct mw_text *text, struct mw_report_run *run)
{
	const struct mw_report_options *options = run->options;
	struct mw_by_request request = { 0 };
	struct mw_diag diag = { "" };
	int error = mw_by_parse(options->by, &request.by, &diag);
	if (!error && options->fields)
		error = mw_by_parse_fields(options->fields, &request, &diag);
	if (!error && options->sort)
		error = mw_by_parse_sort(options->sort, &request, &diag);
	if (!error)
		mw_by_render(text, &run->view, &request);
	return error ? error : text->has_failed ? -ENOMEM : 0;
}

static int write_text(struct mw_report_run *run, FILE *out)
{
	const struct mw_report_options *options = run->options;
	struct mw_text text = text_for(options, out);
	if (run->callers_regex)
		mw_callers_render(&text, &run->view, run->callers_regex);
	else if (options->by)
		return write_table(&text, run);
	else if (options->annotate)
		mw_text_annotate(&text, &run->view);
	else if (options->format == MW_REPORT_FORMAT_MEMWATCH)
		return mw_memwatch_text_render(&text, &run->view);
	else if (options->format == MW_REPORT_FORMAT_SEED)
		mw_memwatch_seed_render(&text, &run->view);
	else if (options->task_lines)
		mw_task_lines_render(
			&text, &run->view, options->task_lines == MW_REPORT_TASK_LINES_NEW);
	else if (options->is_leaks_only)
		mw_text_leaks(&text, &run->view);
	else if (options->is_peak_only)
		mw_peak_lines_render(&text, &run->view);
	else
		mw_text_render(&text, &run->view);
	return text.has_failed ? -ENOMEM : 0;
}

static int write_json(struct mw_report_run *run, FILE *out)
{
	return mw_json_report_render(out, &run->view);
}

static int write_html(struct mw_report_run *run, FILE *out)
{
	return mw_html_render(out, &run->view);
}

static int write_csv(struct mw_report_run *run, FILE *out)
{
	return mw_memwatch_csv_render(out, &run->view);
}

static int write_timeline(struct mw_report_run *run, FILE *out)
{
	return mw_memwatch_timeline_render(out, &run->view);
}

static int write_mprof(struct mw_report_run *run, FILE *out)
{
	return mw_mprof_render(out, &run->view);
}

static int write_export(struct mw_report_run *run, FILE *out)
{
	const struct mw_export_format *format = run->export.format;
	struct mw_diag diag = { "" };
	const char *value = run->options->export_value;
	struct mw_export_options options = {
		.value = mw_export_find_value(value ? value : "at-peak", &diag),
		.threshold_pct = run->options->threshold_pct,
		.is_per_process = run->options->is_export_per_process,
		.image_idx = run->export_image,
	};
	if (format->is_binary && isatty(fileno(out))) {
		mw_diag_set(&diag, "--export: %s is binary, not for a terminal: give a file",
			format->name);
		mw_outputs_complain(run, diag.text);
		return -EINVAL;
	}
	return format->write(out, &run->view, &options);
}

static int write_stream(struct mw_report_run *run, FILE *out, write_function *write)
{
	int error = write(run, out);
	if (fflush(out) != 0 && !error)
		error = -errno;
	return ferror(out) && !error ? -EIO : error;
}

static int write_file(struct mw_report_run *run, const char *path, write_function *write)
{
	struct mw_output output;
	int error = mw_output_open(&output, path);
	if (error)
		return error;
	error = write_stream(run, output.file, write);
	int close_error = mw_output_close(&output, error == 0);
	return error ? error : close_error;
}

/* @path = NULL: to @standard; "-": to standard output. */
static int write_to(
	struct mw_report_run *run, const char *path, FILE *standard, write_function *write)
{
	FILE *stream = path ? run->options->json_output : standard;
	int error =
		is_stream(path) ? write_stream(run, stream, write) : write_file(run, path, write);
	if (error) {
		struct mw_diag diag = { "" };
		mw_diag_set(&diag, "%s: %s", path ? path : "output",
			error == -ERANGE ? "all processes together left more than was ever live at "
					   "once: give --per-process"
					 : strerror(-error));
		mw_outputs_complain(run, diag.text);
	}
	return error;
}

/* FILE.PID of each process that has heap; FILE.PID.2 of the program after an exec. */
static int write_each_process(struct mw_report_run *run)
{
	const struct mw_profile *profile = &run->view.profile;
	int first_error = 0;
	for (uint32_t i = 0; i < profile->images.n; i++) {
		const struct mw_image *image = &profile->images.items[i];
		unsigned n_before = 0;
		char *path, number[16] = "";
		if (image->is_not_shown || image->sums[MWD_CLASS_HEAP].allocated_blocks == 0)
			continue;
		for (uint32_t before = 0; before < i; before++)
			n_before += mw_pids_shown(profile->images.items[before].pid) ==
				    mw_pids_shown(image->pid);
		if (n_before)
			snprintf(number, sizeof(number), ".%u", n_before + 1);
		if (asprintf(&path, "%s.%d%s", run->export.path, (int)mw_pids_shown(image->pid),
			    number) < 0)
			return -ENOMEM;
		run->export_image = i;
		int error = write_to(run, path, run->options->json_output, write_export);
		first_error = first_error ? first_error : error;
		free(path);
	}
	return first_error;
}

static int write_one_export(struct mw_report_run *run)
{
	run->export_image = MW_NONE;
	if (run->export.format->is_file_per_process && run->options->is_export_per_process &&
		run->export.path)
		return write_each_process(run);
	return write_to(run, run->export.path, run->options->json_output, write_export);
}

static int write_exports(struct mw_report_run *run)
{
	int first_error = 0;
	for (size_t i = 0; i < run->options->n_exports; i++) {
		struct mw_diag diag = { "" };
		int error = mw_export_parse(run->options->exports[i], &run->export, &diag);
		if (!error)
			error = write_one_export(run);
		first_error = first_error ? first_error : error;
	}
	return first_error;
}

static bool takes_output(const char *path)
{
	return path && is_stream(path);
}

/* Something that takes the text's place on standard output. */
static bool is_output_taken(const struct mw_report_options *options)
{
	struct mw_export_request request;
	struct mw_diag diag = { "" };
	if (takes_output(options->json_path) || takes_output(options->html_path) ||
		takes_output(options->csv_path) || takes_output(options->timeline_path) ||
		takes_output(options->mprof_path))
		return true;
	for (size_t i = 0; i < options->n_exports; i++)
		if (mw_export_parse(options->exports[i], &request, &diag) == 0 && !request.path)
			return true;
	return false;
}

/* memwatch tells where these two went; unless quiet, or when its JSON was asked for. */
static void note_written(const struct mw_report_run *run, const char *what, const char *path)
{
	if (!run->options->is_quiet && !run->options->json_path && !is_stream(path))
		fprintf(stderr, "%s: %s exported to: %s\n", run->options->program, what, path);
}

static int write_tables(struct mw_report_run *run)
{
	const struct mw_report_options *options = run->options;
	int error = 0, next = 0;
	if (options->csv_path) {
		error = write_to(run, options->csv_path, NULL, write_csv);
		if (!error)
			note_written(run, "Per-process CSV", options->csv_path);
	}
	if (options->timeline_path) {
		next = write_to(run, options->timeline_path, NULL, write_timeline);
		if (!next)
			note_written(run, "Timeline CSV", options->timeline_path);
		error = error ? error : next;
	}
	if (!options->mprof_path)
		return error;
	const struct mw_run *first = &run->view.profile.runs.items[0];
	char *name = options->mprof_path[0]
			     ? strdup(options->mprof_path)
			     : mw_mprof_name(first->info.host, mw_job_run_start_ns(first));
	next = name ? write_to(run, name, NULL, write_mprof) : -ENOMEM;
	if (!next)
		note_written(run, "mprof data", name);
	free(name);
	return error ? error : next;
}

int mw_outputs_write(struct mw_report_run *run)
{
	const struct mw_report_options *options = run->options;
	bool wants_text =
		!options->is_quiet && !(is_output_taken(options) && !options->report_path &&
					      options->output == options->json_output);
	int error = 0;
	if (wants_text)
		error = write_to(run, options->report_path, options->output, write_text);
	if (options->json_path) {
		int json_error = write_to(run, options->json_path, NULL, write_json);
		error = error ? error : json_error;
	}
	if (options->html_path) {
		int html_error = write_to(run, options->html_path, NULL, write_html);
		error = error ? error : html_error;
	}
	int table_error = write_tables(run);
	int export_error = write_exports(run);
	error = error ? error : table_error ? table_error : export_error;
	int append_error = mw_profiling_file_append(run, text_for(options, options->output));
	error = error ? error : append_error;
	bool is_said = wants_text && !options->is_peak_only && !options->is_leaks_only &&
		       !options->callers_regex && !options->task_lines && !options->by &&
		       !options->annotate && options->format == MW_REPORT_FORMAT_REPORT;
	for (size_t i = run->n_bad; !is_said && i < run->view.notes.texts.n; i++)
		mw_outputs_complain(run, run->view.notes.texts.items[i]);
	return error;
}
