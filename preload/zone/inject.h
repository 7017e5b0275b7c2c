/* SPDX: no licence chosen yet, see README */
/*
 * inject.h - how children are followed: what a program about to be executed is, and the
 * environment it gets.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "preload/format.h"

#define MW_PATH_BYTES 1024u

/* Room that mw_inject_environment() needs for the environment @envp. */
struct mw_inject_size {
	size_t n_pointers, n_bytes;
};

/** mw_inject_is_active() - this process is part of a run. */
bool mw_inject_is_active(void);

/** mw_inject_is_healthy() - @envp already carries what a child needs, first in line. */
bool mw_inject_is_healthy(char *const *envp);

struct mw_inject_size mw_inject_measure(char *const *envp);

/**
 * mw_inject_environment() - @envp with our two variables in it
 * @verdict:  of the program; a loader that would complain about our shim does not get it
 * @pointers, @bytes: caller's memory of the measured size, alive until the exec: the caller's
 *            stack, since a vfork child must leave nothing behind in its parent's memory
 *
 * Other LD_PRELOAD entries are kept, ours goes first.
 * Return: @pointers.
 */
char **mw_inject_environment(
	char *const *envp, enum mwd_verdict verdict, char **pointers, char *bytes);

/* Memory for an environment: the caller's stack, or a mapping where that would be too much of a
 * thread's stack. */
struct mw_inject_room {
	void *mapped; /* NULL = on the stack */
	size_t bytes;
};

#define MW_INJECT_MAX_ON_STACK 4096u

/* Declare @name, @envp with ours in it, alive until @room is released; NULL envp when there is no
 * memory: the kernel then gets what the program gave. */
#define MW_INJECTED(name, room, envp, verdict)                                                     \
	struct mw_inject_size name##_size = mw_inject_measure(envp);                               \
	struct mw_inject_room room = { NULL,                                                       \
		name##_size.n_pointers * sizeof(char *) + name##_size.n_bytes };                   \
	char **name = room.bytes <= MW_INJECT_MAX_ON_STACK ? __builtin_alloca(room.bytes)          \
							   : mw_inject_map(&room);                 \
	name = name ? mw_inject_environment(                                                       \
			      envp, verdict, name, (char *)(name + name##_size.n_pointers))        \
		    : (char **)(envp)

/** mw_inject_map() - @room->bytes outside the stack. Return: NULL when there are none. */
void *mw_inject_map(struct mw_inject_room *room);

/** mw_inject_release() - the exec failed, or the spawn is done. What a vfork child that execs maps
 * stays in its parent. */
void mw_inject_release(struct mw_inject_room *room);

/**
 * mw_inject_inspect() - can @path be followed?
 * @directory_fd: as for openat(2)
 */
enum mwd_verdict mw_inject_inspect(int directory_fd, const char *path);

/**
 * mw_inject_search() - find @file in $PATH as execvp(3) does
 * Return: @buffer, @file itself when it has a slash, or NULL.
 */
const char *mw_inject_search(const char *file, char buffer[MW_PATH_BYTES]);

/** mw_inject_log() - note an exec in the dump. Return: the entry, or NULL. */
struct mwd_log_exec *mw_inject_log(const char *path, int pid, enum mwd_verdict verdict);
