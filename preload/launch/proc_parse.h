/* SPDX: no licence chosen yet, see README */
/*
 * proc_parse.h - what /proc/PID files say, from their bytes. Hosted; serves the sampler.
 *
 * Pure: no file is opened here, so tests and fuzzers call the same functions. A text that is
 * cut or strange gives false, and nothing is filled in. Source: proc(5), fs/proc/array.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mw_proc_stat {
	int32_t pid;
	int32_t ppid;
	char name[16];	      /* of the file it executes, cut by the kernel */
	char state;	      /* 'R', 'S', 'Z', ... */
	uint64_t start_ticks; /* since boot, in clock ticks (sysconf(_SC_CLK_TCK)) */
	uint64_t minor_faults, major_faults;
	uint64_t user_ticks, system_ticks; /* of the process, not of its children */
	uint64_t n_threads;
};

struct mw_proc_statm {
	uint64_t size_pages; /* 0 = no address space (zombie, kernel thread) */
	uint64_t resident_pages;
};

/** mw_proc_parse_stat() - /proc/PID/stat; the name in it may hold any byte, even ") R 1" */
bool mw_proc_parse_stat(const char *bytes, size_t n_bytes, struct mw_proc_stat *stat_out);

/** mw_proc_parse_statm() - /proc/PID/statm */
bool mw_proc_parse_statm(const char *bytes, size_t n_bytes, struct mw_proc_statm *statm_out);

/**
 * mw_proc_parse_line() - the number of a "Name:   123 kB" or "name: 123" line, as in
 * /proc/PID/status, /proc/PID/io, smaps_rollup and /proc/meminfo
 * @name: without ':'
 */
bool mw_proc_parse_line(const char *bytes, size_t n_bytes, const char *name, uint64_t *number_out);

/**
 * mw_proc_parse_inner_pid() - the "NSpid:	 4711	12	1" line of /proc/PID/status
 * @pid_out: the last number, by which the process knows itself
 * @n_out: how many: one for each pid namespace from the reader's /proc inwards
 */
bool mw_proc_parse_inner_pid(const char *bytes, size_t n_bytes, int32_t *pid_out, int *n_out);

/** mw_proc_parse_last_pid() - the last word of /proc/loadavg */
bool mw_proc_parse_last_pid(const char *bytes, size_t n_bytes, uint64_t *pid_out);

/** mw_proc_parse_status_mask() - the same of a "Name:	0000000000014002" line: up to 16 hex digits
 */
bool mw_proc_parse_status_mask(
	const char *bytes, size_t n_bytes, const char *name, uint64_t *mask_out);

/**
 * mw_proc_next_pid() - the next number in a list such as /proc/PID/task/TID/children
 * @cursor: 0 at first; moved
 * Return: false at the end, or at something that is no pid.
 */
bool mw_proc_next_pid(const char *bytes, size_t n_bytes, size_t *cursor, int32_t *pid_out);

/**
 * mw_proc_format_command() - /proc/PID/cmdline as one line
 * @text_out: @text_bytes long; arguments joined by blanks, NUL terminated, cut if need be
 * Return: length; 0 when @bytes hold nothing.
 */
size_t mw_proc_format_command(const char *bytes, size_t n_bytes, char *text_out, size_t text_bytes);
