/* SPDX: no licence chosen yet, see README */
/* lab_common.c - what the programs of the workload lab share. See lab_common.h. */
#include "workloads/lab/lab_common.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAFE_DURATION_SEC 300
#define SAFE_WORKERS 512

struct lab_options lab_options = { .duration_sec = 20, .workers = 4, .document = 12345 };

static const struct lab_flag common_flags[] = {
	{ "--duration-sec", LAB_INT, &lab_options.duration_sec, 1, 3600, "seconds to run" },
	{ "--workers", LAB_INT, &lab_options.workers, 1, 4096, "children of a tick" },
	{ "--document", LAB_U64, &lab_options.document, 0, 0, "seed of what is random" },
	{ "--seed", LAB_U64, &lab_options.document, 0, 0, "same as --document" },
	{ "--json", LAB_SWITCH, &lab_options.is_json, 0, 0, "result as one line of JSON" },
	{ "--unsafe-allow-long", LAB_SWITCH, &lab_options.is_long_allowed, 0, 0,
		"allow more than 300 seconds or 512 workers" },
	{ 0 },
};

static int64_t start_ns, stop_ns;
static volatile sig_atomic_t is_stop_asked;

void lab_usage_error(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(LAB_USAGE);
}

void lab_die(const char *what)
{
	perror(what);
	exit(LAB_FAILED);
}

static void show_flags(const struct lab_flag *flag)
{
	for (; flag->name != NULL; flag++) {
		fprintf(stderr, "  %-26s %s", flag->name, flag->help);
		if (flag->kind == LAB_INT)
			fprintf(stderr, " [%d,%d], default %d", flag->minimum, flag->maximum,
				*(int *)flag->value);
		fputc('\n', stderr);
	}
}

static _Noreturn void show_usage(const char *program, const struct lab_flag *const *lists)
{
	fprintf(stderr, "usage: %s [options]\n", program);
	show_flags(common_flags);
	for (; *lists != NULL; lists++)
		show_flags(*lists);
	fprintf(stderr, "  %-26s %s\n", "--help", "this text");
	exit(0);
}

static void set_int(const struct lab_flag *flag, const char *text)
{
	char *end;
	errno = 0;
	long value = strtol(text, &end, 10);
	if (end == text || *end != '\0')
		lab_usage_error("invalid integer for %s: %s", flag->name, text);
	if (errno == ERANGE || value < flag->minimum || value > flag->maximum)
		lab_usage_error("%s out of range [%d,%d]: %s", flag->name, flag->minimum,
			flag->maximum, text);
	*(int *)flag->value = (int)value;
}

static void set_u64(const struct lab_flag *flag, const char *text)
{
	char *end;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 0);
	if (end == text || *end != '\0' || errno == ERANGE || strchr(text, '-') != NULL)
		lab_usage_error("invalid uint64 for %s: %s", flag->name, text);
	*(uint64_t *)flag->value = value;
}

static const struct lab_flag *find_flag(
	const char *name, const struct lab_flag *common, const struct lab_flag *const *lists)
{
	for (const struct lab_flag *flag = common; flag->name != NULL; flag++) {
		if (strcmp(flag->name, name) == 0)
			return flag;
	}
	return *lists != NULL ? find_flag(name, *lists, lists + 1) : NULL;
}

static void check_caps(void)
{
	if (lab_options.is_long_allowed)
		return;
	if (lab_options.duration_sec > SAFE_DURATION_SEC)
		lab_usage_error("duration %d exceeds safe max %d; pass --unsafe-allow-long to "
				"override",
			lab_options.duration_sec, SAFE_DURATION_SEC);
	if (lab_options.workers > SAFE_WORKERS)
		lab_usage_error("workers %d exceeds safe max %d; pass --unsafe-allow-long to "
				"override",
			lab_options.workers, SAFE_WORKERS);
}

void lab_parse(int argc, char **argv, const char *program, const struct lab_flag *const *lists)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			show_usage(program, lists);
		const struct lab_flag *flag = find_flag(argv[i], common_flags, lists);
		if (flag == NULL)
			lab_usage_error("unknown arg: %s", argv[i]);
		if (flag->kind == LAB_SWITCH) {
			*(bool *)flag->value = true;
			continue;
		}
		if (++i == argc)
			lab_usage_error("missing value for %s", flag->name);
		if (flag->kind == LAB_INT)
			set_int(flag, argv[i]);
		else if (flag->kind == LAB_U64)
			set_u64(flag, argv[i]);
		else
			*(const char **)flag->value = argv[i];
	}
	check_caps();
}

int64_t lab_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * LAB_NS_PER_S + now.tv_nsec;
}

void lab_sleep_ns(int64_t ns)
{
	struct timespec rest = { ns / LAB_NS_PER_S, ns % LAB_NS_PER_S };
	nanosleep(&rest, NULL);
}

void lab_start(void)
{
	start_ns = lab_now_ns();
}

void lab_stop(void)
{
	stop_ns = lab_now_ns();
}

bool lab_is_over(void)
{
	return is_stop_asked || lab_now_ns() - start_ns >= lab_options.duration_sec * LAB_NS_PER_S;
}

static void ask_stop(int signal)
{
	(void)signal;
	is_stop_asked = 1;
}

void lab_fork_prepare(void)
{
	rlim_t most = 32 * (rlim_t)lab_options.workers;
	if (most < 4096)
		most = 4096;
	struct rlimit limit = { most, most };
	if (setrlimit(RLIMIT_NPROC, &limit) != 0)
		perror("setrlimit(RLIMIT_NPROC)");
	struct sigaction action = { .sa_handler = ask_stop };
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void fork_one(void (*child)(void))
{
	pid_t pid = fork();
	if (pid < 0)
		lab_die("fork");
	if (pid > 0)
		return;
	child();
	_exit(0);
}

static void wait_one(void)
{
	while (wait(NULL) < 0) {
		if (errno != EINTR)
			lab_die("wait");
	}
}

unsigned lab_fork_all(int rate, bool is_concurrent, void (*child)(void))
{
	unsigned n_forks = 0;
	while (!lab_is_over()) {
		int n_alive = 0;
		for (int i = 0; i < lab_options.workers && !lab_is_over(); i++) {
			fork_one(child);
			n_forks++;
			if (is_concurrent)
				n_alive++;
			else
				wait_one();
		}
		while (n_alive-- > 0)
			wait_one();
		if (!lab_is_over())
			lab_sleep_ns(LAB_NS_PER_S / rate);
	}
	return n_forks;
}

/* Before a field: what parts it from the one before, and its name. */
static void begin_field(const char *key)
{
	printf(lab_options.is_json ? ",\"%s\":" : " %s=", key);
}

void lab_line_begin(const char *workload)
{
	printf(lab_options.is_json ? "{\"workload\":\"%s\"" : "%s", workload);
}

void lab_line_int(const char *key, uint64_t value)
{
	begin_field(key);
	printf("%llu", (unsigned long long)value);
}

void lab_line_bool(const char *key, bool value)
{
	begin_field(key);
	fputs(lab_options.is_json ? (value ? "true" : "false") : (value ? "1" : "0"), stdout);
}

void lab_line_text(const char *key, const char *value)
{
	begin_field(key);
	printf(lab_options.is_json ? "\"%s\"" : "%s", value);
}

void lab_line_elapsed(void)
{
	begin_field("elapsed_ms");
	printf(lab_options.is_json ? "%.6f" : "%.3f", (double)(stop_ns - start_ns) / LAB_NS_PER_MS);
}

void lab_line_end(void)
{
	puts(lab_options.is_json ? "}" : "");
	if (fflush(stdout) != 0)
		lab_die("stdout");
}
