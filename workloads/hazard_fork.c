/* SPDX: no licence chosen yet, see README */
/*
 * hazard_fork.c - processes made where a profiler inside is at its weakest: while other threads
 * allocate, in signal handlers, without libc's fork(), on shared memory. A child that hangs dies of
 * SIGALRM and is counted. Prints how many children ended well.
 *
 *   threads N FORKS   N threads allocate all the time; children allocate, fork, make threads, exec
 *   handler FORKS     fork in a handler that interrupts malloc and mmap
 *   raw FORKS         _Fork and clone, with a vfork as the child's first act
 *   vfork N TIMES     main and N threads at once; children allocate, then exec or _exit
 *   spawn N TIMES     N threads at once posix_spawn with an environment of their own
 *   live N            N children alive at the same time, each holding 10,000 bytes
 *   daemon FILE       double fork, session of its own, all descriptors closed; FILE appears
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_S 60
#define MAX_THREADS 64

static int n_well; /* atomic */
static volatile int is_over;

static __attribute__((noinline)) void deep(int depth, size_t bytes)
{
	if (depth > 0) {
		deep(depth - 1, bytes);
	} else {
		char *volatile block = malloc(bytes);
		block = realloc(block, bytes * 2);
		block[bytes] = 1;
		free(block);
	}
	__asm__ volatile("");
}

static void count(pid_t pid)
{
	int status = -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0)
		__atomic_fetch_add(&n_well, 1, __ATOMIC_RELAXED);
}

static void start_threads(pthread_t *threads, int n, void *(*body)(void *), void *argument)
{
	for (int i = 0; i < n; i++)
		pthread_create(&threads[i], NULL, body, argument);
}

static void join_threads(pthread_t *threads, int n)
{
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

/* ---- threads ------------------------------------------------------------------------------- */

static void *allocate_always(void *unused)
{
	for (unsigned i = 0; !is_over; i++)
		deep((int)(i * 7 % 40), 16 + i % 5000);
	return unused;
}

static void *allocate_little(void *unused)
{
	for (int i = 0; i < 50; i++)
		deep(i % 20, 100);
	return unused;
}

static void live_as_child(int way)
{
	pthread_t thread;
	alarm(PATIENCE_S);
	allocate_little(NULL);
	if (way == 1) {
		pid_t pid = fork();
		if (pid == 0)
			live_as_child(0);
		int status = -1;
		waitpid(pid, &status, 0);
		_exit(status != 0);
	} else if (way == 2) {
		pthread_create(&thread, NULL, allocate_little, NULL);
		pthread_join(thread, NULL);
		exit(0);
	} else if (way == 3) {
		execl("/bin/true", "true", (char *)NULL);
	}
	_exit(way == 3);
}

static int run_threads(int n, int n_forks)
{
	pthread_t threads[MAX_THREADS];
	start_threads(threads, n, allocate_always, NULL);
	for (int i = 0; i < n_forks; i++) {
		pid_t pid = fork();
		if (pid == 0)
			live_as_child(i % 4);
		count(pid);
	}
	is_over = 1;
	join_threads(threads, n);
	return n_forks;
}

/* ---- handler ------------------------------------------------------------------------------- */

static volatile sig_atomic_t n_left;

static void map_something(void)
{
	char *volatile at =
		mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	at[4096] = 1;
	munmap(at, 8192);
}

static void fork_in_handler(int number)
{
	(void)number;
	int error = errno;
	if (n_left > 0) {
		pid_t pid = fork();
		if (pid == 0) {
			alarm(PATIENCE_S);
			map_something();
			if (n_left % 2)
				execl("/bin/true", "true", (char *)NULL);
			_exit(n_left % 2);
		}
		count(pid);
		n_left--;
	}
	errno = error;
}

static int run_handler(int n_forks)
{
	struct sigaction action = { .sa_handler = fork_in_handler, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 300 }, { 0, 300 } };
	n_left = n_forks;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; n_left > 0; i++) {
		deep(i % 30, 100);
		map_something();
	}
	return n_forks;
}

/* ---- raw ----------------------------------------------------------------------------------- */

/* In a child that libc does not know of: a vfork before anything else is allocated. */
static void vfork_first(int does_exec)
{
	alarm(PATIENCE_S);
	pid_t pid = vfork();
	if (pid == 0) {
		if (does_exec)
			execl("/bin/true", "true", (char *)NULL);
		map_something();
		_exit(does_exec);
	}
	int status = -1;
	waitpid(pid, &status, 0);
	deep(5, 1000);
	_exit(status != 0);
}

static int run_raw(int n_forks)
{
	for (int i = 0; i < n_forks; i++) {
		pid_t pid =
			i % 2 ? _Fork() : (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
		if (pid == 0)
			vfork_first(i / 2 % 2);
		count(pid);
	}
	return n_forks;
}

/* ---- vfork --------------------------------------------------------------------------------- */

static void *vfork_often(void *times)
{
	for (int i = 0; i < *(int *)times; i++) {
		pid_t pid = vfork();
		if (pid == 0) {
			void *volatile block = malloc(100);
			free(block);
			if (i % 2)
				execl("/bin/true", "true", (char *)NULL);
			_exit(0);
		}
		count(pid);
		deep(i % 20, 300);
	}
	return NULL;
}

static int run_vfork(int n, int n_times)
{
	pthread_t threads[MAX_THREADS];
	start_threads(threads, n, vfork_often, &n_times);
	vfork_often(&n_times);
	join_threads(threads, n);
	return (n + 1) * n_times;
}

/* ---- spawn --------------------------------------------------------------------------------- */

static void *spawn_often(void *times)
{
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)"test \"$A$B\" = 12", NULL };
	char *const envp[] = { (char *)"A=1", (char *)"B=2", NULL };
	for (int i = 0; i < *(int *)times; i++) {
		pid_t pid = -1;
		if (posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, envp) == 0)
			count(pid);
		deep(i % 20, 300);
	}
	return NULL;
}

static int run_spawn(int n, int n_times)
{
	pthread_t threads[MAX_THREADS];
	start_threads(threads, n, spawn_often, &n_times);
	join_threads(threads, n);
	return n * n_times;
}

/* ---- live ---------------------------------------------------------------------------------- */

static int run_live(int n)
{
	int ready[2], go[2];
	char byte = 0;
	if (pipe(ready) != 0 || pipe(go) != 0)
		return -1;
	for (int i = 0; i < n; i++) {
		if (fork() != 0)
			continue;
		close(go[1]);
		char *volatile block = malloc(10000);
		memset(block, 1, 10000);
		(void)!write(ready[1], &byte, 1);
		(void)!read(go[0], &byte, 1);
		free(block);
		_exit(0);
	}
	for (int i = 0; i < n; i++)
		(void)!read(ready[0], &byte, 1);
	close(go[1]);
	for (int i = 0; i < n; i++)
		count(-1);
	return n;
}

/* ---- daemon -------------------------------------------------------------------------------- */

static void live_as_daemon(const char *file)
{
	char draft[4096];
	umask(0);
	if (chdir("/") != 0)
		_exit(1);
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
	open("/dev/null", O_RDWR);
	allocate_little(NULL);
	snprintf(draft, sizeof(draft), "%s.draft", file);
	int fd = open(draft, O_WRONLY | O_CREAT, 0600);
	(void)!dprintf(fd, "a daemon with descriptor %d and parent %s\n", fd,
		getppid() == getsid(0) ? "in its session" : "elsewhere");
	close(fd);
	rename(draft, file);
	usleep(100000);
	allocate_little(NULL);
	exit(0);
}

static int run_daemon(const char *file)
{
	pid_t pid = fork();
	if (pid == 0) {
		setsid();
		if (fork() == 0)
			live_as_daemon(file);
		_exit(0);
	}
	count(pid);
	return 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int a = argc > 2 ? atoi(argv[2]) : 0, b = argc > 3 ? atoi(argv[3]) : 0;
	int n = -1;
	if (strcmp(what, "threads") == 0 && a <= MAX_THREADS)
		n = run_threads(a, b);
	else if (strcmp(what, "handler") == 0)
		n = run_handler(a);
	else if (strcmp(what, "raw") == 0)
		n = run_raw(a);
	else if (strcmp(what, "vfork") == 0 && a <= MAX_THREADS)
		n = run_vfork(a, b);
	else if (strcmp(what, "spawn") == 0 && a <= MAX_THREADS)
		n = run_spawn(a, b);
	else if (strcmp(what, "live") == 0)
		n = run_live(a);
	else if (strcmp(what, "daemon") == 0 && argc > 2)
		n = run_daemon(argv[2]);
	printf("%d of %d children ended well\n", n_well, n);
	return n_well != n;
}
