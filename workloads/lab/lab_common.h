/* SPDX: no licence chosen yet, see README */
/*
 * lab_common.h - what the programs of the workload lab share: the command line, the clock, the
 * stop flag, the forking, and the one line of results. Known input for the profiler; no part of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LAB_PAGE_BYTES 4096
#define LAB_NS_PER_S 1000000000LL
#define LAB_NS_PER_MS 1000000LL

/* Exit statuses. */
#define LAB_FAILED 1
#define LAB_USAGE 2

enum lab_flag_kind {
	LAB_INT,    /* int in minimum..maximum */
	LAB_U64,    /* uint64_t, decimal, 0x or 0 */
	LAB_TEXT,   /* const char *, borrowed from argv */
	LAB_SWITCH, /* bool, takes no value */
};

/* One row of a program's command line; a list ends with a row without name. */
struct lab_flag {
	const char *name; /* with its dashes */
	enum lab_flag_kind kind;
	void *value; /* holds the default before */
	int minimum, maximum;
	const char *help;
};

/* The row of the fork workloads' extension. */
#define LAB_CONCURRENT_FLAG(value)                                                                 \
	{                                                                                          \
		"--concurrent", LAB_SWITCH, &(value), 0, 0,                                        \
			"the children of a tick live together (else one at a time)"                \
	}

/* What every program has. */
struct lab_options {
	int duration_sec;
	int workers;
	uint64_t document; /* seed of what is random */
	bool is_json;
	bool is_long_allowed; /* lifts the safe caps of duration and workers */
};

extern struct lab_options lab_options;

/**
 * lab_parse() - read the command line into lab_options and the values of @lists
 * @program: its name, for the usage
 * @lists:   NULL terminated list of lists of flags, the program's own
 *
 * Return: only if all is well. Else one line on stderr and exit 2; --help: usage there and exit 0.
 */
void lab_parse(int argc, char **argv, const char *program, const struct lab_flag *const *lists);

/** lab_usage_error() - one line on stderr, exit 2 */
_Noreturn void lab_usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** lab_die() - perror(@what), exit 1 */
_Noreturn void lab_die(const char *what);

/** lab_now_ns() - CLOCK_MONOTONIC */
int64_t lab_now_ns(void);

/** lab_sleep_ns() - sleep; a signal may end it early */
void lab_sleep_ns(int64_t ns);

/** lab_start() - the duration of lab_options begins now */
void lab_start(void);

/** lab_is_over() - the duration has passed, or SIGINT or SIGTERM came (lab_fork_prepare()) */
bool lab_is_over(void);

/** lab_fork_prepare() - limit the number of processes; SIGINT and SIGTERM end the run cleanly */
void lab_fork_prepare(void);

/**
 * lab_fork_all() - the whole of a fork workload: workers children a tick, @rate ticks a second
 * @is_concurrent: the children of a tick live together; else one at a time
 * @child:         what a child does; it is left by _exit(0) should it return
 *
 * Return: number of children started and waited for.
 */
unsigned lab_fork_all(int rate, bool is_concurrent, void (*child)(void));

/*
 * The line of results: begin, the fields in order, end. As JSON one object without blanks,
 * else "name key=value ...".
 */
void lab_line_begin(const char *workload);
void lab_line_int(const char *key, uint64_t value);
void lab_line_bool(const char *key, bool value);
void lab_line_text(const char *key, const char *value); /* not escaped */
void lab_line_elapsed(void);				/* from lab_start() to lab_stop() */
void lab_line_end(void);

/** lab_stop() - the measured time ends here */
void lab_stop(void);
