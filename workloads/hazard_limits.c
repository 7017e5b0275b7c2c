/* SPDX: no licence chosen yet, see README */
/*
 * hazard_limits.c - programs that are forbidden things, or ask for odd ones.
 *
 *   seccomp prctl|syscall [vfork]   a filter that kills whoever opens a file or asks for an id;
 *                                   vfork: the child locks itself in, the parent goes on
 *   badexec                         exec and spawn without a path: EFAULT
 *   sites N                         2^N stacks, 16 bytes each, all live at the end
 *   remap                           a file mapping of 1 MiB, mapped once more by mremap
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALLOW(number)                                                                              \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1),                                       \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int lock_in(int is_by_syscall)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_write),
		ALLOW(SYS_exit),
		ALLOW(SYS_exit_group),
		ALLOW(SYS_brk),
		ALLOW(SYS_mmap),
		ALLOW(SYS_munmap),
		ALLOW(SYS_mremap),
		ALLOW(SYS_fstat),
#ifdef SYS_newfstatat
		ALLOW(SYS_newfstatat),
#endif
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	if (is_by_syscall)
		return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void *volatile sink;

static __attribute__((noinline)) void go(unsigned path, int depth)
{
	if (depth == 0) {
		sink = malloc(16);
	} else if (path & 1) {
		go(path >> 1, depth - 1);
	} else {
		go(path >> 1, depth - 1);
		__asm__ volatile("" ::: "memory");
	}
	__asm__ volatile("");
}

static int run_sites(int depth)
{
	for (unsigned path = 0; path < 1u << depth; path++)
		go(path, depth);
	return puts("done") < 0;
}

static int run_seccomp(int is_by_syscall, int is_in_vfork)
{
	sink = malloc(1); /* glibc asks for random bytes once */
	if (is_in_vfork) {
		if (vfork() == 0)
			_exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0);
		wait(NULL);
	} else if (lock_in(is_by_syscall) != 0) {
		return 77;
	}
	run_sites(12); /* more than fits what was mapped before */
	return 3;
}

static int run_badexec(void)
{
	const char *volatile nothing = NULL;
	char *const argv[] = { (char *)"x", NULL };
	pid_t pid;
	printf("%d", execve(nothing, argv, environ));
	printf(" %d", errno);
	return printf(" %d\n", posix_spawn(&pid, nothing, NULL, NULL, argv, environ)) < 0;
}

static int run_remap(void)
{
	int fd = memfd_create("remap", 0);
	size_t bytes = 1 << 20;
	if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0)
		return 1;
	char *first = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *second = mremap(first, 0, bytes, MREMAP_MAYMOVE);
	if (first == MAP_FAILED || second == MAP_FAILED)
		return 1;
	first[5] = 1;
	return second[5] == 1 ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "seccomp") == 0)
		return run_seccomp(strcmp(argv[2], "syscall") == 0, argc > 3);
	if (argc > 2 && strcmp(argv[1], "sites") == 0)
		return run_sites(atoi(argv[2]));
	if (argc > 1 && strcmp(argv[1], "badexec") == 0)
		return run_badexec();
	if (argc > 1 && strcmp(argv[1], "remap") == 0)
		return run_remap();
	puts("usage: hazard_limits remap | seccomp prctl|syscall [vfork] | badexec | sites N");
	return 2;
}
