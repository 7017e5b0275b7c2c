/* SPDX: no licence chosen yet, see README */
/*
 * hook_process.c - exec, spawn and the ends of a process: how children are followed. Zone; hook.
 *
 * Fork and clone need hardly a hook: see process.c. exec and spawn get our variables
 * back into whatever environment they were given. Memory for that lies on the caller's stack: a
 * vfork child must leave nothing behind. glibc's own calls inside system() and popen() do not come
 * through here: see hook_shell.c.
 */
#define MW_ZONE_DEFINES_HOOKS

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload/zone/image.h"
#include "preload/zone/inject.h"
#include "preload/zone/probe.h"
#include "preload/zone/raw.h"
#include "preload/zone/real.h"
#include "preload/zone/task.h"
#include "preload/zone/zone.h"

extern char **environ;

static void resolve(void)
{
	if (mw_unlikely(!mw_real.sbrk))
		mw_real_resolve_rest();
}

/* A bad pointer is the kernel's to refuse (EFAULT), not ours to follow. */
static bool is_for_us(const char *path, char *const *envp)
{
	return mw_inject_is_active() && mw_probe_string(path) && mw_probe_list(envp);
}

/* ---- fork ---------------------------------------------------------------------------------- */

/*
 * Following needs no hook here (see process.c). But a child that forks and at once vforks again
 * must not take the vfork's process, which shares its memory, for itself.
 */
MW_EXPORT pid_t fork(void)
{
	resolve();
	pid_t pid = mw_real.fork();
	if (pid == 0)
		mw_process_note_fork();
	return pid;
}

/* ---- exec ---------------------------------------------------------------------------------- */

/* A child without image stands in its parent's log. The first in a pid namespace has there another
 * pid than it knows. */
static int pid_in_log(void)
{
	int pid = mw_raw_getpid();
	return pid == 1 && mw_image && !mw_image_is_own() ? 0 : pid;
}

static struct mwd_log_exec *begin_exec(const char *path, enum mwd_verdict verdict)
{
	struct mwd_log_exec *entry = mw_inject_log(path, pid_in_log(), verdict);
	mw_image_end(MWD_END_EXEC, 0);
	return entry;
}

/* The exec returned, so it failed. */
static int failed_exec(struct mwd_log_exec *entry)
{
	if (entry)
		entry->error = errno;
	mw_image_unend();
	return -1;
}

MW_EXPORT int execve(const char *path, char *const argv[], char *const envp[])
{
	resolve();
	if (!is_for_us(path, envp))
		return mw_real.execve(path, argv, envp);
	enum mwd_verdict verdict = mw_inject_inspect(AT_FDCWD, path);
	MW_INJECTED(injected, room, envp, verdict);
	struct mwd_log_exec *entry = begin_exec(path, verdict);
	mw_real.execve(path, argv, injected);
	mw_inject_release(&room);
	return failed_exec(entry);
}

MW_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[])
{
	resolve();
	if (!is_for_us(file, envp))
		return mw_real.execvpe(file, argv, envp);
	char buffer[MW_PATH_BYTES];
	const char *path = mw_inject_search(file, buffer);
	enum mwd_verdict verdict = path ? mw_inject_inspect(AT_FDCWD, path) : MWD_VERDICT_UNKNOWN;
	MW_INJECTED(injected, room, envp, verdict);
	struct mwd_log_exec *entry = begin_exec(path ? path : file, verdict);
	mw_real.execvpe(file, argv, injected);
	mw_inject_release(&room);
	return failed_exec(entry);
}

MW_EXPORT int execv(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

MW_EXPORT int execvp(const char *file, char *const argv[])
{
	return execvpe(file, argv, environ);
}

/* The argument list of execl(3) as a vector on the stack; @last is its last named parameter. */
#define COLLECT(argv, first, last, list)                                                           \
	va_list list;                                                                              \
	size_t n_arguments = 1;                                                                    \
	va_start(list, last);                                                                      \
	while (va_arg(list, char *))                                                               \
		n_arguments++;                                                                     \
	va_end(list);                                                                              \
	char **argv = __builtin_alloca((n_arguments + 1) * sizeof(char *));                        \
	va_start(list, last);                                                                      \
	argv[0] = (char *)(uintptr_t)first;                                                        \
	for (size_t i = 1; i <= n_arguments; i++)                                                  \
	argv[i] = va_arg(list, char *)

MW_EXPORT int execl(const char *path, const char *argument, ...)
{
	COLLECT(argv, argument, argument, list);
	va_end(list);
	return execve(path, argv, environ);
}

MW_EXPORT int execlp(const char *file, const char *argument, ...)
{
	COLLECT(argv, argument, argument, list);
	va_end(list);
	return execvpe(file, argv, environ);
}

MW_EXPORT int execle(const char *path, const char *argument, ...)
{
	COLLECT(argv, argument, argument, list);
	char *const *envp = va_arg(list, char *const *);
	va_end(list);
	return execve(path, argv, envp);
}

MW_EXPORT int fexecve(int fd, char *const argv[], char *const envp[])
{
	resolve();
	if (!is_for_us("", envp))
		return mw_real.fexecve(fd, argv, envp);
	/* "/proc/self/fd/N": what glibc itself executes where execveat is missing. */
	char path[32] = "/proc/self/fd/";
	char digits[12];
	size_t n = 0, at = strlen(path);
	for (unsigned rest = (unsigned)fd; n == 0 || rest; rest /= 10)
		digits[n++] = (char)('0' + rest % 10);
	while (n)
		path[at++] = digits[--n];
	enum mwd_verdict verdict = fd < 0 ? MWD_VERDICT_UNKNOWN : mw_inject_inspect(AT_FDCWD, path);
	MW_INJECTED(injected, room, envp, verdict);
	struct mwd_log_exec *entry = begin_exec(path, verdict);
	mw_real.fexecve(fd, argv, injected);
	mw_inject_release(&room);
	return failed_exec(entry);
}

MW_EXPORT int execveat(
	int directory_fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	resolve();
	if (!is_for_us(path, envp))
		return mw_real.execveat(directory_fd, path, argv, envp, flags);
	if (!path[0] && (flags & AT_EMPTY_PATH))
		return fexecve(directory_fd, argv, envp);
	enum mwd_verdict verdict = mw_inject_inspect(directory_fd, path);
	MW_INJECTED(injected, room, envp, verdict);
	struct mwd_log_exec *entry = begin_exec(path, verdict);
	mw_real.execveat(directory_fd, path, argv, injected, flags);
	mw_inject_release(&room);
	return failed_exec(entry);
}

/* ---- spawn --------------------------------------------------------------------------------- */

static void note_spawn(struct mwd_log_exec *entry, int error, const pid_t *pid)
{
	if (!entry)
		return;
	entry->error = error;
	if (!error)
		entry->pid = *pid;
}

MW_EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	resolve();
	if (!is_for_us(path, envp))
		return mw_real.posix_spawn(pid, path, actions, attributes, argv, envp);
	pid_t own_pid = 0;
	pid = pid ? pid : &own_pid;
	enum mwd_verdict verdict = mw_inject_inspect(AT_FDCWD, path);
	MW_INJECTED(injected, room, envp, verdict);
	struct mwd_log_exec *entry = mw_inject_log(path, 0, verdict);
	int error = mw_real.posix_spawn(pid, path, actions, attributes, argv, injected);
	mw_inject_release(&room);
	note_spawn(entry, error, pid);
	return error;
}

MW_EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	resolve();
	if (!is_for_us(file, envp))
		return mw_real.posix_spawnp(pid, file, actions, attributes, argv, envp);
	pid_t own_pid = 0;
	pid = pid ? pid : &own_pid;
	char buffer[MW_PATH_BYTES];
	const char *path = mw_inject_search(file, buffer);
	enum mwd_verdict verdict = path ? mw_inject_inspect(AT_FDCWD, path) : MWD_VERDICT_UNKNOWN;
	MW_INJECTED(injected, room, envp, verdict);
	struct mwd_log_exec *entry = mw_inject_log(path ? path : file, 0, verdict);
	int error = mw_real.posix_spawnp(pid, file, actions, attributes, argv, injected);
	mw_inject_release(&room);
	note_spawn(entry, error, pid);
	return error;
}

/* ---- ends ---------------------------------------------------------------------------------- */

/* A forked child that never allocated has no image yet: it gets one here, to be counted. */
static void end(enum mwd_end how, int status)
{
	resolve();
	if (mw_process_is_recording())
		mw_image_end(how, status);
}

MW_EXPORT _Noreturn void _exit(int status)
{
	end(MWD_END_IMMEDIATE, status);
	mw_real._exit(status);
	__builtin_unreachable();
}

MW_EXPORT _Noreturn void _Exit(int status)
{
	end(MWD_END_IMMEDIATE, status);
	mw_real._Exit(status);
	__builtin_unreachable();
}

MW_EXPORT _Noreturn void quick_exit(int status)
{
	end(MWD_END_QUICK, status);
	mw_real.quick_exit(status);
	__builtin_unreachable();
}
