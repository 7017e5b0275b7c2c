/* SPDX: no licence chosen yet, see README */
/*
 * shim_path.h - where the shim lies, under a name that LD_PRELOAD can hold. Hosted; before
 * hook. Found from the launcher's own place, so that a build tree and a moved installation
 * work alike.
 */
#pragma once

#include <limits.h>

#include "preload/launch/failure.h"

struct mw_shim_path {
	char path[PATH_MAX];	  /* absolute; the value for LD_PRELOAD */
	char temporary[PATH_MAX]; /* directory made for a link, "" = none */
};

/**
 * mw_shim_path_find_beside() - a file of our library directory, by the launcher's own place
 * @path_out: PATH_MAX bytes, absolute, without links
 * Return: MW_EXIT_OK, or MW_EXIT_OWN_FAILURE with @failure_out filled.
 */
int mw_shim_path_find_beside(const char *name, char *path_out, struct mw_failure *failure_out);

/**
 * mw_shim_path_find() - look beside the launcher's executable
 * @shim_out: `path` filled
 * Return: MW_EXIT_OK, or MW_EXIT_OWN_FAILURE with @failure_out filled.
 */
int mw_shim_path_find(struct mw_shim_path *shim_out, struct mw_failure *failure_out);

/**
 * mw_shim_path_make_loadable() - ld.so splits LD_PRELOAD at blanks and colons and expands '$':
 * where the path has one of them, replace it by a symbolic link without
 * @shim:    from mw_shim_path_find(); changed in place
 * @run_dir: absolute; the link's place unless its name has such a character, too (then /tmp)
 * Return: MW_EXIT_OK, or MW_EXIT_OWN_FAILURE with @failure_out filled.
 */
int mw_shim_path_make_loadable(
	struct mw_shim_path *shim, const char *run_dir, struct mw_failure *failure_out);

/** mw_shim_path_release() - remove a link made in /tmp, once no process needs it any more */
void mw_shim_path_release(struct mw_shim_path *shim);
