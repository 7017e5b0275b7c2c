/* SPDX: no licence chosen yet, see README */
/* output.c - files appear whole or not at all. See output.h. */
#include "report/util/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a name stands for now. */
enum target {
	TARGET_NONE,
	TARGET_FILE,
	TARGET_DIRECTORY,
	TARGET_STREAM, /* pipes, terminals, and /dev/stdout even where that is a file */
};

static enum target target_of(const char *path, mode_t *mode_out)
{
	struct stat status;
	*mode_out = 0;
	if (stat(path, &status) != 0)
		return TARGET_NONE;
	if (S_ISDIR(status.st_mode))
		return TARGET_DIRECTORY;
	if (!S_ISREG(status.st_mode) || strncmp(path, "/dev/", 5) == 0 ||
		strncmp(path, "/proc/", 6) == 0)
		return TARGET_STREAM;
	*mode_out = status.st_mode & 07777;
	return TARGET_FILE;
}

/* A new file beside @path, with the permissions @mode if not 0; descriptor or negative errno. */
static int open_beside(const char *path, mode_t mode, char **temporary_out)
{
	if (asprintf(temporary_out, "%s.new-%d", path, (int)getpid()) < 0) {
		*temporary_out = NULL;
		return -ENOMEM;
	}
	int fd = open(*temporary_out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
	int error = errno;
	if (fd >= 0) {
		(void)!(mode != 0 && fchmod(fd, mode) != 0); /* better other ones than no file */
		return fd;
	}
	free(*temporary_out);
	*temporary_out = NULL;
	return -error;
}

int mw_output_check(const char *path)
{
	mode_t mode;
	char *temporary;
	switch (target_of(path, &mode)) {
	case TARGET_DIRECTORY:
		return -EISDIR;
	case TARGET_FILE:
	case TARGET_STREAM:
		return access(path, W_OK) == 0 ? 0 : -errno;
	case TARGET_NONE:
		break;
	}
	int fd = open_beside(path, 0, &temporary);
	if (fd < 0)
		return fd;
	close(fd);
	unlink(temporary);
	free(temporary);
	return 0;
}

int mw_output_open(struct mw_output *output_out, const char *path)
{
	mode_t mode;
	struct mw_output output = { 0 };
	enum target target = target_of(path, &mode);
	int fd = target == TARGET_DIRECTORY ? -EISDIR : -1;
	if (target == TARGET_FILE)
		output.path = realpath(path, NULL);
	if (!output.path)
		output.path = strdup(path);
	if (output.path && (target == TARGET_FILE || target == TARGET_NONE))
		fd = open_beside(output.path, mode, &output.temporary);
	if (fd < 0 && (target == TARGET_FILE || target == TARGET_STREAM)) {
		fd = open(
			path, O_WRONLY | O_CLOEXEC | (target == TARGET_FILE ? O_TRUNC : O_APPEND));
		fd = fd < 0 ? -errno : fd;
	}
	output.file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!output.file) {
		free(output.path);
		free(output.temporary);
		return fd < 0 ? fd : -ENOMEM;
	}
	*output_out = output;
	return 0;
}

int mw_output_close(struct mw_output *output, bool is_good)
{
	int error = ferror(output->file) ? -EIO : 0;
	if (fclose(output->file) != 0)
		error = -errno;
	if (output->temporary && is_good && !error && rename(output->temporary, output->path) != 0)
		error = -errno;
	if (output->temporary && (!is_good || error))
		unlink(output->temporary);
	free(output->temporary);
	free(output->path);
	*output = (struct mw_output){ 0 };
	return error;
}
