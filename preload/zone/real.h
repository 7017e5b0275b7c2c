/* SPDX: no licence chosen yet, see README */
/*
 * real.h - the functions we stand in front of: one list, one table.
 *
 * Each entry is X(group, return type, name, parameters). Groups are resolved together:
 *   ALLOC    at boot, since free() must know where to go
 *   MAP, PROCESS, DL, CXX  by the constructor, or at an earlier first use: a look-up takes the
 *                          loader's lock, so no hook should do one once there are threads
 * Until resolution the ALLOC entries point at a small bump allocator (dlsym itself may calloc).
 * Resolution is RTLD_NEXT: a preloaded or linked allocator behind us stays in charge.
 */
#pragma once

#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define MW_REAL_ALLOC(X)                                                                           \
	X(ALLOC, void *, malloc, (size_t))                                                         \
	X(ALLOC, void *, calloc, (size_t, size_t))                                                 \
	X(ALLOC, void *, realloc, (void *, size_t))                                                \
	X(ALLOC, void *, reallocarray, (void *, size_t, size_t))                                   \
	X(ALLOC, void, free, (void *))                                                             \
	X(ALLOC, int, posix_memalign, (void **, size_t, size_t))                                   \
	X(ALLOC, void *, aligned_alloc, (size_t, size_t))                                          \
	X(ALLOC, void *, memalign, (size_t, size_t))                                               \
	X(ALLOC, void *, valloc, (size_t))                                                         \
	X(ALLOC, void *, pvalloc, (size_t))                                                        \
	X(ALLOC, size_t, malloc_usable_size, (void *))

#define MW_REAL_MAP(X)                                                                             \
	X(MAP, void *, mmap, (void *, size_t, int, int, int, off_t))                               \
	X(MAP, void *, mmap64, (void *, size_t, int, int, int, off_t))                             \
	X(MAP, int, munmap, (void *, size_t))                                                      \
	X(MAP, void *, mremap, (void *, size_t, size_t, int, ...))                                 \
	X(MAP, int, brk, (void *))                                                                 \
	X(MAP, void *, sbrk, (intptr_t))

#define MW_REAL_PROCESS(X)                                                                         \
	X(PROCESS, pid_t, fork, (void))                                                            \
	X(PROCESS, pid_t, vfork, (void))                                                           \
	X(PROCESS, int, execve, (const char *, char *const *, char *const *))                      \
	X(PROCESS, int, execvpe, (const char *, char *const *, char *const *))                     \
	X(PROCESS, int, fexecve, (int, char *const *, char *const *))                              \
	X(PROCESS, int, execveat, (int, const char *, char *const *, char *const *, int))          \
	X(PROCESS, int, posix_spawn,                                                               \
		(pid_t *, const char *, const posix_spawn_file_actions_t *,                        \
			const posix_spawnattr_t *, char *const *, char *const *))                  \
	X(PROCESS, int, posix_spawnp,                                                              \
		(pid_t *, const char *, const posix_spawn_file_actions_t *,                        \
			const posix_spawnattr_t *, char *const *, char *const *))                  \
	X(PROCESS, int, prctl, (int, ...))                                                         \
	X(PROCESS, int, system, (const char *))                                                    \
	X(PROCESS, FILE *, popen, (const char *, const char *))                                    \
	X(PROCESS, void, _exit, (int))                                                             \
	X(PROCESS, void, _Exit, (int))                                                             \
	X(PROCESS, void, quick_exit, (int))

#define MW_REAL_DL(X) X(DL, int, dlclose, (void *))

#define MW_REAL_LIST(X) MW_REAL_ALLOC(X) MW_REAL_MAP(X) MW_REAL_PROCESS(X) MW_REAL_DL(X)

struct mw_real {
#define X(group, result, name, parameters) result(*name) parameters;
	MW_REAL_LIST(X)
#undef X
};

extern struct mw_real mw_real;

/*
 * Resolve the ALLOC group. Called once, at boot, which can be inside the first mmap of an allocator
 * that holds its own lock: only names that libc surely has may be looked up, since a dlsym that
 * fails allocates its message.
 */
void mw_real_resolve_alloc(void);

/* Resolve everything else but C++; safe to call again. */
void mw_real_resolve_rest(void);

/* Resolve operator new and delete, if their library is there; constructor only. */
void mw_cxx_resolve(void);

/* Whether the allocator behind us is glibc's own: then blocks are at least 32 bytes apart. */
int mw_real_malloc_is_glibc(void);

/* Whether the executable defines malloc itself, in front of us: then we never see its blocks. */
int mw_real_is_bypassed(void);

/*
 * A library's ifunc resolver can call malloc while libraries are relocated, before we are: then no
 * pointer of ours is right yet, nor any call of another library's function. Return: whether it is
 * so; then the bump allocator has been put in place.
 */
int mw_real_stand_in(void);

/* Copy @block of the bump allocator to @to, which has @bytes. */
void mw_boot_copy(void *to, const void *block, size_t bytes);

/* The bump allocator's blocks must never reach the real free() or realloc(). */
int mw_boot_owns(const void *block);
size_t mw_boot_block_bytes(const void *block);
