/* SPDX: no licence chosen yet, see README */
/*
 * process_storm.c - bench_storm N PROGRAM [ARGUMENT...]: starts PROGRAM N times, one after the
 * other. What a profiler adds to the start of a process is N times in its time.
 *
 * BENCH_CHILD_PRELOAD, if set, becomes LD_PRELOAD of the children: for profilers that do not
 * follow a child by themselves (heaptrack takes itself out of the environment).
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static int start_and_wait(char **arguments)
{
	pid_t pid;
	int status;
	int error = posix_spawn(&pid, arguments[0], NULL, NULL, arguments, environ);
	if (error) {
		fprintf(stderr, "bench_storm: %s: %s\n", arguments[0], strerror(error));
		return -1;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	if (status)
		fprintf(stderr, "bench_storm: %s: status %#x\n", arguments[0], status);
	return status ? -1 : 0;
}

int main(int argc, char **argv)
{
	long n_runs = argc > 2 ? atol(argv[1]) : 0;
	if (n_runs <= 0) {
		fprintf(stderr, "usage: bench_storm N PROGRAM [ARGUMENT...]\n");
		return 64;
	}
	const char *preload = getenv("BENCH_CHILD_PRELOAD");
	if (preload)
		setenv("LD_PRELOAD", preload, 1);
	for (long i = 0; i < n_runs; i++)
		if (start_and_wait(argv + 2) < 0)
			return 1;
	return 0;
}
