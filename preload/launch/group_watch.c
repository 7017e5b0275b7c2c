/* SPDX: no licence chosen yet, see README */
/* group_watch.c - which signals were the whole group's. See group_watch.h. */
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "preload/launch/clock.h"
#include "preload/launch/group_watch.h"
#include "preload/launch/proc_parse.h"

/* kill(-1) and service managers reach the group's members one by one, us perhaps first. */
#define SECOND_LOOK_NS (1 * MW_NS_PER_MS)

static int stand_by(void *launcher_pid)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "memwatch-group");
	while (getppid() == *(pid_t *)launcher_pid) /* it may have died before we asked */
		pause();
	return 0;
}

/* No SIGCHLD at its end, so waitid() knows it only by __WCLONE. One launcher, one watch: the stack
 * is static. */
void mw_group_watch_start(struct mw_group_watch *watch_out)
{
	static char stack[16384] __attribute__((aligned(16)));
	static pid_t own_pid;
	sigset_t all, old;
	own_pid = getpid();
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	int pid =
		clone(stand_by, stack + sizeof(stack), CLONE_VM | CLONE_FS | CLONE_FILES, &own_pid);
	sigprocmask(SIG_SETMASK, &old, NULL);
	watch_out->pid = pid > 0 ? pid : 0;
}

void mw_group_watch_stop(struct mw_group_watch *watch)
{
	if (watch->pid == 0)
		return;
	kill(watch->pid, SIGKILL);
	waitpid(watch->pid, NULL, __WCLONE);
	watch->pid = 0;
}

static bool is_pending(const struct mw_group_watch *watch, int number)
{
	char path[32], text[4096];
	uint64_t mask = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)watch->pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, text, sizeof(text));
	close(fd);
	return n > 0 && mw_proc_parse_status_mask(text, (size_t)n, "ShdPnd", &mask) &&
	       (mask >> (number - 1) & 1);
}

bool mw_group_watch_saw(struct mw_group_watch *watch, int number)
{
	if (watch->pid == 0)
		return false;
	if (!is_pending(watch, number)) {
		nanosleep(&(struct timespec){ .tv_nsec = SECOND_LOOK_NS }, NULL);
		if (!is_pending(watch, number))
			return false;
	}
	/* A pending signal stays until the process is gone. */
	mw_group_watch_stop(watch);
	mw_group_watch_start(watch);
	return true;
}
