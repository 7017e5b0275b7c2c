/* SPDX: no licence chosen yet, see README */
/* signals.c - the launcher stands between the command and whoever signals it. See signals.h. */
#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "preload/launch/signals.h"

static const int passed_on[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM,
	SIGWINCH, SIGCONT, SIGTSTP };
static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

int mw_signals_take(struct mw_signals *signals_out)
{
	sigset_t watched;
	*signals_out = (struct mw_signals){ .fd = -1 };
	sigemptyset(&watched);
	for (size_t i = 0; i < LENGTH(passed_on); i++)
		sigaddset(&watched, passed_on[i]);
	sigaddset(&watched, SIGCHLD);
	signals_out->fd = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals_out->fd < 0)
		return -errno;
	/* Blocked but not watched: a report to a closed pipe is an error, not our death. */
	sigset_t blocked = watched;
	sigaddset(&blocked, SIGPIPE);
	sigprocmask(SIG_BLOCK, &blocked, &signals_out->inherited_mask);
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigaction(SIGCHLD, &action, &signals_out->inherited_child_action);
	return 0;
}

int mw_signals_is_ending(void)
{
	sigset_t pending;
	sigpending(&pending);
	for (size_t i = 0; i < LENGTH(ending); i++) {
		if (sigismember(&pending, ending[i]) == 1)
			return ending[i];
	}
	return 0;
}

void mw_signals_restore(const struct mw_signals *signals)
{
	sigaction(SIGCHLD, &signals->inherited_child_action, NULL);
	sigprocmask(SIG_SETMASK, &signals->inherited_mask, NULL);
}

/* SIGPIPE stays blocked: a reader that goes away must not change our exit status. */
void mw_signals_release(struct mw_signals *signals)
{
	struct signalfd_siginfo info;
	sigset_t mask = signals->inherited_mask;
	mw_group_watch_stop(&signals->group);
	while (read(signals->fd, &info, sizeof(info)) == sizeof(info))
		;
	close(signals->fd);
	signals->fd = -1;
	sigaddset(&mask, SIGPIPE);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

/*
 * Did the command get it as well? A hang-up goes from the kernel to the session's leader alone,
 * which has to tell the others.
 */
static bool is_group_signal(
	struct mw_signals *signals, const struct signalfd_siginfo *info, pid_t pid)
{
	if (info->ssi_code == SI_KERNEL)
		return info->ssi_signo != SIGHUP || getsid(0) != getpid();
	return mw_group_watch_saw(&signals->group, (int)info->ssi_signo) &&
	       getpgid(pid) == getpgrp();
}

void mw_signals_forward(struct mw_signals *signals, const struct signalfd_siginfo *info, pid_t pid)
{
	if (info->ssi_signo == SIGTSTP)
		signals->is_stop_asked = true;
	if (info->ssi_signo == SIGCONT)
		signals->is_stop_asked = false;
	if (pid > 0 && !is_group_signal(signals, info, pid))
		kill(pid, (int)info->ssi_signo);
}

/*
 * Not at the SIGTSTP itself: the command may ignore it, or restore the terminal first. Then by
 * the same signal, so that a shell sees the same job status as without us.
 */
void mw_signals_follow_stop(struct mw_signals *signals)
{
	sigset_t stop;
	if (!signals->is_stop_asked)
		return;
	signals->is_stop_asked = false;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	kill(getpid(), SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL); /* we stop here */
	sigprocmask(SIG_BLOCK, &stop, NULL);
}
