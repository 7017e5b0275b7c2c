/* SPDX: no licence chosen yet, see README */
/* process_starts.h - the rows of programs that were not followed: which they are, and those that
 * nobody saw. Part of processes.c. */
#pragma once

#include "report/model/processes.h"

/**
 * mw_process_starts_add() - after the rows of images and of run.json: name what has no image, and
 * add a row for each logged start that none of them is
 *
 * Rows are at the end, so sort them. Return: 0 or -ENOMEM.
 */
int mw_process_starts_add(struct mw_profile *profile, struct mw_processes *processes);

/** mw_process_starts_tell_copies() - once rows are linked: which are no program of their own.
 * Return: 0 or -ENOMEM. */
int mw_process_starts_tell_copies(const struct mw_profile *profile, struct mw_processes *processes);
