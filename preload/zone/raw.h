/* SPDX: no licence chosen yet, see README */
/*
 * raw.h - system calls without libc: they leave errno alone, are never hooked, and work before
 * libc is initialised. Return values are the kernel's: -errno on failure. Async-signal-safe.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#if defined(__x86_64__)
static inline long mw_raw6(long n, long a, long b, long c, long d, long e, long f)
{
	long result;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__aarch64__)
static inline long mw_raw6(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#error "memwatch-preload knows the system calls of x86-64 and aarch64 only"
#endif

#define mw_raw(n, a, b, c) mw_raw6((n), (long)(a), (long)(b), (long)(c), 0, 0, 0)

/* A seccomp filter may kill whoever opens a file or asks for its own ids: once the program has
 * locked itself in (hook_sandbox.c), the zone does neither. */
extern uint32_t mw_is_sandboxed;

static inline int mw_raw_open(const char *path, int flags, int mode)
{
	if (__builtin_expect(mw_is_sandboxed != 0, 0))
		return -1; /* -EPERM */
	return (int)mw_raw6(SYS_openat, -100 /* AT_FDCWD */, (long)path, flags, mode, 0, 0);
}

static inline long mw_raw_close(int fd)
{
	return mw_raw(SYS_close, fd, 0, 0);
}

static inline long mw_raw_read(int fd, void *buffer, size_t bytes)
{
	return mw_raw(SYS_read, fd, buffer, bytes);
}

static inline long mw_raw_readlink(const char *path, char *buffer, size_t bytes)
{
	return mw_raw6(SYS_readlinkat, -100, (long)path, (long)buffer, (long)bytes, 0, 0);
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; older kernels say EINVAL, and faults do it */
#endif

/* Return: address, or NULL on failure. */
static inline void *mw_raw_mmap(
	void *at, size_t bytes, int prot, int flags, int fd, uint64_t offset)
{
	long r = mw_raw6(SYS_mmap, (long)at, (long)bytes, prot, flags, fd, (long)offset);
	return r < 0 && r > -4096 ? NULL : (void *)r;
}

static inline long mw_raw_munmap(void *at, size_t bytes)
{
	return mw_raw(SYS_munmap, at, bytes, 0);
}

/* Advice is never vital: not given in a sandbox. */
static inline long mw_raw_madvise(void *at, size_t bytes, int advice)
{
	if (__builtin_expect(mw_is_sandboxed != 0, 0))
		return -1; /* -EPERM */
	return mw_raw(SYS_madvise, at, bytes, advice);
}

static inline long mw_raw_fallocate(int fd, uint64_t offset, uint64_t bytes)
{
	return mw_raw6(SYS_fallocate, fd, 0, (long)offset, (long)bytes, 0, 0);
}

/* Of the process, all threads. */
static inline long mw_raw_getrusage(struct rusage *usage_out)
{
	if (__builtin_expect(mw_is_sandboxed != 0, 0))
		return -1; /* -EPERM */
	return mw_raw(SYS_getrusage, RUSAGE_SELF, usage_out, 0);
}

/* Wakes those of other processes that wait for @word, which is in shared memory, to change. */
static inline void mw_raw_wake(const uint32_t *word)
{
	if (__builtin_expect(mw_is_sandboxed == 0, 1))
		mw_raw6(SYS_futex, (long)word, FUTEX_WAKE, INT_MAX, 0, 0, 0);
}

static inline int mw_raw_getpid(void)
{
	return (int)mw_raw(SYS_getpid, 0, 0, 0);
}

static inline int mw_raw_getppid(void)
{
	return (int)mw_raw(SYS_getppid, 0, 0, 0);
}

static inline int mw_raw_gettid(void)
{
	return (int)mw_raw(SYS_gettid, 0, 0, 0);
}

/* Whether thread @tid of process @pid exists; true when the kernel will not say. */
static inline int mw_raw_is_thread_alive(int pid, int tid)
{
	return mw_raw(SYS_tgkill, pid, tid, 0) != -3 /* ESRCH */;
}

/* CLOCK_MONOTONIC; asked for at begin and end of an image. Not of the vdso, which costs a process
 * that needs the time twice its first look at two pages: 4 us, the system calls 0.4; but for a
 * sandbox, which may forbid those. (It sets errno on failure only, and cannot fail here.) */
static inline int64_t mw_clock_ns(void)
{
	struct timespec now = { 0 };
	if (__builtin_expect(mw_is_sandboxed != 0, 0))
		clock_gettime(CLOCK_MONOTONIC, &now);
	else
		mw_raw(SYS_clock_gettime, CLOCK_MONOTONIC, &now, 0);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The same clock in steps of the timer tick (1-4 ms), through the vdso. */
static inline int64_t mw_clock_coarse_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
