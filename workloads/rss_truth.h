/* SPDX: no licence chosen yet, see README */
/*
 * rss_truth.h - a process that knows its own RSS, as the kernel tells it: the oracle for the peaks
 * in the report. Known input for the profiler; no part of it.
 *
 * Reading must not raise what is read: system calls only, memory that is there already.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* What one process says of itself; small enough for one write() to a pipe. */
struct rss_truth {
	int32_t pid;
	int32_t index;	       /* which child of its parent */
	int64_t held_kib;      /* VmRSS while it held all its memory */
	int64_t vm_hwm_kib;    /* VmHWM at its very end */
	int64_t held_until_ns; /* CLOCK_MONOTONIC; 0 = not told */
	int64_t alive_us; /* from its first to its last moment, on a machine that may be busy */
};

/** rss_truth_kib() - a line of /proc/self/status such as "VmHWM:", with colon. KiB, -1 = none. */
int64_t rss_truth_kib(const char *key);

/** rss_truth_hold() - map @mib MiB and write to each page. Exits 99 without memory. */
void *rss_truth_hold(int64_t mib);

/** rss_truth_drop() - unmap what rss_truth_hold() gave */
void rss_truth_drop(void *memory, int64_t mib);

/**
 * rss_truth_append() - {"who":...,"pid":...,"vm_hwm_kib":...} to the file that TRUTH_FILE names
 *
 * One write at the file's end, so that several processes may. Without TRUTH_FILE: stdout. The pid
 * is the one that the /proc shows whose descriptor PROC_FD names, if it is set.
 */
void rss_truth_append(const char *who);

/** rss_truth_print() - as an element of a JSON array, to stdout */
void rss_truth_print(const struct rss_truth *truth, int is_first);

/** rss_truth_now_ns() - CLOCK_MONOTONIC */
int64_t rss_truth_now_ns(void);

/** rss_truth_sleep_until() - through signals */
void rss_truth_sleep_until(int64_t monotonic_ns);

/** rss_truth_transfer() - all of @bytes through a pipe, to (@is_write) or from @fd; else exit 99 */
void rss_truth_transfer(int fd, void *bytes, size_t n_bytes, int is_write);

/** rss_truth_arguments() - argv's numbers over the defaults in @values; exit 64 at anything else */
void rss_truth_arguments(int argc, char **argv, const char *names, int64_t *values, int n_values);
