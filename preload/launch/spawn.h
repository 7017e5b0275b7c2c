/* SPDX: no licence chosen yet, see README */
/*
 * spawn.h - starts the command so that it finds the world as the launcher found it: same
 * process group, descriptors, signal mask and dispositions. Hosted; just before hook.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "preload/launch/failure.h"
#include "preload/launch/program.h"
#include "preload/launch/signals.h"

struct mw_spawn_request {
	const struct mw_program *program; /* what to execute */
	char **command;			  /* argv */
	char **environment;
	const struct mw_signals *signals; /* to be restored in the child */
	bool is_silent;			  /* stdout and stderr go to /dev/null */
};

/**
 * mw_spawn() - vfork and exec; returns once the new program runs, or could not be started
 *
 * Context: before the launcher has threads.
 * @pid_out: of the command; the caller reaps it
 * Return: MW_EXIT_OK; MW_EXIT_NOT_EXECUTABLE or MW_EXIT_OWN_FAILURE with @failure_out filled.
 */
int mw_spawn(
	const struct mw_spawn_request *request, pid_t *pid_out, struct mw_failure *failure_out);
