/* SPDX: no licence chosen yet, see README */
/*
 * options.c - the option table and the parser that follows it. A complaint names the option and
 * what it takes.
 */
#include "report/commands/options.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "report/export/export.h"
#include "report/render/text_by.h"

#define HELP_NAMES 24 /* columns */

static int parse_number(
	const char *value, unsigned limit, const char *what, unsigned *out, struct mw_diag *diag)
{
	char *end;
	errno = 0;
	unsigned long number = strtoul(value, &end, 10);
	if (errno || end == value || *end || value[0] == '-' || number > limit) {
		mw_diag_set(diag, "--%s: %s: not a number from 0 to %u", what, value, limit);
		return -EINVAL;
	}
	*out = (unsigned)number;
	return 0;
}

static int apply_task_lines(
	struct mw_report_options *options, const char *value, struct mw_diag *diag)
{
	if (strcmp(value, "old") != 0 && strcmp(value, "new") != 0) {
		mw_diag_set(diag, "--task-lines: %s: give old or new", value);
		return -EINVAL;
	}
	options->task_lines = value[0] == 'o' ? MW_REPORT_TASK_LINES_OLD : MW_REPORT_TASK_LINES_NEW;
	return 0;
}

static int apply_top(struct mw_report_options *options, const char *value, struct mw_diag *diag)
{
	return parse_number(value, 1000000000, "top", &options->top, diag);
}

static int apply_precision(
	struct mw_report_options *options, const char *value, struct mw_diag *diag)
{
	return parse_number(value, 9, "precision", &options->precision, diag);
}

static int apply_full_report(
	struct mw_report_options *options, const char *value, struct mw_diag *diag)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
		mw_diag_set(diag, "--full-report: %s: give yes or no", value);
		return -EINVAL;
	}
	options->is_peak_only = value[0] == 'n';
	return 0;
}

static int apply_json(struct mw_report_options *options, const char *value, struct mw_diag *diag)
{
	(void)diag;
	options->json_path = value ? value : "-";
	return 0;
}

static int apply_mprof(struct mw_report_options *options, const char *value, struct mw_diag *diag)
{
	(void)diag;
	options->mprof_path = value ? value : "";
	return 0;
}

static int apply_format(struct mw_report_options *options, const char *value, struct mw_diag *diag)
{
	static const char *const names[] = { "report", "memwatch", "seed" };
	for (unsigned i = 0; i < 3; i++) {
		if (strcmp(value, names[i]) == 0) {
			options->format = (enum mw_report_format)i;
			return 0;
		}
	}
	mw_diag_set(diag, "--format: %s: give report, memwatch or seed", value);
	return -EINVAL;
}

static int apply_color(struct mw_report_options *options, const char *value, struct mw_diag *diag)
{
	static const char *const names[] = { "auto", "always", "never" };
	for (unsigned i = 0; i < 3; i++) {
		if (strcmp(value, names[i]) == 0) {
			options->color = (enum mw_report_color)i;
			return 0;
		}
	}
	mw_diag_set(diag, "--color: %s: give auto, always or never", value);
	return -EINVAL;
}

static int apply_width(struct mw_report_options *options, const char *value, struct mw_diag *diag)
{
	int error = parse_number(value, 1000, "width", &options->width, diag);
	if (!error && options->width < 60) {
		mw_diag_set(diag, "--width: %s: the tables need 60 columns", value);
		return -EINVAL;
	}
	return error;
}

static int apply_export(struct mw_report_options *options, const char *value, struct mw_diag *diag)
{
	struct mw_export_request request;
	if (options->n_exports == MW_REPORT_MAX_EXPORTS) {
		mw_diag_set(diag, "--export: more than %d of them", MW_REPORT_MAX_EXPORTS);
		return -EINVAL;
	}
	options->exports[options->n_exports++] = value;
	return mw_export_parse(value, &request, diag);
}

static int apply_value(struct mw_report_options *options, const char *value, struct mw_diag *diag)
{
	options->export_value = value;
	return mw_export_find_value(value, diag) ? 0 : -EINVAL;
}

static int apply_threshold(
	struct mw_report_options *options, const char *value, struct mw_diag *diag)
{
	char *end;
	double pct = strtod(value, &end);
	if (end == value || *end || !(pct >= 0 && pct <= 100)) {
		mw_diag_set(diag, "--threshold: %s: not a percentage from 0 to 100", value);
		return -EINVAL;
	}
	options->threshold_pct = pct;
	return 0;
}

static int apply_by(struct mw_report_options *options, const char *value, struct mw_diag *diag)
{
	enum mw_by by;
	options->by = value;
	return mw_by_parse(value, &by, diag);
}

static int apply_fields(struct mw_report_options *options, const char *value, struct mw_diag *diag)
{
	struct mw_by_request request = { 0 };
	options->fields = value;
	return mw_by_parse_fields(value, &request, diag);
}

static int apply_sort(struct mw_report_options *options, const char *value, struct mw_diag *diag)
{
	struct mw_by_request request = { 0 };
	options->sort = value;
	return mw_by_parse_sort(value, &request, diag);
}

#define FIELD(name) offsetof(struct mw_report_options, name), NULL

const struct mw_option mw_report_option_table[] = {
	{ "function", 'f', "REGEX", false, "only functions whose name matches (PCRE2)",
		FIELD(function_regex) },
	{ "task", 0, "REGEX", false, "tasks of these names; functions, programs, too",
		FIELD(task_regex) },
	{ "task-lines", 0, "old|new", false, "one line a task, as COMPSs had and has them", 0,
		apply_task_lines },
	{ "process", 0, "REGEX", false, "processes whose command line matches; rest: one row",
		FIELD(process) },
	{ "module", 0, "REGEX", false, "lines whose module's path matches; rest: one row",
		FIELD(module) },
	{ "top", 'n', "N", false, "rows of long tables; 0 = all (default 20)", 0, apply_top },
	{ "precision", 'p', "N", false, "decimals of MiB in line tables (default 1)", 0,
		apply_precision },
	{ "wide", 0, NULL, false, "more columns in line tables", FIELD(is_wide) },
	{ "annotate", 'a', "FILE", false, "a whole source file, each line with its numbers",
		FIELD(annotate) },
	{ "by", 'b', "KIND", false, "one table of rows of this kind, see below", 0, apply_by },
	{ "fields", 0, "LIST", false, "its columns, by commas, see below", 0, apply_fields },
	{ "sort", 0, "FIELD", false, "its order (default: the first column)", 0, apply_sort },
	{ "full-report", 0, "yes|no", false, "no: one line a function, \"file function 312.6 MiB\"",
		0, apply_full_report },
	{ "peak-only", 0, NULL, false, "the same as --full-report=no", FIELD(is_peak_only) },
	{ "leaks", 0, NULL, false, "only leaks, churn, reallocs: lines and their stacks",
		FIELD(is_leaks_only) },
	{ "callers", 0, "REGEX", false, "only who calls these functions, and whom they call",
		FIELD(callers_regex) },
	{ "json", 0, "FILE", true, "all of it as JSON; without FILE: instead of text", 0,
		apply_json },
	{ "html", 0, "FILE", false, "a page for a browser: time, flames, lines", FIELD(html_path) },
	{ "export", 'e', "FORMAT[:FILE]", false, "for another viewer, see below; repeatable", 0,
		apply_export },
	{ "value", 0, "at-peak|leaked|total|count", false, "what exports hold (default: at-peak)",
		0, apply_value },
	{ "threshold", 0, "PCT", false, "exported trees: least share of a branch (default 1)", 0,
		apply_threshold },
	{ "per-process", 0, NULL, false, "exports: each process by itself, not merged",
		FIELD(is_export_per_process) },
	{ "csv", 0, "FILE", false, "each process's peak RSS, in memwatch's columns",
		FIELD(csv_path) },
	{ "timeline", 0, "FILE", false, "RSS over time, in memwatch's columns",
		FIELD(timeline_path) },
	{ "mprof", 0, "FILE", true, "RSS over time for mprof plot, peak and list", 0, apply_mprof },
	{ "include", 0, "REGEX", false, "list only processes whose command line matches",
		FIELD(include) },
	{ "exclude", 0, "REGEX", false, "and of these not the ones that match", FIELD(exclude) },
	{ "format", 0, "report|memwatch|seed", false, "layout of the text (default: report)", 0,
		apply_format },
	{ "report", 'o', "FILE", false, "write the text to FILE", FIELD(report_path) },
	{ "color", 0, "auto|always|never", false, "colours (default: auto); NO_COLOR is honoured",
		0, apply_color },
	{ "width", 0, "N", false, "columns (default: the terminal's, 80 in a pipe)", 0,
		apply_width },
	{ "no-source", 0, NULL, false, "do not read source files", FIELD(has_no_source) },
	{ "debug-path", 0, "DIRS", false, "separate debug files (default /usr/lib/debug)",
		FIELD(debug_path) },
	{ "quiet", 'q', NULL, false, "no text report", FIELD(is_quiet) },
	{ "help", 'h', NULL, false, "show this help", 0, NULL },
	{ "version", 'V', NULL, false, "show the version", 0, NULL },
};

const size_t mw_report_n_options =
	sizeof(mw_report_option_table) / sizeof(mw_report_option_table[0]);

static const struct mw_option *find_long(const char *name, size_t n_bytes)
{
	for (size_t i = 0; i < mw_report_n_options; i++) {
		const struct mw_option *option = &mw_report_option_table[i];
		if (strlen(option->name) == n_bytes && memcmp(option->name, name, n_bytes) == 0)
			return option;
	}
	return NULL;
}

static const struct mw_option *find_letter(char letter)
{
	for (size_t i = 0; i < mw_report_n_options; i++) {
		if (mw_report_option_table[i].letter == letter)
			return &mw_report_option_table[i];
	}
	return NULL;
}

/* An option and the value that stands in the same word, NULL = none there. */
static const struct mw_option *read_option(
	const char *argument, const char **value_out, struct mw_diag *diag)
{
	const struct mw_option *option;
	*value_out = NULL;
	if (argument[1] == '-') {
		size_t n_bytes = strcspn(argument + 2, "=");
		option = find_long(argument + 2, n_bytes);
		if (argument[2 + n_bytes] == '=')
			*value_out = argument + 3 + n_bytes;
	} else {
		option = find_letter(argument[1]);
		if (argument[2])
			*value_out = argument + 2;
	}
	if (!option)
		mw_diag_set(diag, "%s: unknown option, see --help", argument);
	return option;
}

static enum mw_options_outcome set_field(
	const struct mw_option *option, const char *value, struct mw_report_options *options)
{
	char *field = (char *)options + option->field;
	if (option->argument)
		*(const char **)field = value;
	else
		*(bool *)field = true;
	return MW_OPTIONS_RUN;
}

/* One option at arguments[*at]; moves *at over a value of its own word. */
static enum mw_options_outcome take_option(
	int n, char **arguments, int *at, struct mw_report_options *options, struct mw_diag *diag)
{
	const char *value;
	const struct mw_option *option = read_option(arguments[*at], &value, diag);
	if (!option)
		return MW_OPTIONS_BAD;
	if (!option->argument && value) {
		mw_diag_set(diag, "%s: --%s takes no argument", arguments[*at], option->name);
		return MW_OPTIONS_BAD;
	}
	if (option->argument && !option->is_optional && !value && *at + 1 < n)
		value = arguments[++*at];
	if (option->argument && !option->is_optional && !value) {
		mw_diag_set(diag, "--%s: needs %s", option->name, option->argument);
		return MW_OPTIONS_BAD;
	}
	if (option->field)
		return set_field(option, value, options);
	if (!option->apply)
		return option->letter == 'h' ? MW_OPTIONS_HELP : MW_OPTIONS_VERSION;
	return option->apply(options, value, diag) ? MW_OPTIONS_BAD : MW_OPTIONS_RUN;
}

enum mw_options_outcome mw_options_parse(
	int n, char **arguments, struct mw_report_options *options_out, struct mw_diag *diag)
{
	size_t n_directories = 0;
	bool has_ended = false;
	for (int i = 0; i < n; i++) {
		char *argument = arguments[i];
		if (!has_ended && strcmp(argument, "--") == 0) {
			has_ended = true;
		} else if (has_ended || argument[0] != '-' || argument[1] == '\0') {
			arguments[n_directories++] = argument;
		} else {
			enum mw_options_outcome outcome =
				take_option(n, arguments, &i, options_out, diag);
			if (outcome != MW_OPTIONS_RUN)
				return outcome;
		}
	}
	options_out->directories = (const char *const *)arguments;
	options_out->n_directories = n_directories;
	if (n_directories == 0) {
		mw_diag_set(diag, "no run directory given, see --help");
		return MW_OPTIONS_BAD;
	}
	return MW_OPTIONS_RUN;
}

/* "  names        help", the help on a line of its own where names are long. */
static void print_help_row(FILE *out, const char *names, const char *help)
{
	if (strlen(names) <= HELP_NAMES)
		fprintf(out, "  %-*s  %s\n", HELP_NAMES, names, help);
	else
		fprintf(out, "  %s\n  %*s  %s\n", names, HELP_NAMES, "", help);
}

static void print_options(FILE *out)
{
	for (size_t i = 0; i < mw_report_n_options; i++) {
		const struct mw_option *option = &mw_report_option_table[i];
		char words[64];
		char letter[5] = "    ";
		if (option->letter)
			snprintf(letter, sizeof(letter), "-%c, ", option->letter);
		snprintf(words, sizeof(words), "%s--%s%s%s%s%s", letter, option->name,
			option->is_optional ? "[" : "", option->argument ? "=" : "",
			option->argument ? option->argument : "", option->is_optional ? "]" : "");
		print_help_row(out, words, option->help);
	}
}

static void print_fields(FILE *out)
{
	fputs("\nFields for --fields and --sort, and what CSV and JSON call them:\n", out);
	for (enum mw_column_id id = 0; id < MW_N_COLUMNS; id++) {
		const struct mw_column *column = &mw_columns[id];
		char names[64];
		snprintf(names, sizeof(names), "%s%s%s",
			column->short_name ? column->short_name : "",
			column->short_name ? ", " : "", column->json_name);
		print_help_row(out, names, column->help);
	}
}

/* Completion reads this, too: sections of words "for --option:", two blanks after the names. */
void mw_options_print_help(FILE *out)
{
	fputs("Usage: memwatch-report [options] DIR...\n"
	      "       memwatch-report diff --help\n"
	      "Show which lines held the memory of a run recorded by memwatch-preload; several\n"
	      "directories are merged into one report.\n\n",
		out);
	print_options(out);
	fputs("\nRows for --by; bytes of the heap, each in one row:\n", out);
	for (enum mw_by by = MW_BY_LINE; by < MW_N_BY; by++)
		print_help_row(out, mw_by_kinds[by].name, mw_by_kinds[by].help);
	print_fields(out);
	fputs("\nFormats for --export; without FILE, to standard output instead of the report:\n",
		out);
	for (size_t i = 0; i < mw_export_n_formats; i++)
		print_help_row(out, mw_export_formats[i].name, mw_export_formats[i].help);
	fputs("\nExit status: 0 good; 1 partial, with the reason in the report; 2 bad usage or\n"
	      "nothing usable.\n",
		out);
}
