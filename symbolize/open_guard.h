/* SPDX: no licence chosen yet, see README */
/*
 * open_guard.h - what elfutils opens by names that a module's own bytes chose (.gnu_debuglink,
 * .gnu_debugaltlink, DW_AT_dwo_name): only regular files, and never waiting for a FIFO.
 */
#pragma once

#include <stdbool.h>

/**
 * mw_symbol_open_guard() - guard the calling thread's open() from now on, or no longer
 *
 * A guarded open for reading that meets anything but a regular file fails with EINVAL.
 */
void mw_symbol_open_guard(bool is_on);
