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

static int map_file(const char *path, struct mw_span *bytes_out, struct mw_diag *diag)
{
	__attribute__((cleanup(close_fd))) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) != 0) {
		int error = errno;
		mw_diag_set(diag, "%s: %s", path, strerror(error));
		return -error;
	}
	if (!S_ISREG(status.st_mode)) {
		mw_diag_set(diag, "%s: not a regular file", path);
		return -EINVAL;
	}
	if (status.st_size == 0)
		return 0;
	void *map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		int error = errno;
		mw_diag_set(diag, "%s: %s", path, strerror(error));
		return -error;
	}
	*bytes_out = (struct mw_span){ map, (size_t)status.st_size };
	return 0;
}

#define MAX_TEXT_BYTES (256u << 20)

static char *read_text(const char *path, size_t *n_bytes_out)
{
	__attribute__((cleanup(close_fd))) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
		status.st_size > MAX_TEXT_BYTES)
		return NULL;
	char *text = malloc((size_t)status.st_size + 1);
	size_t n = 0;
	ssize_t got = 1;
	while (text && n < (size_t)status.st_size && got > 0) {
		got = read(fd, text + n, (size_t)status.st_size - n);
		n += got > 0 ? (size_t)got : 0;
	}
	*n_bytes_out = n;
	return text;
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
	int error = map_file(dump_path, &run_out->bytes, diag);
	if (!error)
		error = mw_dump_parse(run_out->bytes, dump_path, &run_out->dump, diag);
	if (error)
		return error;
	size_t n_bytes = 0;
	__attribute__((cleanup(free_text))) char *text = read_text(json_path, &n_bytes);
	run_out->info_problem = mw_run_info_parse(text, n_bytes, &run_out->info);
	return 0;
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
	char *text = read_text(path, &n_bytes);
	return mw_samples_parse(text, n_bytes, samples_out);
}

int mw_run_read_marks(const struct mw_run *run, struct mw_marks *marks_out)
{
	__attribute__((cleanup(free_text))) char *path =
		run->directory ? path_of(run->directory, MW_MARKS_NAME) : NULL;
	size_t n_bytes = 0;
	*marks_out = (struct mw_marks){ 0 };
	if (!path)
		return run->directory ? -ENOMEM : 0;
	char *text = read_text(path, &n_bytes);
	return mw_marks_parse(text, n_bytes, marks_out);
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
