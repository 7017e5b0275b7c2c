/* SPDX: no licence chosen yet, see README */
/*
 * options.h - the options of memwatch-report as one table: parsing and --help come from it, bash
 * completion reads --help, and the man page is checked against it (tests/lint/options.py).
 */
#pragma once

#include "report/report.h"
#include "report/util/diag.h"

struct mw_option {
	const char *name;     /* long name without dashes */
	char letter;	      /* 0 = none */
	const char *argument; /* what --help calls it; NULL = takes none */
	bool is_optional;     /* the argument may be left out: --json[=FILE] */
	const char *help;
	/* Of struct mw_report_options: a text to set to the argument, or a bool; 0 = see @apply. */
	size_t field;
	/* 0, or -EINVAL with diag set; value is NULL when there is none; NULL: help and version. */
	int (*apply)(struct mw_report_options *options, const char *value, struct mw_diag *diag);
};

extern const struct mw_option mw_report_option_table[];
extern const size_t mw_report_n_options;

enum mw_options_outcome {
	MW_OPTIONS_RUN,	    /* options_out is complete */
	MW_OPTIONS_HELP,    /* --help */
	MW_OPTIONS_VERSION, /* --version */
	MW_OPTIONS_BAD,	    /* diag says why */
};

/**
 * mw_options_parse() - the command line after the program's name
 * @arguments: permuted so that directories come first; borrowed by @options_out
 */
enum mw_options_outcome mw_options_parse(
	int n, char **arguments, struct mw_report_options *options_out, struct mw_diag *diag);

/** mw_options_print_help() - the text of --help. */
void mw_options_print_help(FILE *out);
