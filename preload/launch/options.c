/* SPDX: no licence chosen yet, see README */
/*
 * options.c - the launcher's command line: one table, from which getopt_long's arrays and the
 * help are made. Hosted; before hook. A new option is one row and, if it is of a new kind, one
 * case in apply().
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "preload/launch/options.h"
#include "report/util/size.h"

enum kind {
	KIND_TEXT,   /* const char *, any */
	KIND_NUMBER, /* int in minimum..maximum; `value` if the argument is left out */
	KIND_FLAG,   /* bool, set to `value` */
	KIND_YES_NO, /* bool */
	KIND_COLOR,
	KIND_UNWINDER, /* bool: the second of two */
	KIND_OFF_ON,   /* bool: the second of two */
	KIND_SIZE,     /* int64_t, bytes; at least 1 */
	KIND_FORMAT,
	KIND_TASK_LINES,
	KIND_JSON,  /* is_json, and json_path if given */
	KIND_MPROF, /* is_mprof, and mprof_path if given */
	KIND_REQUEST,
};

struct option_row {
	char letter; /* 0 = none */
	const char *name;
	const char *argument; /* as in the help; NULL = none; "[=" in front = may be left out */
	enum kind kind;
	size_t field;
	int minimum, maximum; /* NUMBER */
	int value;	      /* FLAG, REQUEST, NUMBER */
	const char *help;     /* NULL = alias, not shown */
};

#define FIELD(name) offsetof(struct mw_launch_options, name)

static const struct option_row table[] = {
	{ 'o', "report", "FILE", KIND_TEXT, FIELD(report_path), 0, 0, 0,
		"write the report to FILE instead of stderr" },
	{ 0, "run-dir", "DIR", KIND_TEXT, FIELD(run_dir), 0, 0, 0,
		"record into DIR (default: memwatch-<command>-<pid>)" },
	{ 0, "full-report", "yes|no", KIND_YES_NO, FIELD(is_full_report), 0, 0, 0,
		"no: one line per function, its peak (default: yes)" },
	{ 0, "peak-only", NULL, KIND_FLAG, FIELD(is_full_report), 0, 0, false,
		"same as --full-report=no" },
	{ 'f', "function", "REGEX", KIND_TEXT, FIELD(function), 0, 0, 0,
		"show the line tables of the functions that match" },
	{ 0, "task", "REGEX", KIND_TEXT, FIELD(task), 0, 0, 0,
		"tasks of these names; functions, programs, too" },
	{ 0, "task-lines", "old|new", KIND_TASK_LINES, 0, 0, 0, 0,
		"one line a task, as COMPSs had and has them" },
	{ 'n', "top", "N", KIND_NUMBER, FIELD(n_top), 0, INT_MAX, 0,
		"rows of a table, 0 = all (default: 20)" },
	{ 'p', "precision", "N", KIND_NUMBER, FIELD(precision), 0, 9, 0,
		"digits after the point (default: 1)" },
	{ 0, "wide", NULL, KIND_FLAG, FIELD(is_wide), 0, 0, true, "more columns in line tables" },
	{ 'a', "annotate", "FILE", KIND_TEXT, FIELD(annotate), 0, 0, 0,
		"a whole source file, each line with its numbers" },
	{ 0, "process", "REGEX", KIND_TEXT, FIELD(process), 0, 0, 0,
		"processes whose command line matches; rest: one row" },
	{ 0, "module", "REGEX", KIND_TEXT, FIELD(module), 0, 0, 0,
		"lines whose module's path matches; rest: one row" },
	{ 0, "json", "[=FILE]", KIND_JSON, 0, 0, 0, 0,
		"write all of it as JSON, to stdout without FILE" },
	{ 0, "html", "FILE", KIND_TEXT, FIELD(html_path), 0, 0, 0,
		"write a page for a browser: time, flame graph, lines" },
	{ 0, "csv", "FILE", KIND_TEXT, FIELD(csv_path), 0, 0, 0,
		"write each process's peak RSS, in memwatch's columns" },
	{ 0, "timeline", "FILE", KIND_TEXT, FIELD(timeline_path), 0, 0, 0,
		"write the RSS over time, in memwatch's columns" },
	{ 0, "mprof", "[=FILE]", KIND_MPROF, 0, 0, 0, 0,
		"write the RSS over time for mprof plot, peak and list" },
	{ 0, "include", "REGEX", KIND_TEXT, FIELD(include), 0, 0, 0,
		"list only processes whose command line matches" },
	{ 0, "exclude", "REGEX", KIND_TEXT, FIELD(exclude), 0, 0, 0,
		"and of these not the ones that match" },
	{ 0, "format", "report|memwatch|seed", KIND_FORMAT, 0, 0, 0, 0,
		"layout of the text report (default: report)" },
	{ 0, "color", "auto|always|never", KIND_COLOR, 0, 0, 0, 0, "colours (default: auto)" },
	{ 0, "width", "N", KIND_NUMBER, FIELD(width), 60, 1000, 0,
		"columns (default: the terminal's; 80 in a pipe)" },
	{ 0, "no-source", NULL, KIND_FLAG, FIELD(has_no_source), 0, 0, true,
		"do not read source files" },
	{ 0, "debug-path", "DIRS", KIND_TEXT, FIELD(debug_path), 0, 0, 0,
		"where debug files are (default: /usr/lib/debug)" },
	{ 'q', "quiet", NULL, KIND_FLAG, FIELD(is_quiet), 0, 0, true,
		"print neither report nor note to stderr" },
	{ 0, "silent", NULL, KIND_FLAG, FIELD(is_silent), 0, 0, true,
		"send the command's stdout and stderr to /dev/null" },
	{ 0, "no-report", NULL, KIND_FLAG, FIELD(is_report), 0, 0, false,
		"only record; render later with memwatch-report" },
	{ 'i', "interval", "MS", KIND_NUMBER, FIELD(interval_ms), 1, 60000, 0,
		"time between samples of the tree's RSS (default: 20)" },
	{ 0, "max-frames", "N", KIND_NUMBER, FIELD(max_frames), 1, 1024, 0,
		"frames kept of a stack (default: 512)" },
	{ 0, "stacks", "off|on", KIND_OFF_ON, FIELD(has_stacks), 0, 0, 0,
		"off: totals and peaks only, no lines (default: on)" },
	{ 0, "sample", "BYTES", KIND_SIZE, FIELD(sample_bytes), 0, 0, 0,
		"estimate lines: a stack per BYTES allocated (512K)" },
	{ 0, "unwinder", "rules|libunwind", KIND_UNWINDER, FIELD(is_libunwind), 0, 0, 0,
		"what walks stacks (default: rules, the fast one)" },
	{ 0, "check-unwinder", "[=N]", KIND_NUMBER, FIELD(check_unwinder), 1, INT_MAX, 1,
		"compare every N-th stack with libunwind's (slow)" },
	{ 0, "max-total-rss", "SIZE", KIND_SIZE, FIELD(max_total_rss_bytes), 0, 0, 0,
		"exit with 10 if all processes together had more RSS" },
	{ 0, "max-process-rss", "SIZE", KIND_SIZE, FIELD(max_process_rss_bytes), 0, 0, 0,
		"exit with 11 if a process had more RSS" },
	{ 0, "kill-on-limit", NULL, KIND_FLAG, FIELD(is_kill_on_limit), 0, 0, true,
		"end all processes when a limit is passed" },
	{ 0, "wait-all", NULL, KIND_FLAG, FIELD(is_wait_all), 0, 0, true,
		"wait for background processes, too" },
	{ 'h', "help", NULL, KIND_REQUEST, 0, 0, 0, MW_LAUNCH_REQUEST_HELP, "show this help" },
	{ 'V', "version", NULL, KIND_REQUEST, 0, 0, 0, MW_LAUNCH_REQUEST_VERSION,
		"show the version" },
};

#define N_ROWS (sizeof(table) / sizeof(table[0]))
/* getopt's value of row i; outside the range of letters. */
#define ROW_BASE 256

static const struct mw_launch_options defaults = {
	.interval_ms = 20,
	.n_top = 20,
	.precision = 1,
	.max_frames = 512,
	.is_full_report = true,
	.has_stacks = true,
	.is_report = true,
};

static int set_number(const struct option_row *row, const char *text,
	struct mw_launch_options *options, struct mw_failure *failure)
{
	int *field = (int *)((char *)options + row->field);
	if (text == NULL) {
		*field = row->value;
		return MW_EXIT_OK;
	}
	char *end;
	errno = 0;
	long number = strtol(text, &end, 10);
	if (end == text || *end != '\0')
		return mw_failure_set(
			MW_EXIT_USAGE, failure, "--%s: '%s' is not a number", row->name, text);
	if (errno == ERANGE || number < row->minimum || number > row->maximum)
		return mw_failure_set(MW_EXIT_USAGE, failure, "--%s: %s is not in %d..%d",
			row->name, text, row->minimum, row->maximum);
	*field = (int)number;
	return MW_EXIT_OK;
}

static int set_size(const struct option_row *row, const char *text,
	struct mw_launch_options *options, struct mw_failure *failure)
{
	int64_t bytes = 0;
	int error = mw_size_parse(text, &bytes);
	if (error == -EINVAL)
		return mw_failure_set(MW_EXIT_USAGE, failure,
			"--%s: '%s' is not a size such as 4096, 512K, 1.5M or 1G", row->name, text);
	if (error || bytes < 1)
		return mw_failure_set(
			MW_EXIT_USAGE, failure, "--%s: %s is not in 1..1024T", row->name, text);
	*(int64_t *)((char *)options + row->field) = bytes;
	return MW_EXIT_OK;
}

/* Index of @text among @words, or -1 with @failure filled. */
static int choose(const struct option_row *row, const char *text, const char *const *words,
	int n_words, struct mw_failure *failure)
{
	for (int i = 0; i < n_words; i++) {
		if (strcmp(text, words[i]) == 0)
			return i;
	}
	mw_failure_set(MW_EXIT_USAGE, failure, "--%s: '%s' is not one of %s", row->name, text,
		row->argument);
	return -1;
}

static int set_choice(const struct option_row *row, const char *text,
	struct mw_launch_options *options, struct mw_failure *failure)
{
	static const char *const no_yes[] = { "no", "yes" };
	static const char *const colors[] = { "auto", "always", "never" };
	static const char *const unwinders[] = { "rules", "libunwind" };
	static const char *const off_on[] = { "off", "on" };
	static const char *const formats[] = { "report", "memwatch", "seed" };
	static const char *const generations[] = { "old", "new" };
	bool is_of_three = row->kind == KIND_COLOR || row->kind == KIND_FORMAT;
	const char *const *words = row->kind == KIND_COLOR	  ? colors
				   : row->kind == KIND_FORMAT	  ? formats
				   : row->kind == KIND_UNWINDER	  ? unwinders
				   : row->kind == KIND_OFF_ON	  ? off_on
				   : row->kind == KIND_TASK_LINES ? generations
								  : no_yes;
	int choice = choose(row, text, words, is_of_three ? 3 : 2, failure);
	if (choice < 0)
		return MW_EXIT_USAGE;
	if (row->kind == KIND_COLOR)
		options->color = (enum mw_launch_color)choice;
	else if (row->kind == KIND_FORMAT)
		options->format = (enum mw_launch_format)choice;
	else if (row->kind == KIND_TASK_LINES)
		options->task_lines = (enum mw_launch_task_lines)(choice + 1);
	else
		*(bool *)((char *)options + row->field) = choice;
	return MW_EXIT_OK;
}

static int apply(const struct option_row *row, const char *argument,
	struct mw_launch_options *options, struct mw_failure *failure)
{
	void *field = (char *)options + row->field;
	if (argument != NULL && *argument == '\0')
		return mw_failure_set(MW_EXIT_USAGE, failure, "--%s: empty argument", row->name);
	switch (row->kind) {
	case KIND_TEXT:
		*(const char **)field = argument;
		return MW_EXIT_OK;
	case KIND_NUMBER:
		return set_number(row, argument, options, failure);
	case KIND_SIZE:
		return set_size(row, argument, options, failure);
	case KIND_YES_NO:
	case KIND_COLOR:
	case KIND_FORMAT:
	case KIND_TASK_LINES:
	case KIND_UNWINDER:
	case KIND_OFF_ON:
		return set_choice(row, argument, options, failure);
	case KIND_FLAG:
		*(bool *)field = row->value;
		return MW_EXIT_OK;
	case KIND_JSON:
		options->is_json = true;
		options->json_path = argument;
		return MW_EXIT_OK;
	case KIND_MPROF:
		options->is_mprof = true;
		options->mprof_path = argument;
		return MW_EXIT_OK;
	case KIND_REQUEST:
		options->request = (enum mw_launch_request)row->value;
		return MW_EXIT_OK;
	}
	return MW_EXIT_OK;
}

static int argument_kind(const struct option_row *row)
{
	if (row->argument == NULL)
		return no_argument;
	return row->argument[0] == '[' ? optional_argument : required_argument;
}

/* '+': stop at the first non-option. ':': tell a missing argument from an unknown option. */
static void make_getopt_arrays(char *letters, struct option *names)
{
	*letters++ = '+';
	*letters++ = ':';
	for (size_t i = 0; i < N_ROWS; i++) {
		names[i] = (struct option){ table[i].name, argument_kind(&table[i]), NULL,
			ROW_BASE + (int)i };
		if (table[i].letter == 0)
			continue;
		*letters++ = table[i].letter;
		if (table[i].argument != NULL)
			*letters++ = ':';
	}
	*letters = '\0';
	names[N_ROWS] = (struct option){ 0 };
}

static const struct option_row *find_row(int code)
{
	if (code >= ROW_BASE)
		return &table[code - ROW_BASE];
	for (size_t i = 0; i < N_ROWS; i++) {
		if (table[i].letter != 0 && table[i].letter == code)
			return &table[i];
	}
	return NULL;
}

/* getopt leaves the culprit in optopt (a letter, or a known name) or in the word it just read. */
static int complain(int code, char **argv, struct mw_failure *failure)
{
	const struct option_row *row = find_row(optopt);
	if (code == ':' && row != NULL)
		return mw_failure_set(
			MW_EXIT_USAGE, failure, "--%s needs %s", row->name, row->argument);
	if (row != NULL)
		return mw_failure_set(MW_EXIT_USAGE, failure, "--%s takes no argument", row->name);
	if (optopt != 0)
		return mw_failure_set(MW_EXIT_USAGE, failure, "unknown option '-%c'", optopt);
	return mw_failure_set(
		MW_EXIT_USAGE, failure, "unknown or ambiguous option '%s'", argv[optind - 1]);
}

/* A file or stream that only the report at the end can write. */
static bool has_output(const struct mw_launch_options *options)
{
	return options->report_path || options->is_json || options->html_path ||
	       options->csv_path || options->timeline_path || options->is_mprof;
}

/* Options that exclude each other. */
static int check_together(const struct mw_launch_options *options, struct mw_failure *failure)
{
	if (options->is_libunwind && options->check_unwinder)
		return mw_failure_set(MW_EXIT_USAGE, failure,
			"--check-unwinder: libunwind cannot be compared with itself");
	if (!options->has_stacks && options->check_unwinder)
		return mw_failure_set(MW_EXIT_USAGE, failure,
			"--check-unwinder: there are no stacks to compare with --stacks=off");
	if (!options->has_stacks && options->sample_bytes)
		return mw_failure_set(MW_EXIT_USAGE, failure,
			"--sample: there are no stacks to sample with --stacks=off");
	if (!options->is_report && has_output(options))
		return mw_failure_set(MW_EXIT_USAGE, failure,
			"--no-report: what is to be written is written by memwatch-report then");
	return MW_EXIT_OK;
}

int mw_launch_options_parse(int argc, char **argv, struct mw_launch_options *options_out,
	struct mw_failure *failure_out)
{
	char letters[2 * N_ROWS + 3];
	struct option names[N_ROWS + 1];
	make_getopt_arrays(letters, names);
	*options_out = defaults;
	opterr = 0;
	optind = 0; /* glibc: start anew */
	for (int code; (code = getopt_long(argc, argv, letters, names, NULL)) != -1;) {
		if (code == '?' || code == ':')
			return complain(code, argv, failure_out);
		int status = apply(find_row(code), optarg, options_out, failure_out);
		if (status != MW_EXIT_OK)
			return status;
		if (options_out->request != MW_LAUNCH_REQUEST_RUN)
			return MW_EXIT_OK;
	}
	int status = check_together(options_out, failure_out);
	if (status != MW_EXIT_OK)
		return status;
	if (options_out->is_kill_on_limit && options_out->max_total_rss_bytes == 0 &&
		options_out->max_process_rss_bytes == 0)
		return mw_failure_set(MW_EXIT_USAGE, failure_out,
			"--kill-on-limit needs --max-total-rss or --max-process-rss");
	options_out->command = argv + optind;
	if (optind >= argc)
		return mw_failure_set(MW_EXIT_USAGE, failure_out, "no command given; see --help");
	return MW_EXIT_OK;
}

void mw_launch_options_print_help(FILE *stream)
{
	fputs("Usage: memwatch-preload [options] [--] command [argument...]\n"
	      "       memwatch-preload mark begin|end|instant NAME  (in a script of the job)\n\n"
	      "Runs the command and tells which lines of which programs held the memory of\n"
	      "everything it started.\n\n",
		stream);
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *row = &table[i];
		char left[64];
		const char *joint = row->argument == NULL || row->argument[0] == '[' ? "" : "=";
		int n = row->letter ? snprintf(left, sizeof(left), "-%c, ", row->letter)
				    : snprintf(left, sizeof(left), "    ");
		snprintf(left + n, sizeof(left) - (size_t)n, "--%s%s%s", row->name, joint,
			row->argument ? row->argument : "");
		if (strlen(left) <= 22)
			fprintf(stream, "  %-22s  %s\n", left, row->help);
		else
			fprintf(stream, "  %s\n  %-22s  %s\n", left, "", row->help);
	}
	fputs("\nExit status: the command's own, 128+N if signal N ended it, 127 not found,\n"
	      "126 not executable, 125 if memwatch-preload itself failed, 2 wrong usage;\n"
	      "10 if --max-total-rss was passed, 11 if --max-process-rss was.\n",
		stream);
}
