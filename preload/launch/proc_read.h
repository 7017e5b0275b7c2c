/* SPDX: no licence chosen yet, see README */
/*
 * proc_read.h - opening and reading /proc/PID files; proc_parse.h makes sense of them. Hosted;
 * serves the sampler. A process may vanish at any moment: every failure just means "gone".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "preload/launch/proc_parse.h"

/** mw_proc_open() - /proc/PID/@name for reading, close-on-exec. Return: descriptor or -1. */
int mw_proc_open(int32_t pid, const char *name);

/** mw_proc_read() - what one read() of up to @size bytes gives of /proc/PID/@name, which is all of
 * a file without lists. Return: bytes read, or -1. */
ssize_t mw_proc_read(int32_t pid, const char *name, char *buffer, size_t size);

/** mw_proc_read_stat() - /proc/PID/stat. False if the process is gone. */
bool mw_proc_read_stat(int32_t pid, struct mw_proc_stat *stat_out);

/* Lines of /proc/PID/status; 0 where the kernel has none. */
struct mw_proc_status {
	uint64_t hwm_kib; /* VmHWM, the highest RSS ever; 0 for a zombie */
	uint64_t voluntary_switches, involuntary_switches; /* of the main thread */
	int32_t inner_pid; /* as it knows itself, in its own pid namespace; 0 = unknown */
	int n_pids;	   /* namespaces from our /proc to its own; 1 = it lives in ours */
};

/** mw_proc_read_status() - /proc/PID/status. False if the process is gone. */
bool mw_proc_read_status(int32_t pid, struct mw_proc_status *status_out);

/** mw_proc_read_io() - bytes read from and written to devices; false if we may not know */
bool mw_proc_read_io(int32_t pid, uint64_t *read_bytes_out, uint64_t *written_bytes_out);

/* Sums over the mappings of a process. */
struct mw_proc_rollup {
	uint64_t rss_bytes, pss_bytes, private_bytes, swap_bytes, hugetlb_bytes;
};

/** mw_proc_read_rollup() - /proc/PID/smaps_rollup, 8 us a MB. False if gone or forbidden. */
bool mw_proc_read_rollup(int32_t pid, struct mw_proc_rollup *rollup_out);

/**
 * mw_proc_read_program() - which file /proc/PID/exe is, as one number
 * Return: 0 if we may not know.
 */
uint64_t mw_proc_read_program(int32_t pid);

/**
 * mw_proc_read_pid_namespace() - as readlink of /proc/PID/ns/pid tells it; @pid 0: ours
 * Return: 0 if we may not know.
 */
uint32_t mw_proc_read_pid_namespace(int32_t pid);

/** mw_proc_has_mapped() - does @pid map the byte at @offset of a file, by its inode? False if we
 * may not know. */
bool mw_proc_has_mapped(int32_t pid, uint64_t inode, uint64_t offset);

/** mw_proc_visit_all() - call @visit for each process there is, until it says true */
bool mw_proc_visit_all(bool (*visit)(void *context, int32_t pid), void *context);

/** mw_proc_open_statm_of_thread() - statm by way of a thread that is not the leader, which may
 * have ended before the others and then shows none. Return: descriptor or -1. */
int mw_proc_open_statm_of_thread(int32_t pid);

/**
 * mw_proc_visit_children() - call @visit for each child of each thread of @pid
 *
 * Needs CONFIG_PROC_CHILDREN; without it nothing is visited. The list may miss one while
 * others exit; the next call finds it.
 */
void mw_proc_visit_children(
	int32_t pid, void (*visit)(void *context, int32_t child), void *context);

/** mw_proc_open_children() - the list of the main thread's children. Return: descriptor or -1. */
int mw_proc_open_children(int32_t pid);

/** mw_proc_visit_open_children() - as above, by a descriptor that stays open (1 us) */
void mw_proc_visit_open_children(
	int fd, void (*visit)(void *context, int32_t child), void *context);

/** mw_proc_is_same_memory() - do two processes share one address space (vfork, CLONE_VM)? */
bool mw_proc_is_same_memory(int32_t pid, int32_t other_pid);
