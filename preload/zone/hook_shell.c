/* SPDX: no licence chosen yet, see README */
/*
 * hook_shell.c - system and popen, which start a shell from inside libc with the program's environ:
 * as it is while our variables stand in it, else with one that has them. Zone; hook.
 */
#define MW_ZONE_DEFINES_HOOKS

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload/zone/atomic.h"
#include "preload/zone/inject.h"
#include "preload/zone/raw.h"
#include "preload/zone/real.h"
#include "preload/zone/zone.h"

extern char **environ;

static void resolve(void)
{
	if (mw_unlikely(!mw_real.sbrk))
		mw_real_resolve_rest();
}

/* In a healthy environment the shell is followed; in others that is looked up. */
static enum mwd_verdict log_shell(bool is_healthy)
{
	enum mwd_verdict verdict =
		is_healthy ? MWD_VERDICT_FOLLOWED : mw_inject_inspect(AT_FDCWD, "/bin/sh");
	mw_inject_log("/bin/sh", 0, verdict);
	return verdict;
}

/* ---- system -------------------------------------------------------------------------------- */

/*
 * While any thread is in system(), SIGINT and SIGQUIT are ignored: the first to come keeps what
 * they were, the last to go restores it, as in glibc. The lock is held for two system calls, as
 * there.
 */
static uint32_t signals_lock, n_callers;
static struct sigaction kept_int, kept_quit;

static void lock_signals(void)
{
	uint32_t unlocked = 0;
	while (!mw_cas_acq_rel(&signals_lock, &unlocked, 1)) { /* pairs with unlock_signals() */
		unlocked = 0;
		sched_yield();
	}
}

static void unlock_signals(void)
{
	mw_store_release(&signals_lock, 0);
}

/* @defaults_out: what the shell shall not ignore, since the program does not. */
static void ignore_signals(sigset_t *defaults_out)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigemptyset(defaults_out);
	lock_signals();
	if (n_callers++ == 0) {
		sigaction(SIGINT, &ignore, &kept_int);
		sigaction(SIGQUIT, &ignore, &kept_quit);
	}
	if (kept_int.sa_handler != SIG_IGN)
		sigaddset(defaults_out, SIGINT);
	if (kept_quit.sa_handler != SIG_IGN)
		sigaddset(defaults_out, SIGQUIT);
	unlock_signals();
}

static void restore_signals(void)
{
	lock_signals();
	if (--n_callers == 0) {
		sigaction(SIGINT, &kept_int, NULL);
		sigaction(SIGQUIT, &kept_quit, NULL);
	}
	unlock_signals();
}

static int wait_for(pid_t pid)
{
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* A thread cancelled while it waits takes its shell with it, as in glibc. */
static void end_shell(void *pid)
{
	mw_raw(SYS_kill, *(pid_t *)pid, SIGKILL, 0);
	wait_for(*(pid_t *)pid);
	restore_signals();
}

static int wait_cancellably(pid_t pid)
{
	int status;
	pthread_cleanup_push(end_shell, &pid);
	status = wait_for(pid);
	pthread_cleanup_pop(0);
	return status;
}

/* glibc's steps, with an environment of ours for the shell, and environ left alone. */
static int system_with(const char *command, char *const envp[])
{
	const char *argv[] = { "sh", "-c", command, NULL };
	sigset_t child, old_mask, defaults;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	ignore_signals(&defaults);
	sigprocmask(SIG_BLOCK, &child, &old_mask);

	posix_spawnattr_t attributes;
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &old_mask);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	pid_t pid;
	int error = mw_real.posix_spawn(
		&pid, "/bin/sh", NULL, &attributes, (char *const *)(uintptr_t)argv, envp);
	int status = error ? 127 << 8 : wait_cancellably(pid);
	posix_spawnattr_destroy(&attributes);
	if (!error)
		error = errno;
	restore_signals();
	sigprocmask(SIG_SETMASK, &old_mask, NULL);
	errno = error;
	return status;
}

MW_EXPORT int system(const char *command)
{
	resolve();
	if (!command || !mw_inject_is_active())
		return mw_real.system(command);
	bool is_healthy = mw_inject_is_healthy(environ);
	enum mwd_verdict verdict = log_shell(is_healthy);
	if (is_healthy)
		return mw_real.system(command);
	MW_INJECTED(injected, room, environ, verdict);
	int status = system_with(command, injected);
	mw_inject_release(&room);
	return status;
}

/* ---- popen --------------------------------------------------------------------------------- */

MW_EXPORT FILE *popen(const char *command, const char *type)
{
	resolve();
	if (!mw_inject_is_active())
		return mw_real.popen(command, type);
	bool is_healthy = mw_inject_is_healthy(environ);
	enum mwd_verdict verdict = log_shell(is_healthy);
	if (is_healthy)
		return mw_real.popen(command, type);
	/* popen's FILE can only be made by libc, which hands environ to the shell: ours stands in
	 * for the moment of the call. */
	char **kept = environ;
	MW_INJECTED(injected, room, kept, verdict);
	environ = injected;
	FILE *stream = mw_real.popen(command, type);
	environ = kept;
	mw_inject_release(&room);
	return stream;
}
