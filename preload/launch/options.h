/* SPDX: no licence chosen yet, see README */
/*
 * options.h - the launcher's command line. Hosted; before hook. One table drives parsing and
 * help; the run's own options travel to the zone in the dump's control page.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "preload/launch/failure.h"

enum mw_launch_color {
	MW_LAUNCH_COLOR_AUTO = 0,
	MW_LAUNCH_COLOR_ALWAYS = 1,
	MW_LAUNCH_COLOR_NEVER = 2,
};

/* As enum mw_report_format. */
enum mw_launch_format {
	MW_LAUNCH_FORMAT_REPORT = 0,
	MW_LAUNCH_FORMAT_MEMWATCH = 1,
	MW_LAUNCH_FORMAT_SEED = 2,
};

/* As enum mw_report_task_lines. */
enum mw_launch_task_lines {
	MW_LAUNCH_TASK_LINES_NONE = 0,
	MW_LAUNCH_TASK_LINES_OLD = 1,
	MW_LAUNCH_TASK_LINES_NEW = 2,
};

enum mw_launch_request {
	MW_LAUNCH_REQUEST_RUN = 0,
	MW_LAUNCH_REQUEST_HELP = 1,
	MW_LAUNCH_REQUEST_VERSION = 2,
};

/* Strings are borrowed from argv. */
struct mw_launch_options {
	enum mw_launch_request request;
	char **command;			      /* NULL terminated, at least one; RUN only */
	const char *report_path;	      /* NULL = stderr */
	const char *run_dir;		      /* NULL = default name */
	const char *json_path;		      /* NULL = stdout; counts only with is_json */
	const char *html_path;		      /* NULL = none */
	const char *csv_path, *timeline_path; /* NULL = none */
	const char *mprof_path;	       /* NULL = mprof's own name; counts only with is_mprof */
	const char *include, *exclude; /* patterns for command lines, NULL = none */
	const char *function;	       /* pattern for names, NULL = none */
	const char *annotate;	       /* source file to show instead of the report, NULL = none */
	const char *process, *module;  /* patterns of what is shown, NULL = all */
	const char *task;	       /* pattern for names of tasks, NULL = none */
	int interval_ms;	       /* of the sampler */
	int n_top;		       /* lines of a table */
	int precision;		       /* digits after the point */
	int max_frames;		       /* of a stack */
	int check_unwinder;	       /* compare every n-th stack with libunwind's; 0 = none */
	bool is_libunwind;	       /* stacks by libunwind instead of our own rules */
	bool has_stacks;	       /* false: totals only */
	int64_t sample_bytes; /* one stack for so many bytes of heap allocations; 0 = all */
	int64_t max_total_rss_bytes, max_process_rss_bytes; /* 0 = no limit */
	bool is_kill_on_limit;
	int width;		/* columns of the report; 0 = the terminal's */
	const char *debug_path; /* colon list of directories of debug files; NULL = default */
	bool has_no_source;	/* do not read source files */
	enum mw_launch_color color;
	enum mw_launch_format format;
	enum mw_launch_task_lines task_lines;
	bool is_wide; /* more columns in line tables */
	bool is_json;
	bool is_mprof;
	bool is_silent;	     /* the command writes into /dev/null */
	bool is_full_report; /* @profile tables and the stacks of frees; else peaks only */
	bool is_quiet;	     /* neither report nor note on stderr */
	bool is_wait_all;    /* the run ends with its last process, not with the root */
	bool is_report;	     /* false: keep the directory, render nothing */
};

/**
 * mw_launch_options_parse() - read the command line
 * @options_out: filled with defaults first; on failure half filled
 * @failure_out: on failure one line that names the culprit
 *
 * Options end at "--" or at the first word that is none.
 * Return: MW_EXIT_OK, or MW_EXIT_USAGE.
 */
int mw_launch_options_parse(int argc, char **argv, struct mw_launch_options *options_out,
	struct mw_failure *failure_out);

/** mw_launch_options_print_help() - usage, from the same table */
void mw_launch_options_print_help(FILE *stream);
