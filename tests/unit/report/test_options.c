/* SPDX: no licence chosen yet, see README */
/*
 * test_options.c - the option table: each way to write an option, and complaints that name it.
 */
#include "report/commands/options.h"

#include <stdlib.h>

#include "tests/unit/check.h"

#define MAX_WORDS 16

static struct mw_report_options options;
static struct mw_diag diag;
static char *words[MAX_WORDS];
static char copy[256];

/* @line: words divided by blanks. */
static enum mw_options_outcome parse(const char *line)
{
	int n = 0;
	char *save = NULL;
	diag.text[0] = '\0';
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
		words[n++] = word;
	mw_report_options_init(&options);
	return mw_options_parse(n, words, &options, &diag);
}

static void each_way_to_write_one(void)
{
	CHECK_NUMBER(parse("-n5 --precision 3 a --function=^x -o out --json b"), MW_OPTIONS_RUN);
	CHECK_NUMBER(options.top, 5);
	CHECK_NUMBER(options.precision, 3);
	CHECK_TEXT(options.function_regex, "^x");
	CHECK_TEXT(options.report_path, "out");
	CHECK_TEXT(options.json_path, "-"); /* an optional value stands in the same word only */
	CHECK_NUMBER(options.n_directories, 2);
	CHECK_TEXT(options.directories[1], "b");
	CHECK_NUMBER(parse("--json=f --full-report=no --color=never -- -q"), MW_OPTIONS_RUN);
	CHECK_TEXT(options.json_path, "f");
	CHECK(options.is_peak_only && !options.is_quiet);
	CHECK_NUMBER(options.color, MW_REPORT_COLOR_NEVER);
	CHECK_TEXT(options.directories[0], "-q");
	CHECK_NUMBER(parse("--peak-only --full-report=yes d"), MW_OPTIONS_RUN);
	CHECK(!options.is_peak_only);
	CHECK_NUMBER(
		parse("--csv c --timeline=t --mprof d --include=a|b --exclude c"), MW_OPTIONS_RUN);
	CHECK_TEXT(options.csv_path, "c");
	CHECK_TEXT(options.timeline_path, "t");
	CHECK_TEXT(options.mprof_path, ""); /* a name of mprof's own */
	CHECK_TEXT(options.include, "a|b");
	CHECK_TEXT(options.exclude, "c");
	CHECK_NUMBER(parse("--mprof=m --format=seed d"), MW_OPTIONS_RUN);
	CHECK_TEXT(options.mprof_path, "m");
	CHECK_NUMBER(options.format, MW_REPORT_FORMAT_SEED);
	CHECK_NUMBER(parse("--wide -a x.c --process=p --module m d"), MW_OPTIONS_RUN);
	CHECK(options.is_wide && !options.is_quiet);
	CHECK_TEXT(options.annotate, "x.c");
	CHECK_TEXT(options.process, "p");
	CHECK_TEXT(options.module, "m");
	CHECK_NUMBER(parse("d --help --nonsense"), MW_OPTIONS_HELP);
	CHECK_NUMBER(parse("-V"), MW_OPTIONS_VERSION);
}

static void complains_with(const char *line, const char *complaint)
{
	CHECK_NUMBER(parse(line), MW_OPTIONS_BAD);
	CHECK_TEXT(diag.text, complaint);
}

static void complaints_name_the_option(void)
{
	complains_with("", "no run directory given, see --help");
	complains_with("--nonsense d", "--nonsense: unknown option, see --help");
	complains_with("-x d", "-x: unknown option, see --help");
	complains_with("d --top", "--top: needs N");
	complains_with("--top=-1 d", "--top: -1: not a number from 0 to 1000000000");
	complains_with("--top=5x d", "--top: 5x: not a number from 0 to 1000000000");
	complains_with("--width=10 d", "--width: 10: the tables need 60 columns");
	complains_with("--color=red d", "--color: red: give auto, always or never");
	complains_with("--full-report=maybe d", "--full-report: maybe: give yes or no");
	complains_with("--format=xml d", "--format: xml: give report, memwatch or seed");
	complains_with("--csv", "--csv: needs FILE");
	complains_with("--quiet=1 d", "--quiet=1: --quiet takes no argument");
}

static void help_fits_80_columns_and_has_all(void)
{
	char *bytes = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&bytes, &n);
	mw_options_print_help(out);
	fclose(out);
	for (size_t i = 0; i < mw_report_n_options; i++) {
		snprintf(copy, sizeof(copy), "--%s", mw_report_option_table[i].name);
		CHECK(strstr(bytes, copy) != NULL);
	}
	char *save = NULL;
	for (char *line = strtok_r(bytes, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		CHECK(strlen(line) <= 80);
	free(bytes);
}

int main(void)
{
	each_way_to_write_one();
	complaints_name_the_option();
	help_fits_80_columns_and_has_all();
	return mw_check_tally("report/options");
}
