/* SPDX: no licence chosen yet, see README */
/* test_options.c - the launcher's command line: what is read, and what each complaint names. */
#include <stdarg.h>

#include "preload/launch/options.h"
#include "tests/unit/launch/check.h"

static struct mw_launch_options options;
static struct mw_failure failure;

/* Arguments up to a NULL. */
static int parse(const char *first, ...)
{
	static char *argv[32];
	int argc = 0;
	va_list more;
	argv[argc++] = (char *)"memwatch-preload";
	va_start(more, first);
	for (const char *word = first; word != NULL; word = va_arg(more, const char *))
		argv[argc++] = (char *)word;
	va_end(more);
	argv[argc] = NULL;
	failure.text[0] = '\0';
	return mw_launch_options_parse(argc, argv, &options, &failure);
}

#define CHECK_RUN(...) CHECK_INT(parse(__VA_ARGS__, NULL), MW_EXIT_OK)
#define CHECK_COMPLAINT(complaint, ...)                                                            \
	do {                                                                                       \
		CHECK_INT(parse(__VA_ARGS__, NULL), MW_EXIT_USAGE);                                \
		CHECK_STRING(failure.text, complaint);                                             \
	} while (0)

static void test_defaults(void)
{
	CHECK_RUN("ls", "-l");
	CHECK_STRING(options.command[0], "ls");
	CHECK_STRING(options.command[1], "-l");
	CHECK(options.command[2] == NULL);
	CHECK_INT(options.interval_ms, 20);
	CHECK_INT(options.max_frames, 512);
	CHECK(options.is_full_report && options.is_report);
	CHECK(!options.is_quiet && !options.is_wait_all && !options.is_json);
	CHECK(options.run_dir == NULL && options.report_path == NULL);
}

static void test_forms(void)
{
	CHECK_RUN("-o", "a", "-i7", "--run-dir=d", "--top", "0", "--", "-x");
	CHECK_STRING(options.report_path, "a");
	CHECK_STRING(options.run_dir, "d");
	CHECK_INT(options.interval_ms, 7);
	CHECK_INT(options.n_top, 0);
	CHECK_STRING(options.command[0], "-x");
	CHECK_RUN("--csv=c", "--timeline", "t", "--mprof", "--include", "a", "--exclude=b",
		"--format=memwatch", "--silent", "x");
	CHECK_STRING(options.csv_path, "c");
	CHECK_STRING(options.timeline_path, "t");
	CHECK_STRING(options.include, "a");
	CHECK_STRING(options.exclude, "b");
	CHECK(options.is_mprof && options.mprof_path == NULL && options.is_silent);
	CHECK_INT(options.format, MW_LAUNCH_FORMAT_MEMWATCH);
	CHECK_RUN("--mprof=m", "x");
	CHECK_STRING(options.mprof_path, "m");
	CHECK_RUN("--full-report=no", "x");
	CHECK(!options.is_full_report);
	CHECK_RUN("--peak-only", "x");
	CHECK(!options.is_full_report);
	CHECK_RUN("--peak-only", "--full-report=yes", "x");
	CHECK(options.is_full_report);
	CHECK_RUN("--json", "x");
	CHECK(options.is_json && options.json_path == NULL);
	CHECK_STRING(options.command[0], "x");
	CHECK_RUN("--json=f", "--color=never", "--function=^ma(in|lloc)$", "x");
	CHECK_STRING(options.json_path, "f");
	CHECK_INT(options.color, MW_LAUNCH_COLOR_NEVER);
	CHECK_STRING(options.function, "^ma(in|lloc)$");
	CHECK_RUN("-q", "--no-report", "--wait-all", "x", "-q");
	CHECK(options.is_quiet && !options.is_report && options.is_wait_all);
	CHECK_RUN("x");
	CHECK(!options.is_libunwind && options.check_unwinder == 0);
	CHECK_RUN("--check-unwinder", "x");
	CHECK_INT(options.check_unwinder, 1);
	CHECK_STRING(options.command[0], "x");
	CHECK_RUN("--check-unwinder=100", "--unwinder=rules", "x");
	CHECK(!options.is_libunwind && options.check_unwinder == 100);
	CHECK(options.has_stacks && options.sample_bytes == 0);
	CHECK_RUN("--stacks=off", "x");
	CHECK(!options.has_stacks);
	CHECK_RUN("--stacks=off", "--stacks=on", "--sample", "512K", "x");
	CHECK(options.has_stacks && options.sample_bytes == 512 << 10);
	CHECK_RUN("--sample=1", "x");
	CHECK(options.sample_bytes == 1);
	CHECK_RUN("--sample=3M", "x");
	CHECK(options.sample_bytes == 3 << 20);
	CHECK_RUN("--sample=1024G", "x");
	CHECK(options.sample_bytes == 1ll << 40);
	CHECK_RUN("--unwinder", "libunwind", "x");
	CHECK(options.is_libunwind);
	CHECK_RUN("--help", "--nonsense");
	CHECK_INT(options.request, MW_LAUNCH_REQUEST_HELP);
	CHECK_RUN("-V");
	CHECK_INT(options.request, MW_LAUNCH_REQUEST_VERSION);
}

static void test_complaints(void)
{
	CHECK_INT(parse(NULL), MW_EXIT_USAGE);
	CHECK_STRING(failure.text, "no command given; see --help");
	CHECK_COMPLAINT("no command given; see --help", "--");
	CHECK_COMPLAINT("unknown or ambiguous option '--bogus'", "--bogus", "x");
	CHECK_COMPLAINT("unknown or ambiguous option '--bogus=3'", "--bogus=3", "x");
	CHECK_COMPLAINT("unknown option '-z'", "-qz", "x");
	CHECK_COMPLAINT("--report needs FILE", "-o");
	CHECK_COMPLAINT("--run-dir needs DIR", "--run-dir");
	CHECK_COMPLAINT("--run-dir: empty argument", "--run-dir=", "x");
	CHECK_COMPLAINT("--json: empty argument", "--json=", "x");
	CHECK_COMPLAINT("--quiet takes no argument", "--quiet=yes", "x");
	CHECK_COMPLAINT("--interval: 'abc' is not a number", "-i", "abc", "x");
	CHECK_COMPLAINT("--interval: '5ms' is not a number", "--interval=5ms", "x");
	CHECK_COMPLAINT("--interval: 0 is not in 1..60000", "-i0", "x");
	CHECK_COMPLAINT("--max-frames: 1025 is not in 1..1024", "--max-frames=1025", "x");
	CHECK_COMPLAINT("--top: 99999999999999999999 is not in 0..2147483647",
		"--top=99999999999999999999", "x");
	CHECK_COMPLAINT("--precision: -1 is not in 0..9", "--precision", "-1", "x");
	CHECK_COMPLAINT("--full-report: 'maybe' is not one of yes|no", "--full-report=maybe", "x");
	CHECK_COMPLAINT("--color: 'red' is not one of auto|always|never", "--color=red", "x");
	CHECK_COMPLAINT("--unwinder: 'gdb' is not one of rules|libunwind", "--unwinder=gdb", "x");
	CHECK_COMPLAINT("--unwinder needs rules|libunwind", "--unwinder");
	CHECK_COMPLAINT("--check-unwinder: '5x' is not a number", "--check-unwinder=5x", "x");
	CHECK_COMPLAINT("--check-unwinder: 0 is not in 1..2147483647", "--check-unwinder=0", "x");
	CHECK_COMPLAINT("--check-unwinder: empty argument", "--check-unwinder=", "x");
	CHECK_COMPLAINT("--check-unwinder: libunwind cannot be compared with itself",
		"--check-unwinder", "--unwinder=libunwind", "x");
	CHECK_COMPLAINT("--stacks: 'no' is not one of off|on", "--stacks=no", "x");
	CHECK_COMPLAINT("--sample: there are no stacks to sample with --stacks=off",
		"--sample=512K", "--stacks=off", "x");
	CHECK_COMPLAINT("--check-unwinder: there are no stacks to compare with --stacks=off",
		"--stacks=off", "--check-unwinder", "x");
	CHECK_COMPLAINT("--sample: '1KBi' is not a size such as 4096, 512K, 1.5M or 1G",
		"--sample=1KBi", "x");
	CHECK_COMPLAINT(
		"--sample: '-1' is not a size such as 4096, 512K, 1.5M or 1G", "--sample=-1", "x");
	CHECK_COMPLAINT("--sample: 0 is not in 1..1024T", "--sample=0", "x");
	CHECK_COMPLAINT("--sample: 1025T is not in 1..1024T", "--sample=1025T", "x");
	CHECK_COMPLAINT("--sample: 99999999999999999999 is not in 1..1024T",
		"--sample=99999999999999999999", "x");
	CHECK_COMPLAINT("--format: 'gdb' is not one of report|memwatch|seed", "--format=gdb", "x");
	CHECK_COMPLAINT("--no-report: what is to be written is written by memwatch-report then",
		"--no-report", "--csv=f", "x");
	CHECK_COMPLAINT("unknown or ambiguous option '--x?'", "--x\n", "x");
}

/* Every row of the table is in the help, within 80 columns. */
static void test_help(void)
{
	char text[8192] = "";
	FILE *stream = fmemopen(text, sizeof(text), "w");
	mw_launch_options_print_help(stream);
	fclose(stream);
	CHECK(strstr(text, "-o, --report=FILE") != NULL);
	CHECK(strstr(text, "--json[=FILE]") != NULL);
	CHECK(strstr(text, "--check-unwinder[=N]") != NULL);
	CHECK(strstr(text, "-V, --version") != NULL);
	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
		CHECK(strlen(line) <= 80);
}

int main(void)
{
	test_defaults();
	test_forms();
	test_complaints();
	test_help();
	return n_failed_checks != 0;
}
