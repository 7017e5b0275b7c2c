/* SPDX: no licence chosen yet, see README */
/* run_dir.c - the directory that holds one run. See run_dir.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/environment.h"
#include "preload/format.h"
#include "preload/launch/run_dir.h"

/* The zone keeps the path in a buffer of PATH_MAX with the longest file name behind it. */
#define LONGEST_NAME 32
#define N_DEFAULT_NAMES 1000

static int fail(const char *path, int error, struct mw_failure *failure)
{
	const char *reason = error == ELOOP   ? "it is a symbolic link"
			     : error == EPERM ? "others own it or may write to it"
					      : strerror(error);
	return mw_failure_set(
		MW_EXIT_OWN_FAILURE, failure, "%s: cannot use as run directory: %s", path, reason);
}

/*
 * Others must not be able to put their files in place of ours: the directory itself, not a link to
 * one, is ours, and nobody else may write there.
 */
static int check_owner(const char *path)
{
	struct stat status;
	if (lstat(path, &status) != 0)
		return errno;
	if (S_ISLNK(status.st_mode))
		return ELOOP;
	if (!S_ISDIR(status.st_mode))
		return ENOTDIR;
	return status.st_uid != geteuid() || (status.st_mode & 022) ? EPERM : 0;
}

/* 0, or why @path cannot be taken as it is. */
static int check_empty(const char *path)
{
	DIR *directory = opendir(path);
	if (directory == NULL)
		return errno;
	int error = 0;
	for (struct dirent *entry; error == 0 && (entry = readdir(directory)) != NULL;) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			error = ENOTEMPTY;
	}
	closedir(directory);
	return error != 0 || access(path, W_OK | X_OK) == 0 ? error : errno;
}

static int create_named(const char *path, struct mw_run_dir *run_dir, struct mw_failure *failure)
{
	int error = 0;
	run_dir->is_created = mkdir(path, 0700) == 0;
	if (!run_dir->is_created)
		error = errno == EEXIST ? check_owner(path) : errno;
	if (!run_dir->is_created && error == 0)
		error = check_empty(path);
	return error == 0 ? MW_EXIT_OK : fail(path, error, failure);
}

static const char *base_name(const char *command)
{
	const char *slash = strrchr(command, '/');
	return slash != NULL && slash[1] != '\0' ? slash + 1 : command;
}

/* A pid comes again: the directory of an older run is left alone. */
static int create_default(
	const char *command, struct mw_run_dir *run_dir, char *name_out, struct mw_failure *failure)
{
	int length = snprintf(
		name_out, NAME_MAX - 8, "memwatch-%.200s-%d", base_name(command), (int)getpid());
	for (int i = 2; mkdir(name_out, 0700) != 0; i++) {
		if (errno != EEXIST || i == N_DEFAULT_NAMES)
			return fail(name_out, errno, failure);
		sprintf(name_out + length, "-%d", i);
	}
	run_dir->is_created = true;
	return MW_EXIT_OK;
}

int mw_run_dir_create(const char *path, const char *command, struct mw_run_dir *run_dir_out,
	struct mw_failure *failure_out)
{
	char name[NAME_MAX];
	int status = path != NULL ? create_named(path, run_dir_out, failure_out)
				  : create_default(command, run_dir_out, name, failure_out);
	if (status != MW_EXIT_OK)
		return status;
	if (path == NULL)
		path = name;
	int error = 0;
	if (realpath(path, run_dir_out->path) == NULL)
		error = errno;
	else if (strlen(run_dir_out->path) + LONGEST_NAME >= PATH_MAX)
		error = ENAMETOOLONG;
	if (error == 0)
		return MW_EXIT_OK;
	if (run_dir_out->is_created)
		rmdir(path);
	return fail(path, error, failure_out);
}

void mw_run_dir_join(const struct mw_run_dir *run_dir, const char *name, char *path_out)
{
	size_t n = strlen(run_dir->path);
	memcpy(path_out, run_dir->path, n);
	snprintf(path_out + n, PATH_MAX - n, "/%s", name);
}

FILE *mw_run_dir_create_file(const char *path)
{
	unlink(path); /* a FIFO or a link of the job's */
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? NULL : fdopen(fd, "w");
}

void mw_run_dir_discard(const struct mw_run_dir *run_dir)
{
	static const char *const names[] = { MWD_FILE_NAME, MW_RUN_JSON_NAME, MW_SAMPLES_NAME,
		MW_PROCESS_SAMPLES_NAME, MW_MARKS_NAME, MW_SHIM_NAME };
	char path[PATH_MAX];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		mw_run_dir_join(run_dir, names[i], path);
		unlink(path);
	}
	if (run_dir->is_created)
		rmdir(run_dir->path);
}
