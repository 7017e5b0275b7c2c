/* SPDX: no licence chosen yet, see README */
/* spawn.c - starts the command. See spawn.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload/launch/spawn.h"

/*
 * As execvp does for a file that no loader of the kernel knows: it is a shell script. Made before
 * the vfork, whose child had better not allocate. Return: owned by the caller; or NULL.
 */
static char **words_for_shell(const struct mw_spawn_request *request)
{
	size_t n = 0;
	while (request->command[n] != NULL)
		n++;
	char **words = calloc(n + 2, sizeof(*words));
	if (words == NULL)
		return NULL;
	words[0] = (char *)"/bin/sh";
	words[1] = (char *)request->program->path;
	memcpy(words + 2, request->command + 1, n * sizeof(*words)); /* with the NULL */
	return words;
}

/* What cannot be opened is no reason to let the output through. */
static void silence(void)
{
	int fd = open("/dev/null", O_WRONLY);
	for (int standard = 1; standard <= 2; standard++) {
		if (fd < 0 || dup2(fd, standard) < 0)
			close(standard);
	}
	if (fd > 2)
		close(fd);
}

/*
 * Runs in the parent's memory, whose copy would cost as much as the rest of the start, but on a
 * copy of its descriptors and dispositions. The pipe closes by exec; what it carries otherwise is
 * the errno of the failure (in memory it would be lost where vfork is a fork: qemu-user).
 */
static void become_command(const struct mw_spawn_request *request, char **for_shell, int pipe_fd)
{
	mw_signals_restore(request->signals);
	if (request->is_silent)
		silence();
	execve(request->program->path, request->command, request->environment);
	if (errno == ENOEXEC && for_shell != NULL)
		execve("/bin/sh", for_shell, request->environment);
	int error = errno;
	ssize_t n = write(pipe_fd, &error, sizeof(error));
	_exit(n == sizeof(error) ? MW_EXIT_OWN_FAILURE : MW_EXIT_NOT_EXECUTABLE);
}

static int read_error(int pipe_fd)
{
	int error = 0;
	ssize_t n;
	do {
		n = read(pipe_fd, &error, sizeof(error));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(error) ? error : 0;
}

/* ENOENT, although the file is there: its interpreter or its dynamic loader is not. */
static int complain(const struct mw_spawn_request *request, int error, struct mw_failure *failure)
{
	const char *reason = error == ENOENT ? "its interpreter is missing" : strerror(error);
	return mw_failure_set(MW_EXIT_NOT_EXECUTABLE, failure, "%s: cannot execute: %s",
		request->command[0], reason);
}

int mw_spawn(const struct mw_spawn_request *request, pid_t *pid_out, struct mw_failure *failure_out)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0)
		return mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out, "cannot make a pipe: %s",
			strerror(errno));
	char **for_shell = words_for_shell(request);
	pid_t pid = vfork();
	if (pid == 0)
		become_command(request, for_shell, ends[1]);
	int fork_error = errno;
	free(for_shell);
	close(ends[1]);
	int error = pid > 0 ? read_error(ends[0]) : 0;
	close(ends[0]);
	if (pid < 0)
		return mw_failure_set(
			MW_EXIT_OWN_FAILURE, failure_out, "cannot fork: %s", strerror(fork_error));
	if (error != 0) {
		waitpid(pid, NULL, 0);
		return complain(request, error, failure_out);
	}
	*pid_out = pid;
	return MW_EXIT_OK;
}
