/* SPDX: no licence chosen yet, see README */
/* inject.c - see inject.h. Zone; serves the exec hooks. Runs in vfork children, too. */
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/environment.h"
#include "preload/inspect.h"
#include "preload/zone/arena.h"
#include "preload/zone/image.h"
#include "preload/zone/inject.h"
#include "preload/zone/log.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/raw.h"
#include "preload/zone/totals.h"
#include "preload/zone/zone.h"

extern char **environ;

bool mw_inject_is_active(void)
{
	return mw_control != NULL;
}

static const char *shim_path(void)
{
	struct dl_find_object found;
	if (_dl_find_object((void *)mw_inject_is_active, &found) != 0 || !found.dlfo_link_map)
		return "";
	return found.dlfo_link_map->l_name;
}

/* Value of @entry if it is variable @name, else NULL. */
static const char *value_of(const char *entry, const char *name)
{
	size_t length = strlen(name);
	return strncmp(entry, name, length) == 0 && entry[length] == '=' ? entry + length + 1
									 : NULL;
}

/* ld.so takes the last of several definitions, getenv the first; ld.so's counts for us. */
static const char *last_value(char *const *envp, const char *name)
{
	const char *last = NULL;
	for (; envp && *envp; envp++) {
		const char *value = value_of(*envp, name);
		last = value ? value : last;
	}
	return last;
}

static bool is_separator(char c)
{
	return c == ':' || c == ' ';
}

/* After a chroot, or in another mount name space, the loader would complain. */
static bool is_shim_in_reach(void)
{
	return mw_raw6(SYS_faccessat, AT_FDCWD, (long)shim_path(), R_OK, 0, 0, 0) == 0;
}

bool mw_inject_is_healthy(char *const *envp)
{
	const char *run_dir = last_value(envp, MW_ENV_RUN_DIR);
	const char *preload = last_value(envp, MW_ENV_PRELOAD);
	const char *shim = shim_path();
	size_t length = strlen(shim);
	return run_dir && strcmp(run_dir, mw_arena_run_dir()) == 0 && preload &&
	       strncmp(preload, shim, length) == 0 &&
	       (!preload[length] || is_separator(preload[length])) && is_shim_in_reach();
}

struct mw_inject_size mw_inject_measure(char *const *envp)
{
	size_t n = 0;
	while (envp && envp[n])
		n++;
	const char *preload = last_value(envp, MW_ENV_PRELOAD);
	return (struct mw_inject_size){ n + 3,
		sizeof(MW_ENV_RUN_DIR "=") + strlen(mw_arena_run_dir()) +
			sizeof(MW_ENV_PRELOAD "=") + strlen(shim_path()) +
			(preload ? strlen(preload) : 0) + 2 };
}

static char *append(char *at, const char *text)
{
	size_t length = strlen(text);
	memcpy(at, text, length + 1);
	return at + length;
}

/* Copy the list without @shim. */
static char *append_others(char *at, const char *list, const char *shim, bool has_before)
{
	size_t shim_length = strlen(shim);
	while (*list) {
		size_t length = 0;
		while (list[length] && !is_separator(list[length]))
			length++;
		if (length && (length != shim_length || memcmp(list, shim, length) != 0)) {
			if (has_before)
				*at++ = ':';
			memcpy(at, list, length);
			at += length;
			has_before = true;
		}
		list += length + (list[length] != '\0');
	}
	*at = '\0';
	return at;
}

/* A loader of another class, or another libc's, would complain about our shim, or die of it; so
 * would a sanitizer; and any loader that cannot find it. */
static bool loader_takes_shim(enum mwd_verdict verdict)
{
	return verdict != MWD_VERDICT_OTHER_CLASS && verdict != MWD_VERDICT_OTHER_LOADER &&
	       verdict != MWD_VERDICT_SANITIZER && verdict != MWD_VERDICT_OUT_OF_REACH;
}

char **mw_inject_environment(
	char *const *envp, enum mwd_verdict verdict, char **pointers, char *bytes)
{
	const char *preload = last_value(envp, MW_ENV_PRELOAD);
	const char *shim = shim_path();
	char *run_entry = bytes;
	bytes = append(append(bytes, MW_ENV_RUN_DIR "="), mw_arena_run_dir()) + 1;
	char *preload_entry = bytes;
	char *value = append(bytes, MW_ENV_PRELOAD "=");
	bool takes_shim = loader_takes_shim(verdict);
	char *end = append_others(
		takes_shim ? append(value, shim) : value, preload ? preload : "", shim, takes_shim);

	size_t n = 0;
	for (; envp && *envp; envp++)
		if (!value_of(*envp, MW_ENV_PRELOAD) && !value_of(*envp, MW_ENV_RUN_DIR))
			pointers[n++] = *envp;
	if (end > value)
		pointers[n++] = preload_entry;
	pointers[n++] = run_entry;
	pointers[n] = NULL;
	return pointers;
}

void *mw_inject_map(struct mw_inject_room *room)
{
	room->mapped = mw_private_map(room->bytes);
	return room->mapped;
}

void mw_inject_release(struct mw_inject_room *room)
{
	if (room->mapped)
		mw_private_unmap(room->mapped, room->bytes);
}

static long read_at(int fd, void *buffer, size_t bytes, uint64_t offset)
{
	return mw_raw6(SYS_pread64, fd, (long)buffer, (long)bytes, (long)offset, 0, 0);
}

static bool read_head(int directory_fd, const char *path, uint8_t *head, long *n_out,
	struct mw_inspect_facts *facts)
{
	int fd = (int)mw_raw6(SYS_openat, directory_fd, (long)path,
		O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0, 0, 0);
	if (fd < 0)
		return false;
	struct stat status;
	bool is_file = mw_raw(SYS_fstat, fd, &status, 0) == 0 && S_ISREG(status.st_mode);
	*n_out = is_file ? mw_raw_read(fd, head, MW_INSPECT_HEAD_BYTES) : -1;
	facts->has_capabilities =
		is_file && mw_raw6(SYS_fgetxattr, fd, (long)"security.capability", 0, 0, 0, 0) > 0;
	facts->has_sanitizer =
		*n_out > 0 && mw_inspect_has_sanitizer(head, (size_t)*n_out, read_at, fd);
	mw_raw_close(fd);
	if (*n_out < 0)
		return false;
	facts->mode = status.st_mode;
	facts->file_uid = status.st_uid;
	facts->file_gid = status.st_gid;
	return true;
}

enum mwd_verdict mw_inject_inspect(int directory_fd, const char *path)
{
	uint8_t head[MW_INSPECT_HEAD_BYTES];
	struct mw_inspect_result result;
	struct mw_inspect_facts facts = { .real_uid = (uint32_t)mw_raw(SYS_getuid, 0, 0, 0),
		.real_gid = (uint32_t)mw_raw(SYS_getgid, 0, 0, 0),
		.effective_uid = (uint32_t)mw_raw(SYS_geteuid, 0, 0, 0),
		.effective_gid = (uint32_t)mw_raw(SYS_getegid, 0, 0, 0) };
	char interpreter[MW_INSPECT_SCRIPT_BYTES];
	long n;
	for (int depth = 0; depth <= MW_INSPECT_SCRIPT_DEPTH; depth++) {
		facts.path = path;
		if (!read_head(directory_fd, path, head, &n, &facts))
			return MWD_VERDICT_UNKNOWN;
		mw_inspect_program(head, (size_t)n, &facts, &result);
		if (!result.script_interpreter[0])
			return result.verdict == MWD_VERDICT_FOLLOWED && !is_shim_in_reach()
				       ? MWD_VERDICT_OUT_OF_REACH
				       : result.verdict;
		memcpy(interpreter, result.script_interpreter, sizeof(interpreter));
		path = interpreter;
		directory_fd = AT_FDCWD;
	}
	return MWD_VERDICT_UNKNOWN;
}

const char *mw_inject_search(const char *file, char buffer[MW_PATH_BYTES])
{
	if (strchr(file, '/'))
		return file;
	const char *path = last_value(environ, "PATH");
	size_t file_length = strlen(file);
	for (path = path ? path : "/bin:/usr/bin"; *path;) {
		size_t length = strcspn(path, ":");
		if (length && length + file_length + 2 <= MW_PATH_BYTES) {
			memcpy(buffer, path, length);
			buffer[length] = '/';
			memcpy(buffer + length + 1, file, file_length + 1);
			if (mw_raw6(SYS_faccessat, AT_FDCWD, (long)buffer, X_OK, 0, 0, 0) == 0)
				return buffer;
		}
		path += length + (path[length] == ':');
	}
	return NULL;
}

struct mwd_log_exec *mw_inject_log(const char *path, int pid, enum mwd_verdict verdict)
{
	mw_totals_publish(); /* whoever waits for a child holds nothing back from the tree */
	size_t length = strlen(path);
	struct mwd_log_exec *entry = mw_log_begin(sizeof(*entry) + length + 1);
	if (!entry) {
		mw_image_lost(MWD_LOST_EXEC_LOG, 1);
		return NULL;
	}
	entry->time_ns = mw_clock_ns();
	entry->pid = pid;
	entry->verdict = verdict;
	entry->path_bytes = (uint32_t)length;
	memcpy(entry->path, path, length + 1);
	mw_log_commit(&entry->entry, MWD_LOG_EXEC);
	return entry;
}
