/* SPDX: no licence chosen yet, see README */
/*
 * log.h - the image's log in the dump: modules, execs. Append-only, entries of any size.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "preload/format.h"

/** mw_log_restart() - a forked child goes on in a segment of its own. */
void mw_log_restart(void);

/**
 * mw_log_begin() - room for an entry, zeroed; its size is set
 * @bytes: whole entry, rounded up to 8
 *
 * Context: zone; lock-free.
 * Return: the entry, or NULL when there is no space (the caller counts the loss).
 */
void *mw_log_begin(size_t bytes);

/** mw_log_commit() - the entry is complete: readers see it from here on. */
void mw_log_commit(struct mwd_log_entry *entry, uint32_t type);
