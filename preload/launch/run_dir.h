/* SPDX: no licence chosen yet, see README */
/*
 * run_dir.h - the directory that holds one run. Hosted; before hook. Made by us or empty, so
 * that one run never mixes with another.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "preload/launch/failure.h"

struct mw_run_dir {
	char path[PATH_MAX]; /* absolute, without symbolic links */
	bool is_created;     /* by us, so ours to remove if the command cannot start */
};

/**
 * mw_run_dir_create() - make the directory (mode 0700), or take an empty one
 * @path:    as the user gave it; NULL = "memwatch-<base name of @command>-<our pid>" in the
 *           working directory, with a number behind if that exists
 * @command: as typed
 * Return: MW_EXIT_OK, or MW_EXIT_OWN_FAILURE with @failure_out filled.
 */
int mw_run_dir_create(const char *path, const char *command, struct mw_run_dir *run_dir_out,
	struct mw_failure *failure_out);

/** mw_run_dir_join() - "<run dir>/<name>" into @path_out (PATH_MAX); cut names fail to open */
void mw_run_dir_join(const struct mw_run_dir *run_dir, const char *name, char *path_out);

/** mw_run_dir_create_file() - write @path anew, for the owner alone. Return: NULL, errno set. */
FILE *mw_run_dir_create_file(const char *path);

/** mw_run_dir_discard() - remove what a run left that never began; nothing else in it */
void mw_run_dir_discard(const struct mw_run_dir *run_dir);
