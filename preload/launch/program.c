/* SPDX: no licence chosen yet, see README */
/*
 * program.c - which file a command names, and whether the shim can enter it. Hosted; before
 * hook. The reading around preload/inspect.c, whose judgement is pure.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "preload/inspect.h"
#include "preload/launch/program.h"

/* glibc's default when PATH is unset (confstr(_CS_PATH)). */
#define DEFAULT_SEARCH_PATH "/bin:/usr/bin"

static int judge_moved_loader(int fd, const struct mw_inspect_result *result)
{
	char name[MW_INSPECT_HEAD_BYTES];
	ssize_t n = pread(fd, name, result->loader_bytes, (off_t)result->loader_offset);
	return n > 0 ? (int)mw_inspect_loader(name, (size_t)n) : MWD_VERDICT_UNKNOWN;
}

static struct mw_inspect_facts gather_facts(int fd, const char *path)
{
	struct stat status = { 0 };
	fstat(fd, &status);
	return (struct mw_inspect_facts){
		.path = path,
		.mode = status.st_mode,
		.file_uid = status.st_uid,
		.file_gid = status.st_gid,
		.real_uid = getuid(),
		.real_gid = getgid(),
		.effective_uid = geteuid(),
		.effective_gid = getegid(),
		.has_capabilities = fgetxattr(fd, "security.capability", NULL, 0) > 0,
	};
}

static long read_at(int fd, void *buffer, size_t bytes, uint64_t offset)
{
	return (long)pread(fd, buffer, bytes, (off_t)offset);
}

/* One file; @result_out says where to go on if it is a script. False if it cannot be read. */
static bool inspect_file(const char *path, struct mw_inspect_result *result_out)
{
	uint8_t head[MW_INSPECT_HEAD_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return false;
	struct mw_inspect_facts facts = gather_facts(fd, path);
	ssize_t n = pread(fd, head, sizeof(head), 0);
	facts.has_sanitizer = n > 0 && mw_inspect_has_sanitizer(head, (size_t)n, read_at, fd);
	mw_inspect_program(head, n > 0 ? (size_t)n : 0, &facts, result_out);
	if (result_out->loader_offset != 0)
		result_out->verdict = (enum mwd_verdict)judge_moved_loader(fd, result_out);
	close(fd);
	return true;
}

/* An executable that may not be read (mode 0111) is UNKNOWN, not an error. */
static enum mwd_verdict judge(const char *path)
{
	struct mw_inspect_result result;
	char current[PATH_MAX];
	snprintf(current, sizeof(current), "%s", path);
	for (int depth = 0; depth <= MW_INSPECT_SCRIPT_DEPTH; depth++) {
		if (!inspect_file(current, &result))
			return MWD_VERDICT_UNKNOWN;
		if (result.script_interpreter[0] == '\0')
			return result.verdict;
		snprintf(current, sizeof(current), "%s", result.script_interpreter);
	}
	return MWD_VERDICT_UNKNOWN;
}

/* 0, or the errno that execve would give for the file itself. */
static int try_file(const char *path)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return errno;
	if (!S_ISREG(status.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

/* Fills @path_out with the first executable in PATH; else returns what execvp would set. */
static int search(const char *command, char *path_out)
{
	const char *list = getenv("PATH");
	int error = ENOENT;
	if (list == NULL)
		list = DEFAULT_SEARCH_PATH;
	for (const char *start = list, *end;; start = end + 1) {
		end = strchrnul(start, ':');
		char candidate[PATH_MAX];
		int n = snprintf(candidate, sizeof(candidate), "%.*s%s%s", (int)(end - start),
			start, end == start ? "" : "/", command);
		int outcome = n < PATH_MAX ? try_file(candidate) : ENAMETOOLONG;
		if (outcome == 0) {
			memcpy(path_out, candidate, (size_t)n + 1);
			return 0;
		}
		if (outcome == EACCES)
			error = EACCES;
		if (*end == '\0')
			return error;
	}
}

static int locate(const char *command, char *path_out)
{
	if (*command == '\0')
		return ENOENT;
	if (strchr(command, '/') == NULL)
		return search(command, path_out);
	if (strlen(command) >= PATH_MAX)
		return ENAMETOOLONG;
	strcpy(path_out, command);
	return try_file(command);
}

int mw_program_find(
	const char *command, struct mw_program *program_out, struct mw_failure *failure_out)
{
	int error = locate(command, program_out->path);
	if (error == ENOENT || error == ENOTDIR)
		return mw_failure_set(
			MW_EXIT_NOT_FOUND, failure_out, "%s: command not found", command);
	if (error != 0)
		return mw_failure_set(MW_EXIT_NOT_EXECUTABLE, failure_out, "%s: cannot execute: %s",
			command, strerror(error));
	program_out->verdict = judge(program_out->path);
	return MW_EXIT_OK;
}

bool mw_program_may_preload(enum mwd_verdict verdict)
{
	return verdict != MWD_VERDICT_OTHER_CLASS && verdict != MWD_VERDICT_OTHER_LOADER &&
	       verdict != MWD_VERDICT_SANITIZER;
}

const char *mw_program_reason(enum mwd_verdict verdict)
{
	static const char *const reasons[] = {
		[MWD_VERDICT_FOLLOWED] = "followed",
		[MWD_VERDICT_STATIC] = "statically linked",
		[MWD_VERDICT_SETUID] = "runs with another user, group or capabilities",
		[MWD_VERDICT_OTHER_CLASS] = "32-bit, or of another machine",
		[MWD_VERDICT_OTHER_LOADER] = "not of this C library",
		[MWD_VERDICT_SANITIZER] = "built with a sanitizer",
		[MWD_VERDICT_UNKNOWN] = "not an ELF file that can be read",
		[MWD_VERDICT_OUT_OF_REACH] = "the shim is out of reach",
	};
	return reasons[verdict];
}
