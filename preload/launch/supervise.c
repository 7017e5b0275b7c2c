/* SPDX: no licence chosen yet, see README */
/* supervise.c - the launcher's main loop. See supervise.h. */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload/launch/clock.h"
#include "preload/launch/supervise.h"

/* Processes that end together with the command need a moment to be reaped. */
#define GRACE_NS (30 * MW_NS_PER_MS)

/*
 * Where it is allowed: who takes a fortieth of a core at most is not to wait for those who take
 * it all. It is this thread's alone, and that of threads it makes; the command is there already.
 */
#define NICE_STEPS 10

/* Until then the command itself is young, and looked at often; most runs are over by then. */
#define BIRTHS_NS (40 * MW_NS_PER_MS)

/* Return: the priority before. */
static int raise_priority(void)
{
	int before = getpriority(PRIO_PROCESS, 0);
	setpriority(PRIO_PROCESS, 0, before - NICE_STEPS);
	return before;
}

/* Sleep until a signal, a birth, the end of a member, the next tick or the checkpoint. poll skips
 * -1. */
static void wait_for_event(struct mw_supervision *supervision)
{
	struct mw_sampler *sampler = supervision->sampler;
	struct pollfd events[] = { { .fd = supervision->signals->fd, .events = POLLIN },
		{ .fd = supervision->births.fd, .events = POLLIN },
		{ .fd = sampler->members.epoll_fd, .events = POLLIN } };
	int64_t due_ns = sampler->next_tick_ns < supervision->checkpoint_ns
				 ? sampler->next_tick_ns
				 : supervision->checkpoint_ns;
	int64_t left_ns = due_ns - mw_clock_monotonic_ns();
	if (left_ns < 0)
		left_ns = 0;
	struct timespec timeout = { left_ns / MW_NS_PER_S, left_ns % MW_NS_PER_S };
	eventfd_t n_births;
	bool is_event = ppoll(events, 3, &timeout, NULL) > 0;
	supervision->has_signals = is_event && events[0].revents != 0;
	supervision->has_ends = is_event && events[2].revents != 0;
	if (is_event && events[1].revents != 0 &&
		eventfd_read(supervision->births.fd, &n_births) == 0)
		mw_sampler_hurry(sampler);
}

static void pass_on_signals(struct mw_supervision *supervision)
{
	struct signalfd_siginfo info;
	pid_t pid = supervision->has_root_ended ? 0 : supervision->root_pid;
	while (supervision->has_signals &&
		read(supervision->signals->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD)
			continue; /* reap_children() comes next */
		mw_signals_forward(supervision->signals, &info, pid);
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT ||
			info.ssi_signo == SIGHUP)
			supervision->checkpoint(supervision->context);
	}
}

static void note_root_end(struct mw_supervision *supervision, const siginfo_t *info)
{
	supervision->has_root_ended = true;
	supervision->is_signal = info->si_code != CLD_EXITED;
	supervision->status = info->si_status;
	supervision->root_end_ns = mw_clock_monotonic_ns();
}

static void note_child(struct mw_supervision *supervision, const siginfo_t *info)
{
	bool is_root = info->si_pid == supervision->root_pid && !supervision->has_root_ended;
	if (info->si_code == CLD_STOPPED || info->si_code == CLD_TRAPPED) {
		if (is_root)
			mw_signals_follow_stop(supervision->signals);
		return;
	}
	if (is_root)
		note_root_end(supervision, info);
	struct mw_life *life = mw_lives_latest(&supervision->sampler->lives, info->si_pid);
	if (life == NULL)
		return;
	life->has_status = true;
	life->is_signal = info->si_code != CLD_EXITED;
	life->status = info->si_status;
}

static void reap_children(struct mw_supervision *supervision)
{
	for (;;) {
		siginfo_t info = { .si_pid = 0 };
		int result = waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG);
		supervision->has_children = result == 0;
		if (result != 0 || info.si_pid == 0)
			return;
		note_child(supervision, &info);
	}
}

static bool is_over(const struct mw_supervision *supervision)
{
	if (!supervision->has_root_ended)
		return false;
	if (!supervision->has_children)
		return true;
	if (mw_limits_is_ending(&supervision->limits, mw_clock_monotonic_ns()))
		return false;
	return !supervision->is_wait_all &&
	       mw_clock_monotonic_ns() - supervision->root_end_ns >= GRACE_NS;
}

/* The grace may end before the next tick is due. */
static void limit_to_grace(struct mw_supervision *supervision)
{
	int64_t end_ns = supervision->root_end_ns + GRACE_NS;
	if (supervision->has_root_ended && !supervision->is_wait_all &&
		supervision->sampler->next_tick_ns > end_ns)
		supervision->sampler->next_tick_ns = end_ns;
}

static void tick(struct mw_supervision *supervision)
{
	mw_sampler_tick(supervision->sampler);
	mw_limits_check(&supervision->limits, supervision->sampler);
	mw_progress_draw(&supervision->progress, supervision->sampler);
}

static void checkpoint_if_due(struct mw_supervision *supervision)
{
	if (mw_clock_monotonic_ns() < supervision->checkpoint_ns)
		return;
	supervision->checkpoint(supervision->context);
	supervision->checkpoint_ns = INT64_MAX;
}

static void start_births_if_due(struct mw_supervision *supervision)
{
	struct mw_sampler *sampler = supervision->sampler;
	if (supervision->has_births || mw_clock_monotonic_ns() < sampler->start_ns + BIRTHS_NS)
		return;
	supervision->has_births = true;
	mw_births_start(&supervision->births, &sampler->control->page->n_images);
}

void mw_supervise(struct mw_supervision *supervision)
{
	struct mw_sampler *sampler = supervision->sampler;
	int priority = raise_priority();
	supervision->births.fd = -1;
	while (!is_over(supervision)) {
		limit_to_grace(supervision);
		wait_for_event(supervision);
		pass_on_signals(supervision);
		bool is_first = sampler->n_samples == 0;
		bool is_tick = is_first || mw_clock_monotonic_ns() >= sampler->next_tick_ns;
		mw_sampler_retire_ended(sampler, is_tick); /* before reaping frees their pids */
		if (is_first) /* who ends before it has its status noted in the life it gets here */
			tick(supervision);
		if (is_tick || supervision->has_signals || supervision->has_ends)
			reap_children(supervision);
		if (is_tick && !is_first)
			tick(supervision);
		start_births_if_due(supervision);
		checkpoint_if_due(supervision);
	}
	mw_progress_erase(&supervision->progress);
	mw_births_stop(&supervision->births);
	mw_sampler_finish(sampler);
	mw_limits_note_ended(&supervision->limits, sampler);
	setpriority(PRIO_PROCESS, 0, priority);
}
