/* SPDX: no licence chosen yet, see README */
/*
 * hazard_limits.c - programs that are forbidden things, or ask for odd ones.
 *
 *   seccomp prctl|syscall [vfork]   a filter that kills whoever opens a file or asks for an id;
 *                                   vfork: the child locks itself in, the parent goes on
 *   seccomp threads                 the same for 16 threads that start after it
 *   seccomp exec                    a filter that kills whoever writes at an offset; then "sites
 * 14" badexec                         exec and spawn without a path: EFAULT sites N 2^N stacks, 16
 * bytes each, all live at the end remap                           a file mapping of 1 MiB, mapped
 * once more by mremap descriptors                     closes all there are, uses 3..1023 itself,
 * has none left stack                           itself again with a main stack of 128 KiB
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
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
		ALLOW(SYS_clone),
		ALLOW(SYS_clone3),
		ALLOW(SYS_set_robust_list),
		ALLOW(SYS_rseq),
		ALLOW(SYS_mprotect),
		ALLOW(SYS_madvise),
		ALLOW(SYS_futex),
		ALLOW(SYS_rt_sigprocmask),
		ALLOW(SYS_rt_sigaction),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	if (is_by_syscall)
		return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#define KILL(number)                                                                               \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1),                                       \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

/* Filters outlive exec: what is executed did not ask for it, and cannot know. */
static int run_locked_in(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		KILL(SYS_pwrite64),
		KILL(SYS_pwritev),
		KILL(SYS_pwritev2),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return 77;
	execl("/proc/self/exe", "hazard_limits", "sites", "14", NULL);
	return 4;
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

static void *allocate_in_thread(void *bytes)
{
	void *volatile block = NULL;
	for (int i = 0; i < 100; i++) {
		free(block);
		block = malloc((size_t)(uintptr_t)bytes);
	}
	return block;
}

static int run_seccomp_threads(void)
{
	pthread_t threads[16];
	sink = malloc(1);
	mallopt(M_ARENA_MAX, 1); /* another arena asks for the number of processors */
	if (lock_in(0) != 0)
		return 77;
	for (size_t i = 0; i < 16; i++)
		if (pthread_create(&threads[i], NULL, allocate_in_thread, (void *)(i * 100)) != 0)
			return 4;
	for (size_t i = 0; i < 16; i++)
		pthread_join(threads[i], NULL);
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

/* ---- descriptors --------------------------------------------------------------------------- */

static void close_all(void)
{
	for (int fd = 3; fd < 1024; fd++)
		close(fd);
}

/* Each file gets its own number, in pieces, while ever new stacks make the zone open its dump. */
static int use_all_descriptors(void)
{
	char name[16], text[16];
	int n_wrong = 0;
	for (int fd = 3; fd < 1020; fd++) {
		snprintf(name, sizeof(name), "file%d", fd);
		n_wrong += open(name, O_RDWR | O_CREAT | O_TRUNC, 0600) != fd;
	}
	for (int round = 0; round < 3; round++)
		for (int fd = 3; fd < 1020; fd++) {
			int n = snprintf(text, sizeof(text), "%d,", fd);
			n_wrong += write(fd, text, (size_t)n) != n;
			go((unsigned)(fd * 3 + round), 12);
		}
	return n_wrong;
}

static int run_descriptors(void)
{
	struct rlimit limit = { 1024, 1024 };
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < 20; i++) {
		close_all();
		run_sites(4);
	}
	printf("%d wrong", use_all_descriptors());
	close_all();
	limit.rlim_cur = limit.rlim_max = 3;
	setrlimit(RLIMIT_NOFILE, &limit);
	run_sites(13); /* nothing can be opened any more */
	return printf(", %d more\n", open("/dev/null", O_RDONLY)) < 0;
}

/* ---- stack --------------------------------------------------------------------------------- */

static int run_stack(const char *self, int is_limited)
{
	struct rlimit limit = { 128 << 10, 128 << 10 };
	if (!is_limited) {
		setrlimit(RLIMIT_STACK, &limit);
		execl(self, self, "stack", "limited", (char *)NULL);
		return 1;
	}
	run_sites(12);
	return system("echo a child") != 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "seccomp") == 0 && strcmp(argv[2], "threads") == 0)
		return run_seccomp_threads();
	if (argc > 2 && strcmp(argv[1], "seccomp") == 0 && strcmp(argv[2], "exec") == 0)
		return run_locked_in();
	if (argc > 1 && strcmp(argv[1], "descriptors") == 0)
		return run_descriptors();
	if (argc > 1 && strcmp(argv[1], "stack") == 0)
		return run_stack(argv[0], argc > 2);
	if (argc > 2 && strcmp(argv[1], "seccomp") == 0)
		return run_seccomp(strcmp(argv[2], "syscall") == 0, argc > 3);
	if (argc > 2 && strcmp(argv[1], "sites") == 0)
		return run_sites(atoi(argv[2]));
	if (argc > 1 && strcmp(argv[1], "badexec") == 0)
		return run_badexec();
	if (argc > 1 && strcmp(argv[1], "remap") == 0)
		return run_remap();
	puts("usage: see the head of hazard_limits.c");
	return 2;
}
