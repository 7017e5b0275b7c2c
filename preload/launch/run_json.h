/* SPDX: no licence chosen yet, see README */
/*
 * run_json.h - run.json, what the launcher knows of a run beside the dump: command, times, how
 * it ended, its processes as seen from outside. Hosted; dump -> merge. Written when the run
 * starts ("state": "running"), at signals that may end us, and at the end ("ended").
 */
#pragma once

#include "preload/launch/run.h"

/**
 * mw_run_json_write() - replace run.json by the present state, atomically
 *
 * Text that is not UTF-8 has U+FFFD in place of its strange bytes, as JSON demands.
 * Return: MW_EXIT_OK, or MW_EXIT_OWN_FAILURE with @failure_out filled; the old file stays then.
 */
int mw_run_json_write(const struct mw_run_state *run, struct mw_failure *failure_out);
