/* SPDX: no licence chosen yet, see README */
/*
 * child_environment.h - the environment of the command: the caller's, with our shim in front
 * of LD_PRELOAD and the run directory named. Hosted; before hook.
 */
#pragma once

/**
 * mw_child_environment_create() - a copy of @environment with our two variables
 * @environment: NULL terminated; not changed
 * @shim:        path of the shim, which goes first in LD_PRELOAD, once
 * @run_dir:     absolute path
 *
 * Other entries of LD_PRELOAD stay, in order. Of several LD_PRELOAD variables the last counts,
 * as for ld.so; the result has exactly one.
 * Ownership: the caller's, release with mw_child_environment_destroy(); all but our two
 * strings are borrowed from @environment.
 * Return: NULL without memory.
 */
char **mw_child_environment_create(char **environment, const char *shim, const char *run_dir);

/** mw_child_environment_destroy() - also takes NULL. Return: NULL. */
char **mw_child_environment_destroy(char **environment);
