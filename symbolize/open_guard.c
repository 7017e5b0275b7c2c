/* SPDX: no licence chosen yet, see README */
/*
 * open_guard.c - open() of the whole program, in front of the C library's (open_guard.h). Part of
 * symbolize; hosted.
 *
 * elfutils opens such files by itself, a plain open() that a FIFO blocks for ever, and offers no
 * call-back for it. So its open() is ours: the program's own definition comes first for every
 * library. Unguarded threads get what they asked for.
 */
#include "symbolize/open_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static __thread bool is_guarded;

void mw_symbol_open_guard(bool is_on)
{
	is_guarded = is_on;
}

static int open_regular(const char *path, int flags)
{
	struct stat status;
	int fd = (int)syscall(
		SYS_openat, AT_FDCWD, path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);

	if (fd >= 0 && (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))) {
		close(fd);
		errno = EINVAL;
		fd = -1;
	}
	return fd;
}

int open(const char *path, int flags, ...)
{
	va_list arguments;
	int mode = 0;

	if (is_guarded && (flags & (O_ACCMODE | O_CREAT | O_DIRECTORY)) == O_RDONLY)
		return open_regular(path, flags);
	va_start(arguments, flags);
	if (flags & (O_CREAT | __O_TMPFILE))
		mode = va_arg(arguments, int);
	va_end(arguments);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
