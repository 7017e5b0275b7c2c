/* SPDX: no licence chosen yet, see README */
/*
 * waste.c - memory of every kind of waste, in known amounts: leaked from one place by two callers,
 * freed at once, moved by realloc; what the C library keeps for itself; and children that end
 * without a chance to free. "waste alone" does without children, the loader and the environment it
 * was given, whose size setenv() would copy.
 *
 * Workload of tests/integration/test_waste.py, which has the numbers, too.
 */
#include <dlfcn.h>
#include <locale.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

static void *volatile sink; /* what is stored here is lost at the next store */

static NOINLINE void leak(size_t bytes)
{
	sink = malloc(bytes); /* leaks */
}

static NOINLINE void first_caller(void)
{
	for (int i = 0; i < 10; i++)
		leak(100);
}

static NOINLINE void second_caller(void)
{
	leak(2000);
	__asm__ volatile(""); /* no tail call */
}

static NOINLINE void churn(void)
{
	for (int i = 0; i < 1000; i++) {
		sink = malloc(32); /* comes and goes */
		free(sink);
	}
}

static NOINLINE void grow(void)
{
	char *buffer = NULL;
	for (size_t n = 1; n <= 51; n++) {
		buffer = realloc(buffer, n * 10); /* moves */
		buffer[0] = 1;
	}
	free(buffer);
}

static void at_exit(void)
{
}

static NOINLINE void library(void)
{
	time_t now = 0;
	setlocale(LC_ALL, "C.UTF-8");
	setenv("TZ", "Europe/Berlin", 1);
	localtime(&now);
	getpwnam("root");
	for (int i = 0; i < 40; i++) /* glibc has space for 32 */
		atexit(at_exit);
	puts("hello");
}

/* How a child ends that holds @bytes. */
static NOINLINE void child(char end, size_t bytes)
{
	pid_t pid = fork();
	if (pid == 0) {
		leak(bytes);
		if (end == 'k')
			raise(SIGKILL);
		if (end == 'e')
			execl("/bin/true", "true", (char *)NULL);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	int is_alone = argc > 1 && strcmp(argv[1], "alone") == 0;
	if (is_alone)
		clearenv();
	first_caller();
	second_caller();
	churn();
	grow();
	library();
	if (is_alone)
		return 0;
	dlopen("libutil.so.1", RTLD_NOW);
	child('k', 5000);
	child('e', 7000);
	child('x', 900);
	return 0;
}
