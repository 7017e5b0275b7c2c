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

/** mw_proc_read() - up to @size bytes of /proc/PID/@name. Return: bytes read, or -1. */
ssize_t mw_proc_read(int32_t pid, const char *name, char *buffer, size_t size);

/** mw_proc_read_stat() - /proc/PID/stat. False if the process is gone. */
bool mw_proc_read_stat(int32_t pid, struct mw_proc_stat *stat_out);

/** mw_proc_read_hwm_kib() - VmHWM, its highest RSS ever; false for a zombie */
bool mw_proc_read_hwm_kib(int32_t pid, uint64_t *kib_out);

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

/** mw_proc_is_same_memory() - do two processes share one address space (vfork, CLONE_VM)? */
bool mw_proc_is_same_memory(int32_t pid, int32_t other_pid);
