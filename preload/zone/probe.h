/* SPDX: no licence chosen yet, see README */
/*
 * probe.h - can this memory be read? For pointers that the program meant for the kernel, which
 * answers bad ones by EFAULT where reading them would be our crash, and for stacks that may be
 * gone.
 */
#pragma once

#include <stdbool.h>

/**
 * mw_probe_string() - all bytes of @text up to its NUL can be read
 *
 * Context: zone; signal-safe; a system call a page. In a sandbox nothing is asked but whether @text
 * is near NULL.
 */
bool mw_probe_string(const char *text);

/** mw_probe_words() - the same of @n words at @at, not more than a page. */
bool mw_probe_words(const void *at, unsigned n);

/** mw_probe_list() - the same for all strings of @list up to its NULL. NULL is an empty list. */
bool mw_probe_list(char *const *list);
