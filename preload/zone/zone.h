/* SPDX: no licence chosen yet, see README */
/*
 * zone.h - the rules of the zone: code that runs inside the target, under its malloc.
 * Included last by every .c of this folder; the compiler enforces what it can.
 *
 *  1. Memory comes from arena.h (the dump) or private_memory.h, never from malloc.
 *  2. System calls go through raw.h: they touch neither errno nor our own hooks.
 *  3. No stdio, locale, getenv, no lock that is held across unwinding, the real allocator or fork.
 *  4. Nothing is kept open; nothing waits. Lock-free or per-thread, else the safe wasteful way,
 *     else a loss is counted (enum mwd_lost).
 *  5. Thread-local state is one initial-exec pointer without destructor.
 *  6. A free is recorded before the real call, an allocation after it succeeded: the address
 *     can be handed to another thread in between. (Where there is no other, the free comes
 *     after the real call, too: its cache misses overlap with the allocator's.)
 *
 * tests/lint compares the zone's undefined symbols with a committed list.
 */
#pragma once

#define MW_HOT __attribute__((hot))
/* The whole hot path in one function: the calls it saves are a third of its instructions. What is
 * MW_COLD stays out. */
#define MW_FLAT __attribute__((hot, flatten))
#define MW_INLINE inline __attribute__((always_inline))
#define MW_COLD __attribute__((cold, noinline))
#define MW_NOINLINE __attribute__((noinline))
#define MW_EXPORT __attribute__((visibility("default")))
/* Tables of which most processes touch little or nothing: behind all other data, which so keeps to
 * a page or two (the linker sorts sections by name). */
#define MW_LARGE __attribute__((section(".bss.zone_large")))
/* The same for what every process touches the first bytes of. */
#define MW_LARGE_FIRST __attribute__((section(".bss.zone_first")))
#define mw_likely(x) __builtin_expect(!!(x), 1)
#define mw_unlikely(x) __builtin_expect(!!(x), 0)
#define mw_array_size(a) (sizeof(a) / sizeof((a)[0]))

#ifndef MW_ZONE_DEFINES_HOOKS
#pragma GCC poison malloc calloc realloc free reallocarray posix_memalign aligned_alloc memalign
#pragma GCC poison valloc pvalloc strdup strndup asprintf vasprintf getline
#pragma GCC poison mmap mmap64 munmap mremap sbrk brk madvise mprotect
#pragma GCC poison open openat close read write pread pwrite fopen fclose printf fprintf snprintf
#pragma GCC poison sprintf vsnprintf puts fputs perror getenv setenv putenv unsetenv
#pragma GCC poison pthread_mutex_lock pthread_create pthread_key_create dl_iterate_phdr
#pragma GCC poison exit abort fork vfork execve posix_spawn errno
#endif
