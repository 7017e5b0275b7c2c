/* SPDX: no licence chosen yet, see README */
/*
 * failure.h - one failure, as one line for the user. Launcher (hosted), beside every step.
 *
 * Only main.c prints. Whatever else fails fills a mw_failure and returns an exit status, so that
 * each error has exactly one line, which names what was wrong.
 */
#pragma once

/* Exit statuses of the launcher itself, as of env(1), timeout(1), nohup(1). */
enum mw_exit {
	MW_EXIT_OK = 0,
	MW_EXIT_USAGE = 2,
	MW_EXIT_TOTAL_LIMIT = 10, /* as memwatch has them */
	MW_EXIT_PROCESS_LIMIT = 11,
	MW_EXIT_OWN_FAILURE = 125,
	MW_EXIT_NOT_EXECUTABLE = 126,
	MW_EXIT_NOT_FOUND = 127,
	MW_EXIT_SIGNAL_BASE = 128,
};

struct mw_failure {
	char text[512]; /* no newline at the end; cut if need be */
};

/**
 * mw_failure_set() - fill @failure
 * @status: what to exit with
 * @failure:   overwritten
 * Context: hosted; async-signal-unsafe.
 * Return: @status, so that "return mw_failure_set(...)" reads well.
 */
int mw_failure_set(enum mw_exit status, struct mw_failure *failure, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
