/* SPDX: no licence chosen yet, see README */
/*
 * cmd_diff.c - memwatch-report diff: options, two ledgers (from run directories or baseline
 * files), then what was asked for: text, JSON, a budget's verdict.
 */
#include "report/commands/cmd_diff.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/commands/missing_pages.h"
#include "report/compare/budget.h"
#include "report/compare/diff.h"
#include "report/ingest/file.h"
#include "report/model/notes.h"

#define MAX_FILE_BYTES (256 << 20)

enum { GOOD = 0, DIFFERENT = 1, FAILED = 2 };
enum {
	OPTION_BUDGET = 256,
	OPTION_JUNIT,
	OPTION_GITHUB,
	OPTION_JSON,
	OPTION_EXIT_CODE,
	OPTION_DEBUG_PATH
};

struct command {
	struct mw_diff_options diff;
	const char *budget_path, *junit_path, *json_path, *debug_path;
	bool has_github, has_exit_code, is_quiet;
	bool is_partial; /* something of a run is missing, and that was said */
	struct mw_ledger ledgers[2];
	struct mw_matches matches;
	struct mw_budget budget;
};

static const struct option long_options[] = {
	{ "value", required_argument, NULL, 'v' },
	{ "by", required_argument, NULL, 'b' },
	{ "top", required_argument, NULL, 'n' },
	{ "json", optional_argument, NULL, OPTION_JSON },
	{ "budget", required_argument, NULL, OPTION_BUDGET },
	{ "junit", required_argument, NULL, OPTION_JUNIT },
	{ "github", no_argument, NULL, OPTION_GITHUB },
	{ "exit-code", no_argument, NULL, OPTION_EXIT_CODE },
	{ "debug-path", required_argument, NULL, OPTION_DEBUG_PATH },
	{ "quiet", no_argument, NULL, 'q' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"Usage: memwatch-report diff [options] BEFORE AFTER\n"
	"       memwatch-report diff --budget=FILE [options] [BEFORE] AFTER\n"
	"Show what changed between two runs, largest change first. BEFORE and AFTER are run\n"
	"directories, or baseline files made by memwatch-report --export baseline:FILE DIR.\n\n"
	"  -v, --value=at-peak|peak|leaked|total|count\n"
	"                       what is compared (default: at-peak)\n"
	"  -b, --by=line|function\n"
	"                       rows (default: line)\n"
	"  -n, --top=N          rows of a table; 0 = all (default 20)\n"
	"      --json[=FILE]    every row that changed, as JSON; without FILE: instead of text\n"
	"      --budget=FILE    hold AFTER against these limits; exit status 1 when one is broken\n"
	"      --junit=FILE     the budget's outcome as JUnit XML\n"
	"      --github         the same as annotations of GitHub Actions (default in a job "
	"there)\n"
	"      --exit-code      exit status 1 when --value differs anywhere\n"
	"      --debug-path=DIRS  separate debug files (default /usr/lib/debug)\n"
	"  -q, --quiet          no tables\n"
	"  -h, --help           show this help\n\n"
	"A budget file has a rule a line: KIND [NAME] VALUE LIMIT. KIND is tree, process, "
	"function,\n"
	"line (NAME is FILE:FUNCTION or FILE:LINE) or task; NAME a shell pattern; LIMIT a size "
	"like\n"
	"64M, or over BEFORE: +64M, +10%.\n\n"
	"Exit status: 0 good; 1 over budget, different with --exit-code, or something is missing\n"
	"from a run; 2 bad usage or input.\n";

static int complain(const char *what)
{
	fprintf(stderr, "memwatch-report: %s\n", what);
	return -EINVAL;
}

static int complain_of(const char *name, const char *what)
{
	fprintf(stderr, "memwatch-report: %s: %s\n", name, what);
	return -EINVAL;
}

static void on_bad_directory(void *context, const struct mw_diag *diag)
{
	(void)context;
	complain(diag->text);
}

/* What is missing from a run is in no row; its numbers stand for less than they say. */
static int tell_what_is_missing(struct command *command, struct mw_view *view)
{
	int error = mw_notes_collect(&view->notes, &view->profile);
	for (size_t i = 0; i < view->notes.texts.n; i++)
		complain(view->notes.texts.items[i]);
	command->is_partial |= view->notes.texts.n > 0;
	mw_notes_deinit(&view->notes);
	return error;
}

static int load_directory(struct command *command, int side)
{
	struct mw_view view = { .wants_source = true };
	const char *path = command->diff.names[side];
	int error = mw_profile_open(&view.profile, &path, 1, on_bad_directory, NULL);
	if (!error && view.profile.runs.n == 0)
		error = -ENOENT; /* said already */
	if (!error)
		error = mw_profile_resolve(&view.profile, command->debug_path, NULL, NULL);
	if (!error)
		error = mw_profile_aggregate(&view.profile);
	if (!error)
		error = mw_processes_build(&view.profile, &view.processes);
	if (!error)
		error = mw_tasks_build(&view.profile, &view.processes, NULL, &view.tasks);
	if (!error)
		error = mw_ledger_build(&command->ledgers[side], &view);
	if (!error)
		error = tell_what_is_missing(command, &view);
	if (error == -ENOMEM)
		complain_of(path, "out of memory");
	mw_tasks_deinit(&view.tasks);
	mw_processes_deinit(&view.processes);
	mw_profile_deinit(&view.profile);
	return error;
}

/* A whole file, NUL-terminated, owned by the caller; NULL when said why not. */
static char *read_file(const char *path, size_t *n_bytes_out)
{
	struct stat status;
	int fd = mw_file_open(path, 0, &status);
	char *text = NULL;
	if (fd < 0 && fd != -EINVAL)
		complain_of(path, strerror(-fd));
	else if (fd < 0 || status.st_size > MAX_FILE_BYTES)
		complain_of(path, "not a regular file of at most 256 MiB");
	else if (!(text = mw_file_read(fd, (size_t)status.st_size, n_bytes_out)))
		complain_of(path, "out of memory");
	if (fd >= 0)
		close(fd);
	return text;
}

static int load_baseline(struct mw_ledger *ledger, const char *path)
{
	struct mw_diag diag = { "" };
	size_t n_bytes = 0;
	char *text = read_file(path, &n_bytes);
	if (!text)
		return -EINVAL;
	int error = mw_ledger_read(ledger, path, text, n_bytes, &diag);
	free(text);
	return error ? complain(diag.text) : 0;
}

static bool is_dump(const char *path)
{
	const char *slash = strrchr(path, '/');
	return strcmp(slash ? slash + 1 : path, MWD_FILE_NAME) == 0;
}

static int load(struct command *command, int side)
{
	const char *path = command->diff.names[side];
	struct stat status;
	if (!path)
		return 0; /* no baseline */
	if (stat(path, &status) != 0)
		return complain_of(path, strerror(errno));
	return S_ISDIR(status.st_mode) || is_dump(path)
		       ? load_directory(command, side)
		       : load_baseline(&command->ledgers[side], path);
}

static int find_word(
	const char *option, const char *word, const char *const *names, size_t n, unsigned *out)
{
	for (*out = 0; *out < n; ++*out)
		if (strcmp(names[*out], word) == 0)
			return 0;
	fprintf(stderr, "memwatch-report: --%s: %s: unknown, see diff --help\n", option, word);
	return -EINVAL;
}

static int parse_top(const char *word, unsigned *out)
{
	char *end;
	unsigned long number = strtoul(word, &end, 10);
	if (end == word || *end || word[0] == '-' || number > 1000000000)
		return complain_of(word, "--top: not a number from 0 to 1000000000");
	*out = number ? (unsigned)number : UINT_MAX;
	return 0;
}

static int take_option(struct command *command, int letter)
{
	unsigned found = 0;
	int error = 0;
	switch (letter) {
	case 'v':
		error = find_word(
			"value", optarg, mw_ledger_value_names, MW_LEDGER_N_VALUES, &found);
		command->diff.value = found;
		return error;
	case 'b':
		error = find_word("by", optarg, mw_ledger_kind_names, MW_LEDGER_N_KINDS, &found);
		command->diff.by = found;
		if (!error && found < MW_LEDGER_FUNCTION)
			error = complain_of(optarg, "--by: give line or function");
		return error;
	case 'n':
		return parse_top(optarg, &command->diff.top);
	case OPTION_JSON:
		command->json_path = optarg ? optarg : "-";
		return 0;
	case OPTION_BUDGET:
		command->budget_path = optarg;
		return 0;
	case OPTION_JUNIT:
		command->junit_path = optarg;
		return 0;
	case OPTION_GITHUB:
		command->has_github = true;
		return 0;
	case OPTION_EXIT_CODE:
		command->has_exit_code = true;
		return 0;
	case OPTION_DEBUG_PATH:
		command->debug_path = optarg;
		return 0;
	case 'q':
		command->is_quiet = true;
		return 0;
	default:
		return -EINVAL; /* getopt has said why */
	}
}

static int take_operands(struct command *command, int n, char **operands)
{
	if (n == 2) {
		command->diff.names[MW_BEFORE] = operands[0];
		command->diff.names[MW_AFTER] = operands[1];
		return 0;
	}
	if (n == 1 && command->budget_path) {
		command->diff.names[MW_AFTER] = operands[0];
		return 0;
	}
	return complain("diff: give BEFORE and AFTER (with --budget, AFTER alone will do)");
}

static int load_budget(struct command *command)
{
	struct mw_diag diag = { "" };
	size_t n_bytes = 0;
	if (!command->budget_path) {
		return command->junit_path ? complain("--junit: only with --budget") : 0;
	}
	char *text = read_file(command->budget_path, &n_bytes);
	if (!text)
		return -EINVAL;
	if (mw_budget_parse(&command->budget, command->budget_path, text, &diag) != 0)
		return complain(diag.text[0] ? diag.text : "out of memory");
	if (!command->diff.names[MW_BEFORE] && mw_budget_needs_baseline(&command->budget))
		return complain_of(
			command->budget_path, "has limits over a baseline: give BEFORE, too");
	return 0;
}

static int write_file(const char *path, const struct command *command,
	int (*write)(FILE *out, const struct command *command))
{
	FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
	int error = out ? write(out, command) : -errno;
	if (out && (out == stdout ? fflush(out) : fclose(out)) != 0 && !error)
		error = -errno;
	return error ? complain_of(path, strerror(-error)) : 0;
}

static int write_json(FILE *out, const struct command *command)
{
	return mw_diff_write_json(out, &command->matches, &command->diff);
}

static int write_junit(FILE *out, const struct command *command)
{
	return mw_budget_write_junit(out, &command->budget);
}

static void print_tables(const struct command *command)
{
	struct mw_text text = { .out = stdout, .width = 100, .precision = 1 };
	const char *no_color = getenv("NO_COLOR");
	text.has_color = isatty(STDOUT_FILENO) && !(no_color && *no_color);
	mw_diff_render(&text, &command->matches, &command->diff);
}

static int judge(struct command *command)
{
	int error = mw_budget_check(&command->budget, &command->matches);
	if (error)
		return complain("out of memory");
	mw_budget_print(stderr, &command->budget);
	const char *in_github = getenv("GITHUB_ACTIONS");
	if (command->has_github || (in_github && strcmp(in_github, "true") == 0))
		mw_budget_print_annotations(stdout, &command->budget);
	return command->junit_path ? write_file(command->junit_path, command, write_junit) : 0;
}

static int compare(struct command *command)
{
	bool is_json_out = command->json_path && strcmp(command->json_path, "-") == 0;
	int error = load_budget(command);
	for (int side = MW_BEFORE; !error && side <= MW_AFTER; side++)
		error = load(command, side);
	if (error)
		return error;
	if (mw_match_ledgers(&command->matches, &command->ledgers[MW_BEFORE],
		    &command->ledgers[MW_AFTER]) != 0)
		return complain("out of memory");
	if (!command->is_quiet && !is_json_out && command->diff.names[MW_BEFORE])
		print_tables(command);
	if (command->json_path)
		error = write_file(command->json_path, command, write_json);
	if (!error && command->budget_path)
		error = judge(command);
	if (!error && mw_missing_pages() > 0) {
		complain("files became shorter while they were read: what is gone counts as zero");
		command->is_partial = true;
	}
	if (!error && (fflush(stdout) != 0 || ferror(stdout)))
		error = complain_of("output", strerror(errno));
	return error;
}

static int verdict(const struct command *command)
{
	bool is_different = mw_diff_count(&command->matches, command->diff.by, command->diff.value);
	return command->budget.breaches.n > 0 || command->is_partial ||
			       (command->has_exit_code && is_different)
		       ? DIFFERENT
		       : GOOD;
}

int mw_cmd_diff(int argc, char **argv)
{
	struct command command = {
		.diff = { .value = MW_LEDGER_AT_PEAK, .by = MW_LEDGER_LINE, .top = 20 }
	};
	int error = 0;
	char name[] = "memwatch-report"; /* getopt's messages begin with it */
	argv[0] = name;
	for (int letter; !error && (letter = getopt_long(
					    argc, argv, "v:b:n:qh", long_options, NULL)) != -1;) {
		if (letter == 'h') {
			fputs(help, stdout);
			return GOOD;
		}
		error = take_option(&command, letter);
	}
	if (!error)
		error = take_operands(&command, argc - optind, argv + optind);
	if (!error)
		error = compare(&command);
	int status = error ? FAILED : verdict(&command);
	mw_budget_deinit(&command.budget);
	mw_matches_deinit(&command.matches);
	mw_ledger_deinit(&command.ledgers[MW_BEFORE]);
	mw_ledger_deinit(&command.ledgers[MW_AFTER]);
	return status;
}
