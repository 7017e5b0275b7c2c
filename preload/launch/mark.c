/* SPDX: no licence chosen yet, see README */
/* mark.c - see mark.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "preload/environment.h"
#include "preload/format.h"
#include "preload/launch/clock.h"
#include "preload/launch/mark.h"
#include "preload/launch/proc_read.h"

static bool is_what(const char *word)
{
	return strcmp(word, "begin") == 0 || strcmp(word, "end") == 0 ||
	       strcmp(word, "instant") == 0;
}

/* Of the shell's pid, if that is not the launcher's, which says so in its dump; else 0. */
static uint32_t other_namespace(const char *run_dir)
{
	uint32_t launchers = 0, own = mw_proc_read_pid_namespace(0);
	char *path = NULL;
	if (asprintf(&path, "%s/" MWD_FILE_NAME, run_dir) < 0)
		return 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	free(path);
	if (fd < 0)
		return 0;
	bool is_read = pread(fd, &launchers, sizeof(launchers),
			       offsetof(struct mwd_control, pid_namespace)) == sizeof(launchers);
	close(fd);
	return is_read && launchers != 0 && own != launchers ? own : 0;
}

/* The name is the rest of its line: no line feeds in it. Return: bytes, cut to what fits. */
static size_t make_line(
	char *line, size_t bytes, uint32_t pid_namespace, const char *what, const char *name)
{
	char inside[16] = "";
	if (pid_namespace != 0)
		snprintf(inside, sizeof(inside), "%" PRIu32 ",", pid_namespace);
	int n = snprintf(line, bytes, "%" PRId64 ",%d,%d,%s%s,%s\n", mw_clock_monotonic_ns(),
		(int)getpid(), (int)getppid(), inside, what, name);
	size_t length = n < 0 ? 0 : (size_t)n < bytes ? (size_t)n : bytes - 1;
	for (size_t i = 0; i + 1 < length; i++)
		if ((unsigned char)line[i] < ' ')
			line[i] = ' ';
	return length;
}

static int append(const char *path, const char *line, size_t length, struct mw_failure *failure_out)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t written = fd < 0 ? -1 : write(fd, line, length);
	int error = written == (ssize_t)length ? 0 : written < 0 ? errno : ENOSPC;
	if (fd >= 0)
		close(fd);
	return error ? mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out, "mark: %s: %s", path,
			       strerror(error))
		     : MW_EXIT_OK;
}

int mw_mark_run(int argc, char **argv, struct mw_failure *failure_out)
{
	char line[128 + MWD_REGION_NAME_BYTES], name[MWD_REGION_NAME_BYTES + 1];
	char *path = NULL;
	if (argc != 3 || !is_what(argv[1]) || argv[2][0] == '\0')
		return mw_failure_set(
			MW_EXIT_USAGE, failure_out, "mark: give begin, end or instant, and a name");
	const char *run_dir = getenv(MW_ENV_RUN_DIR);
	if (!run_dir || !run_dir[0])
		return mw_failure_set(MW_EXIT_USAGE, failure_out,
			"mark: not in a run of memwatch-preload (%s is not set)", MW_ENV_RUN_DIR);
	snprintf(name, sizeof(name), "%s", argv[2]);
	if (asprintf(&path, "%s/%s", run_dir, MW_MARKS_NAME) < 0)
		return mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out, "mark: out of memory");
	size_t length = make_line(line, sizeof(line), other_namespace(run_dir), argv[1], name);
	int status = append(path, line, length, failure_out);
	free(path);
	return status;
}
