/* SPDX: no licence chosen yet, see README */
/*
 * hazard_exec.c - programs that replace themselves, or fail to, in ways that whoever rewrites the
 * environment must survive.
 *
 *   bad            exec and spawn with what the kernel refuses; prints each errno
 *   thread         a thread executes the next program while four others allocate
 *   chain N HOW    N programs one after the other in one process; HOW: empty (no environment),
 *                  env (through env -i), own (an LD_PRELOAD of its own), system (a tree N deep)
 *   systems N      N threads in system() at once, without an environment; then: is ^C as it was?
 *   cancelled FILE a thread in system() that is cancelled: its shell and ^C
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static char self[4096];

static __attribute__((noinline)) void work(void)
{
	for (size_t bytes = 16; bytes < 100000; bytes *= 2) {
		char *volatile block = malloc(bytes);
		block[bytes - 1] = 1;
		free(block);
	}
}

/* ---- bad ----------------------------------------------------------------------------------- */

static char *const plain_argv[] = { (char *)"x", NULL };
static char *const plain_envp[] = { (char *)"A=1", NULL };

static void try(const char *what, const char *path, char *const argv[], char *const envp[])
{
	errno = 0;
	int result = execve(path, argv, envp);
	printf("%s: execve %d %d", what, result, errno);
	errno = 0;
	result = execveat(AT_FDCWD, path, argv, envp, 0);
	printf(", execveat %d %d\n", result, errno);
	work();
}

/* posix_spawn(3) counts the arguments itself: a bad list ends the program, with us or without. */
static void try_all(const char *what, const char *path, char *const argv[], char *const envp[])
{
	pid_t pid = -1;
	try(what, path, argv, envp);
	errno = 0;
	int result = posix_spawn(&pid, path, NULL, NULL, argv, envp);
	printf("%s: posix_spawn %d %d\n", what, result, errno);
	if (result == 0)
		waitpid(pid, NULL, 0);
}

/* The last @bytes of a page behind which nothing is mapped. */
static char *before_a_hole(size_t bytes)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(pages + 4096, 4096);
	return pages + 4096 - bytes;
}

static void try_pointers(void)
{
	static const uintptr_t nowhere[] = { 16, 4096, 0x7000, 0x123456789000, UINTPTR_MAX - 7,
		(uintptr_t)1 << 63, 0xffff800000000000 };
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(*nowhere); i++) {
		void *volatile bad = (void *)nowhere[i];
		char *const list[] = { (char *)"A=1", bad, NULL };
		try_all("bad path", bad, plain_argv, plain_envp);
		try("bad argv", "/bin/true", bad, plain_envp);
		try_all("bad envp", "/bin/true", plain_argv, bad);
		try("bad argument", "/bin/true", list, plain_envp);
		try_all("bad variable", "/bin/true", plain_argv, list);
	}
	char *path = memcpy(before_a_hole(9), "/bin/true", 9);
	try_all("path without end", path, plain_argv, plain_envp);
	char **list = (char **)before_a_hole(2 * sizeof(*list));
	list[0] = list[1] = (char *)"A=1";
	try_all("list without end", "/bin/true", plain_argv, list);
	char *const endless[] = { memcpy(before_a_hole(3), "A=1", 3), NULL };
	try_all("variable without end", "/bin/true", plain_argv, endless);
	char *hidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	try_all("unreadable path", hidden, plain_argv, plain_envp);
}

static int run_bad(void)
{
	char *huge = malloc(1 << 20), *name = malloc(10000);
	memset(huge, 'x', 1 << 20);
	memcpy(huge, "A=", 2);
	huge[(1 << 20) - 1] = '\0';
	memset(name, '/', 10000);
	name[9999] = '\0';
	char *const too_big[] = { huge, NULL };
	try_all("not there", "/does/not/exist", plain_argv, plain_envp);
	try_all("no directory", "/etc/passwd/x", plain_argv, plain_envp);
	try_all("a directory", "/", plain_argv, plain_envp);
	try_all("no program", "/etc/passwd", plain_argv, plain_envp);
	try_all("a device", "/dev/null", plain_argv, plain_envp);
	try_all("empty path", "", plain_argv, plain_envp);
	try_all("name too long", name, plain_argv, plain_envp);
	try_all("too big", "/bin/true", plain_argv, too_big);
	try_pointers();
	printf("fexecve %d", fexecve(-1, plain_argv, plain_envp));
	printf(" %d %d", errno, fexecve(999, plain_argv, plain_envp));
	printf(" %d %d\n", errno, execvp("no-such-program-anywhere", plain_argv));
	fflush(stdout);
	char *const good[] = { (char *)"sh", (char *)"-c", (char *)"echo the end $A", NULL };
	return execve("/bin/sh", good, plain_envp);
}

/* ---- thread -------------------------------------------------------------------------------- */

static void *allocate(void *unused)
{
	for (;;)
		work();
	return unused;
}

static void *execute(void *unused)
{
	usleep(2000);
	execl("/bin/echo", "echo", "from a thread", (char *)NULL);
	return unused;
}

static int run_thread(void)
{
	pthread_t thread;
	for (int i = 0; i < 4; i++)
		pthread_create(&thread, NULL, allocate, NULL);
	pthread_create(&thread, NULL, execute, NULL);
	pthread_join(thread, NULL);
	return 1;
}

/* ---- chain --------------------------------------------------------------------------------- */

static int run_chain(int n, const char *how)
{
	char next[12], command[8192];
	char *const empty[] = { NULL };
	char *const own[] = { (char *)"LD_PRELOAD=libm.so.6", NULL };
	char *const argv[] = { self, (char *)"chain", next, (char *)how, NULL };
	work();
	if (n == 0) {
		const char *preload = getenv("LD_PRELOAD");
		int is_kept = preload && strstr(preload, "libm.so.6");
		return printf("the end%s\n", is_kept ? ", with its own library" : "") < 0;
	}
	snprintf(next, sizeof(next), "%d", n - 1);
	if (strcmp(how, "empty") == 0)
		execve(self, argv, empty);
	else if (strcmp(how, "own") == 0)
		execve(self, argv, own);
	else if (strcmp(how, "env") == 0)
		execl("/usr/bin/env", "env", "-i", self, "chain", next, how, (char *)NULL);
	snprintf(command, sizeof(command), "'%s' chain %s %s", self, next, how);
	clearenv();
	return strcmp(how, "system") == 0 ? system(command) != 0 : 3;
}

/* ---- systems ------------------------------------------------------------------------------- */

static void *run_shell(void *i)
{
	char command[64];
	snprintf(command, sizeof(command), "sleep 0.0%d; exit %d", *(int *)i, *(int *)i);
	int *result = i;
	*result = WEXITSTATUS(system(command)) - *result;
	return NULL;
}

static void tell_of_signals(void)
{
	struct sigaction interrupt, quit;
	sigaction(SIGINT, NULL, &interrupt);
	sigaction(SIGQUIT, NULL, &quit);
	printf("SIGINT %s, SIGQUIT %s\n", interrupt.sa_handler == SIG_DFL ? "default" : "changed",
		quit.sa_handler == SIG_DFL ? "default" : "changed");
}

static int run_systems(int n)
{
	pthread_t threads[64];
	int results[64], n_wrong = 0;
	clearenv();
	setenv("PATH", "/usr/bin:/bin", 1);
	for (int i = 0; i < n; i++) {
		results[i] = i % 10;
		pthread_create(&threads[i], NULL, run_shell, &results[i]);
	}
	for (int i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		n_wrong += results[i] != 0;
	}
	printf("%d wrong; ", n_wrong);
	tell_of_signals();
	return n_wrong != 0;
}

static void *run_long_shell(void *file)
{
	char command[600];
	snprintf(command, sizeof(command), "echo >'%s'; exec sleep 30", (const char *)file);
	return system(command) < 0 ? file : NULL;
}

/* @file: made by the shell, so the thread is on its way to wait for it. */
static int run_cancelled(char *file)
{
	pthread_t thread;
	void *result;
	clearenv();
	setenv("PATH", "/usr/bin:/bin", 1);
	pthread_create(&thread, NULL, run_long_shell, file);
	while (access(file, F_OK) != 0)
		usleep(1000);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("%s; child %s; ", result == PTHREAD_CANCELED ? "cancelled" : "not cancelled",
		waitpid(-1, NULL, WNOHANG) < 0 ? "gone" : "left");
	tell_of_signals();
	return result != PTHREAD_CANCELED;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	if (strcmp(what, "bad") == 0)
		return run_bad();
	if (strcmp(what, "thread") == 0)
		return run_thread();
	if (strcmp(what, "chain") == 0 && argc > 3)
		return run_chain(atoi(argv[2]), argv[3]);
	if (strcmp(what, "systems") == 0 && argc > 2 && atoi(argv[2]) <= 64)
		return run_systems(atoi(argv[2]));
	if (strcmp(what, "cancelled") == 0 && argc > 2)
		return run_cancelled(argv[2]);
	puts("usage: hazard_exec bad | thread | chain N empty|env|own|system | systems N | "
	     "cancelled "
	     "FILE");
	return 2;
}
