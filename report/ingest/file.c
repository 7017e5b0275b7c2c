/* SPDX: no licence chosen yet, see README */
/* file.c - see file.h. Part of ingest. */
#include "report/ingest/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int mw_file_open(const char *path, int more_flags, struct stat *status_out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | more_flags);
	if (fd < 0)
		return -errno;
	int error = fstat(fd, status_out) != 0	   ? -errno
		    : S_ISREG(status_out->st_mode) ? 0
						   : -EINVAL;
	if (error)
		close(fd);
	return error ? error : fd;
}

char *mw_file_read(int fd, size_t limit, size_t *n_bytes_out)
{
	char *text = malloc(limit + 1);
	size_t n = 0;
	ssize_t got = 1;
	while (text && n < limit && got > 0) {
		got = read(fd, text + n, limit - n);
		n += got > 0 ? (size_t)got : 0;
	}
	if (text)
		text[n] = '\0';
	*n_bytes_out = n;
	return text;
}
