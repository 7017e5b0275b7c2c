/* SPDX: no licence chosen yet, see README */
/*
 * report.h - the whole report as one call: what memwatch-report's main does after parsing its
 * options, and what the launcher does at the end of a run. Hosted code.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define MW_REPORT_PROFILING_VARIABLE "COMPSS_PROFILING_FILE"

enum mw_report_color {
	MW_REPORT_COLOR_AUTO = 0, /* when the output is a terminal and NO_COLOR is not set */
	MW_REPORT_COLOR_ALWAYS,
	MW_REPORT_COLOR_NEVER,
};

/* What the text report looks like. */
enum mw_report_format {
	MW_REPORT_FORMAT_REPORT = 0, /* ours */
	MW_REPORT_FORMAT_MEMWATCH,   /* memwatch's summary of RSS */
	MW_REPORT_FORMAT_SEED,	     /* the same in its oldest layout */
};

/* One line a task instead of the report, for COMPSs. */
enum mw_report_task_lines {
	MW_REPORT_TASK_LINES_NONE = 0,
	MW_REPORT_TASK_LINES_OLD, /* file function peak MiB */
	MW_REPORT_TASK_LINES_NEW, /* start job file function elapsed initial final peak MiB */
};

/* mw_report_run()'s return value, and the program's exit status. */
enum mw_report_status {
	MW_REPORT_GOOD = 0,
	MW_REPORT_PARTIAL = 1, /* something is missing; the report says what */
	MW_REPORT_FAILED = 2,  /* bad options, nothing usable, output not written */
};

#define MW_REPORT_MAX_EXPORTS 16

struct mw_report_options {
	const char *const *directories; /* run directories, merged into one report */
	size_t n_directories;
	const char *function_regex; /* PCRE2; NULL = choose functions */
	const char *task_regex;	    /* PCRE2; NULL = regions and marks only, all of them */
	unsigned top;		    /* rows of long tables; 0 = all */
	unsigned precision;	    /* decimals of MiB in @profile tables and peak lines */
	const char *by;		    /* --by: one table instead of the report; NULL = none */
	const char *annotate;	    /* --annotate: one source file instead; NULL = none */
	const char *fields, *sort;  /* of that table; NULL = the usual */
	bool is_peak_only;	    /* --full-report=no */
	bool is_leaks_only;	    /* --leaks */
	const char *callers_regex;  /* PCRE2; NULL = no --callers */
	enum mw_report_task_lines task_lines;
	const char *job_name;  /* in the new ones; NULL = master */
	const char *json_path; /* NULL = no JSON; "-" = @json_output instead of text */
	const char *html_path; /* NULL = no page; "-" = @json_output */
	enum mw_report_format format;
	const char *csv_path;	   /* NULL = none; peaks of processes, memwatch's columns */
	const char *timeline_path; /* NULL = none; samples, memwatch's columns; one run only */
	const char *mprof_path;	   /* NULL = none; "" = mprof's own name; one run only */
	const char *include;	   /* PCRE2: show only processes whose command line matches */
	const char *exclude;	   /* and of these not the ones that match */
	const char *process;	   /* PCRE2: the same, and other processes' heap is one row */
	const char *module;	   /* PCRE2: heap of lines in other modules is one row */
	const char *report_path;   /* where the text goes; NULL = @output */
	enum mw_report_color color;
	unsigned width;		/* columns; 0 = the terminal's, 80 if there is none */
	bool has_no_source;	/* do not read source files */
	const char *debug_path; /* as mw_symbolizer_options.debug_path */
	bool is_wide;		/* more columns in @profile tables */
	bool is_quiet;		/* no text report */
	const char *exports[MW_REPORT_MAX_EXPORTS]; /* --export's arguments; borrowed */
	size_t n_exports;
	const char *export_value; /* --value, NULL = at-peak */
	double threshold_pct;	  /* --threshold, of trees */
	bool is_export_per_process;
	const char *program; /* for messages: "memwatch-report" */
	FILE *output;	     /* text; borrowed */
	FILE *json_output;   /* for json_path "-"; borrowed */
};

/** mw_report_has_profiling_file() - COMPSS_PROFILING_FILE names a file to which tables or lines of
 * tasks are appended. */
static inline bool mw_report_has_profiling_file(void)
{
	const char *path = getenv(MW_REPORT_PROFILING_VARIABLE);
	return path && path[0];
}

/** mw_report_options_init() - the defaults: 20 rows, 1 decimal, branches from 1 %, text to stdout.
 */
void mw_report_options_init(struct mw_report_options *options);

/**
 * mw_report_survive_truncation() - from now on, a page of a mapped file that is gone reads as zeros
 *
 * Called once by main: it takes SIGBUS. What is missing then is said by mw_report_run().
 */
void mw_report_survive_truncation(void);

/**
 * mw_report_check() - are the patterns good, and could every file be written?
 *
 * To be asked before the run, which may take hours. Leaves no file behind.
 * @problem_out: filled with one line when the result is not 0
 * Return: 0 or negative errno.
 */
int mw_report_check(
	const struct mw_report_options *options, char *problem_out, size_t problem_bytes);

/**
 * mw_report_run() - read, merge, symbolize, render
 *
 * Problems go to stderr, one line each: "<program>: <file>: <what>".
 * Context: hosted; one thread; starts threads of its own for symbols.
 * Return: enum mw_report_status.
 */
int mw_report_run(const struct mw_report_options *options);
