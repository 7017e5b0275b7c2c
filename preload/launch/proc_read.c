/* SPDX: no licence chosen yet, see README */
/* proc_read.c - opening and reading /proc/PID files. See proc_read.h. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/launch/proc_read.h"

#define PROC_PATH_BYTES 96
#define PROC_NAME_BYTES 32
#define PROC_LINE_BYTES 8192 /* with a path */
/* The longest of the files read whole is status. */
#define PROC_FILE_BYTES 4096
/* 8000 children at least; more are found when some have ended. */
#define CHILDREN_BYTES (1 << 16)

int mw_proc_open(int32_t pid, const char *name)
{
	char path[PROC_PATH_BYTES];
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* A list is handed out a page at a time. */
static ssize_t read_list_and_close(int fd, char *buffer, size_t size)
{
	if (fd < 0)
		return -1;
	size_t n_read = 0;
	ssize_t n;
	while ((n = read(fd, buffer + n_read, size - n_read)) > 0)
		n_read += (size_t)n;
	close(fd);
	return n < 0 ? -1 : (ssize_t)n_read;
}

ssize_t mw_proc_read(int32_t pid, const char *name, char *buffer, size_t size)
{
	int fd = mw_proc_open(pid, name);
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, buffer, size);
	close(fd);
	return n;
}

bool mw_proc_read_stat(int32_t pid, struct mw_proc_stat *stat_out)
{
	char bytes[PROC_FILE_BYTES];
	ssize_t n = mw_proc_read(pid, "stat", bytes, sizeof(bytes));
	return n > 0 && mw_proc_parse_stat(bytes, (size_t)n, stat_out);
}

bool mw_proc_read_status(int32_t pid, struct mw_proc_status *status_out)
{
	char bytes[PROC_FILE_BYTES];
	ssize_t n = mw_proc_read(pid, "status", bytes, sizeof(bytes));
	*status_out = (struct mw_proc_status){ 0 };
	if (n <= 0)
		return false;
	mw_proc_parse_line(bytes, (size_t)n, "VmHWM", &status_out->hwm_kib);
	mw_proc_parse_line(
		bytes, (size_t)n, "voluntary_ctxt_switches", &status_out->voluntary_switches);
	mw_proc_parse_inner_pid(bytes, (size_t)n, &status_out->inner_pid, &status_out->n_pids);
	mw_proc_parse_line(
		bytes, (size_t)n, "nonvoluntary_ctxt_switches", &status_out->involuntary_switches);
	return true;
}

bool mw_proc_read_io(int32_t pid, uint64_t *read_bytes_out, uint64_t *written_bytes_out)
{
	char bytes[PROC_FILE_BYTES];
	ssize_t n = mw_proc_read(pid, "io", bytes, sizeof(bytes));
	return n > 0 && mw_proc_parse_line(bytes, (size_t)n, "read_bytes", read_bytes_out) &&
	       mw_proc_parse_line(bytes, (size_t)n, "write_bytes", written_bytes_out);
}

static uint64_t line_bytes(const char *text, size_t n, const char *name)
{
	uint64_t kib;
	return mw_proc_parse_line(text, n, name, &kib) ? kib * 1024 : 0;
}

bool mw_proc_read_rollup(int32_t pid, struct mw_proc_rollup *rollup_out)
{
	char bytes[PROC_FILE_BYTES];
	ssize_t result = mw_proc_read(pid, "smaps_rollup", bytes, sizeof(bytes));
	if (result <= 0)
		return false;
	size_t n = (size_t)result;
	*rollup_out = (struct mw_proc_rollup){ .rss_bytes = line_bytes(bytes, n, "Rss"),
		.pss_bytes = line_bytes(bytes, n, "Pss"),
		.private_bytes = line_bytes(bytes, n, "Private_Clean") +
				 line_bytes(bytes, n, "Private_Dirty"),
		.swap_bytes = line_bytes(bytes, n, "Swap"),
		.hugetlb_bytes = line_bytes(bytes, n, "Shared_Hugetlb") +
				 line_bytes(bytes, n, "Private_Hugetlb") };
	return true;
}

uint64_t mw_proc_read_program(int32_t pid)
{
	char path[PROC_PATH_BYTES];
	struct stat status;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (stat(path, &status) != 0)
		return 0;
	return status.st_ino * 0x9e3779b97f4a7c15u ^ status.st_dev;
}

uint32_t mw_proc_read_pid_namespace(int32_t pid)
{
	char path[PROC_PATH_BYTES];
	struct stat status;
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	return stat(pid ? path : "/proc/self/ns/pid", &status) == 0 ? (uint32_t)status.st_ino : 0;
}

/* Next process or thread id in an open /proc or /proc/PID/task, or 0. */
static int32_t next_id(DIR *directory)
{
	struct dirent *entry;
	while ((entry = readdir(directory)) != NULL) {
		int32_t tid = (int32_t)atoi(entry->d_name);
		if (tid > 0)
			return tid;
	}
	return 0;
}

bool mw_proc_has_mapped(int32_t pid, uint64_t inode, uint64_t offset)
{
	char line[PROC_LINE_BYTES];
	int fd = mw_proc_open(pid, "maps");
	FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
	bool is_found = false;
	if (maps == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!is_found && fgets(line, sizeof(line), maps) != NULL) {
		uint64_t start, end, from, file;
		is_found = sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %" SCNu64,
				   &start, &end, &from, &file) == 4 &&
			   file == inode && offset >= from && offset - from < end - start;
	}
	fclose(maps);
	return is_found;
}

bool mw_proc_visit_all(bool (*visit)(void *context, int32_t pid), void *context)
{
	DIR *directory = opendir("/proc");
	bool is_found = false;
	if (directory == NULL)
		return false;
	for (int32_t pid; !is_found && (pid = next_id(directory)) != 0;)
		is_found = visit(context, pid);
	closedir(directory);
	return is_found;
}

static DIR *open_threads(int32_t pid)
{
	char path[PROC_PATH_BYTES];
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	return opendir(path);
}

int mw_proc_open_statm_of_thread(int32_t pid)
{
	DIR *directory = open_threads(pid);
	if (directory == NULL)
		return -1;
	char name[PROC_NAME_BYTES];
	int32_t tid = next_id(directory);
	while (tid == pid)
		tid = next_id(directory);
	closedir(directory);
	if (tid == 0)
		return -1;
	snprintf(name, sizeof(name), "task/%d/statm", tid);
	return mw_proc_open(pid, name);
}

static void visit_list(
	const char *bytes, ssize_t n, void (*visit)(void *context, int32_t child), void *context)
{
	size_t cursor = 0;
	for (int32_t child; n > 0 && mw_proc_next_pid(bytes, (size_t)n, &cursor, &child);)
		visit(context, child);
}

static void visit_children_of_thread(
	int dir_fd, int32_t tid, void (*visit)(void *context, int32_t child), void *context)
{
	char name[PROC_NAME_BYTES];
	char bytes[CHILDREN_BYTES];
	snprintf(name, sizeof(name), "%d/children", tid);
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	visit_list(bytes, read_list_and_close(fd, bytes, sizeof(bytes)), visit, context);
}

int mw_proc_open_children(int32_t pid)
{
	char name[PROC_NAME_BYTES];
	snprintf(name, sizeof(name), "task/%d/children", pid);
	return mw_proc_open(pid, name);
}

void mw_proc_visit_open_children(int fd, void (*visit)(void *context, int32_t child), void *context)
{
	char bytes[CHILDREN_BYTES];
	ssize_t n_read = 0, n;
	while (n_read < (ssize_t)sizeof(bytes) &&
		(n = pread(fd, bytes + n_read, sizeof(bytes) - (size_t)n_read, n_read)) > 0)
		n_read += n;
	visit_list(bytes, n_read, visit, context);
}

void mw_proc_visit_children(int32_t pid, void (*visit)(void *context, int32_t child), void *context)
{
	DIR *directory = open_threads(pid);
	if (directory == NULL)
		return;
	for (int32_t tid; (tid = next_id(directory)) != 0;)
		visit_children_of_thread(dirfd(directory), tid, visit, context);
	closedir(directory);
}

/* Where kcmp is forbidden or missing, the answer is no: memory is then counted twice at worst. */
bool mw_proc_is_same_memory(int32_t pid, int32_t other_pid)
{
	return syscall(SYS_kcmp, pid, other_pid, KCMP_VM, 0, 0) == 0;
}
