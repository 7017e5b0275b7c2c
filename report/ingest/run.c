/* SPDX: no licence chosen yet, see README */
/*
 * run.c - opens a run directory: files -> bytes, then the pure parsers do the rest.
 *
 * The dump is mapped, not read: it can be larger than memory, and a run still going on may be
 * looked at. It must not be truncated while we look (nobody does: writers only extend it).
 */
#include "report/ingest/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/environment.h"
#include "report/ingest/file.h"
#include "report/util/format.h"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static void free_text(char **text)
{
	free(*text);
}

static bool is_directory(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* @directory/@name, or @directory itself when it is the dump file; owned by the caller. */
static char *path_of(const char *directory, const char *name)
{
	char *path = NULL;
	if (is_directory(directory))
		return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
	if (strcmp(name, MWD_FILE_NAME) == 0)
		return strdup(directory);
	const char *slash = strrchr(directory, '/');
	int length = slash ? (int)(slash - directory) : 1;
	return asprintf(&path, "%.*s/%s", length, slash ? directory : ".", name) < 0 ? NULL : path;
}

static const char *reason_of(int error)
{
	return error == EINVAL	? "not a regular file"
	       : error == ELOOP ? "a symbolic link"
				: strerror(error);
}

/* Inside a directory no link is followed: the job's programs could have put it there. */
static int flags_for(const char *directory)
{
	return is_directory(directory) ? O_NOFOLLOW : 0;
}

static int map_file(const char *path, int flags, struct mw_run *run, struct mw_diag *diag)
{
	struct stat status;
	__attribute__((cleanup(close_fd))) int fd = mw_file_open(path, flags, &status);
	if (fd < 0) {
		mw_diag_set(diag, "%s: %s", path, reason_of(-fd));
		return fd;
	}
	run->owner = status.st_uid;
	if (status.st_size == 0)
		return 0;
	void *map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		int error = errno;
		mw_diag_set(diag, "%s: %s", path, strerror(error));
		return -error;
	}
	run->bytes = (struct mw_span){ map, (size_t)status.st_size };
	return 0;
}

#define MAX_TEXT_BYTES (256u << 20)

/* *@text_out is owned by the caller; NULL when there is none that can be read. 0 or -ENOMEM. */
static int read_text(const char *path, int flags, char **text_out, size_t *n_bytes_out)
{
	*text_out = NULL;
	struct stat status;
	__attribute__((cleanup(close_fd))) int fd = mw_file_open(path, flags, &status);
	if (fd < 0 || status.st_size > MAX_TEXT_BYTES)
		return 0;
	*text_out = mw_file_read(fd, (size_t)status.st_size, n_bytes_out);
	return *text_out ? 0 : -ENOMEM;
}

int mw_run_open(const char *directory, struct mw_run *run_out, struct mw_diag *diag)
{
	memset(run_out, 0, sizeof(*run_out));
	run_out->directory = strdup(directory);
	__attribute__((cleanup(free_text))) char *dump_path = path_of(directory, MWD_FILE_NAME);
	__attribute__((cleanup(free_text))) char *json_path = path_of(directory, MW_RUN_JSON_NAME);
	if (!run_out->directory || !dump_path || !json_path) {
		mw_diag_set(diag, "%s: out of memory", directory);
		return -ENOMEM;
	}
	int flags = flags_for(directory);
	int error = map_file(dump_path, flags, run_out, diag);
	if (!error)
		error = mw_dump_parse(run_out->bytes, dump_path, &run_out->dump, diag);
	if (error)
		return error;
	size_t n_bytes = 0;
	__attribute__((cleanup(free_text))) char *text = NULL;
	error = read_text(json_path, flags, &text, &n_bytes);
	if (!error)
		run_out->info_problem = mw_run_info_parse(text, n_bytes, &run_out->info);
	if (!error && run_out->info_problem == mw_run_info_no_memory)
		error = -ENOMEM;
	if (error)
		mw_diag_set(diag, "%s: out of memory", json_path);
	return error;
}

int mw_run_read_samples(
	const struct mw_run *run, enum mw_run_table table, struct mw_samples *samples_out)
{
	static const char *const names[] = { MW_SAMPLES_NAME, MW_PROCESS_SAMPLES_NAME };
	__attribute__((cleanup(free_text))) char *path =
		run->directory ? path_of(run->directory, names[table]) : NULL;
	size_t n_bytes = 0;
	*samples_out = (struct mw_samples){ 0 };
	if (!path)
		return run->directory ? -ENOMEM : 0;
	char *text = NULL;
	int error = read_text(path, flags_for(run->directory), &text, &n_bytes);
	return error ? error : mw_samples_parse(text, n_bytes, samples_out);
}

/* By the pids that the launcher saw, once ends have met their beginnings. */
static void name_shells(const struct mw_run *run, struct mw_marks *marks)
{
	for (size_t i = 0; i < marks->items.n; i++) {
		struct mw_mark *mark = &marks->items.items[i];
		int64_t since_ns = 0;
		if (mark->pid_namespace == 0 ||
			__builtin_sub_overflow(
				mark->start_ns, run->dump.control.start_monotonic_ns, &since_ns))
			continue;
		pid_t pid = mw_run_outer_pid(
			&run->info, mark->pid_namespace, mark->ppid, (double)since_ns / 1e9);
		mark->ppid = pid > 0 ? pid : 0;
	}
}

int mw_run_read_marks(const struct mw_run *run, struct mw_marks *marks_out)
{
	__attribute__((cleanup(free_text))) char *path =
		run->directory ? path_of(run->directory, MW_MARKS_NAME) : NULL;
	size_t n_bytes = 0;
	*marks_out = (struct mw_marks){ 0 };
	if (!path)
		return run->directory ? -ENOMEM : 0;
	char *text = NULL;
	int error = read_text(path, flags_for(run->directory), &text, &n_bytes);
	if (!error)
		error = mw_marks_parse(text, n_bytes, marks_out);
	name_shells(run, marks_out);
	return error;
}

bool mw_run_is_shim(const char *path)
{
	return strcmp(mw_format_basename(path), MW_SHIM_NAME) == 0;
}

void mw_run_close(struct mw_run *run)
{
	mw_run_info_deinit(&run->info);
	mw_dump_deinit(&run->dump);
	if (run->bytes.bytes)
		munmap((void *)(uintptr_t)run->bytes.bytes, run->bytes.n_bytes);
	free(run->directory);
	memset(run, 0, sizeof(*run));
}
