/* SPDX: no licence chosen yet, see README */
/*
 * file.h - files whose names or places others chose, opened so that they can neither block us (a
 * FIFO), nor be anything but a regular file (a device), nor move us elsewhere.
 */
#pragma once

#include <stddef.h>
#include <sys/stat.h>

/**
 * mw_file_open() - open for reading
 * @more_flags: O_NOFOLLOW or 0
 * @status_out: of the open file
 * Return: descriptor, owned by the caller; negative errno, -EINVAL when it is no regular file.
 */
int mw_file_open(const char *path, int more_flags, struct stat *status_out);

/** mw_file_read() - up to @limit bytes and a NUL; owned by the caller; NULL = out of memory. */
char *mw_file_read(int fd, size_t limit, size_t *n_bytes_out);
