/* SPDX: no licence chosen yet, see README */
/*
 * signals.h - the launcher stands between the command and whoever signals it, and must not be
 * noticed by either. Hosted; while the target runs.
 *
 * The command stays in the launcher's process group, so what a terminal sends to the group (^C,
 * ^\, ^Z, a resize) reaches it anyway: such signals, si_code SI_KERNEL, are not passed on. What
 * a process sends to the launcher (kill, timeout, a batch system) is, unless it was sent to the
 * whole group (group_watch.h).
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/signalfd.h>
#include <sys/types.h>

#include "preload/launch/group_watch.h"

struct mw_signals {
	int fd; /* signalfd, close-on-exec, non-blocking; poll it */
	sigset_t inherited_mask;
	struct sigaction inherited_child_action; /* of SIGCHLD */
	bool is_stop_asked;			 /* a SIGTSTP came; we stop once the command has */
	struct mw_group_watch group;
};

/**
 * mw_signals_take() - from now on signals wait in @signals_out->fd
 *
 * Changes no disposition but SIGCHLD's (if ignored, the kernel would reap for us).
 * Return: 0, or -errno.
 */
int mw_signals_take(struct mw_signals *signals_out);

/** mw_signals_is_ending() - does a signal that ends a program wait? Return: it, or 0. */
int mw_signals_is_ending(void);

/** mw_signals_restore() - in the child, before exec: mask and dispositions as inherited */
void mw_signals_restore(const struct mw_signals *signals);

/**
 * mw_signals_release() - the command has ended: signals are for the launcher again, so that ^C
 * ends the writing of a long report. What came for the command until now is dropped.
 */
void mw_signals_release(struct mw_signals *signals);

/**
 * mw_signals_forward() - one signal read from fd, SIGCHLD excepted
 * @pid: the command; 0 = it has ended, nobody to pass it to
 */
void mw_signals_forward(struct mw_signals *signals, const struct signalfd_siginfo *info, pid_t pid);

/** mw_signals_follow_stop() - the command was stopped: if a terminal asked for it, so are we */
void mw_signals_follow_stop(struct mw_signals *signals);
