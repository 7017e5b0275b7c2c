/* SPDX: no licence chosen yet, see README */
/*
 * program.h - which file a command names, and whether the shim can enter it. Hosted; before
 * hook. Looks where execvp(3) looks, so that what was inspected is what runs.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>

#include "preload/format.h"
#include "preload/launch/failure.h"

struct mw_program {
	char path[PATH_MAX]; /* to give to execve; relative if PATH or the command is */
	enum mwd_verdict verdict;
};

/**
 * mw_program_find() - search PATH for @command and inspect what is found
 * @command:     as typed
 * @program_out: filled on success
 * @failure_out: filled on failure: the command is not there, or may not be executed
 *
 * For a script the verdict is that of its interpreter, followed through scripts of scripts.
 * Return: MW_EXIT_OK, MW_EXIT_NOT_FOUND or MW_EXIT_NOT_EXECUTABLE.
 */
int mw_program_find(
	const char *command, struct mw_program *program_out, struct mw_failure *failure_out);

/**
 * mw_program_may_preload() - may LD_PRELOAD name our shim for a program of this verdict?
 *
 * No where it does harm: another class' ld.so complains on stderr, and another libc's refuses
 * to start. A static or set-user-ID program just ignores it, and hands it on to its children,
 * which can be followed. The zone does the same at an exec.
 */
bool mw_program_may_preload(enum mwd_verdict verdict);

/** mw_program_reason() - why a program is not followed, as a short phrase; static text */
const char *mw_program_reason(enum mwd_verdict verdict);
