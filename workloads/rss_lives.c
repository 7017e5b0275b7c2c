/* SPDX: no licence chosen yet, see README */
/*
 * rss_lives.c - processes whose RSS is easily told of another: spawned by a large one, replaced by
 * exec, orphaned, in the background, with a pid that was somebody else's. Argument 1 selects; each
 * process appends what it read of itself to TRUTH_FILE.
 */
#include "workloads/rss_truth.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS_PER_MS 1000000LL
#define SELF "/proc/self/exe"

extern char **environ;
static char *self; /* argv[0] */

static void hold_and_tell(const char *who, int64_t mib)
{
	void *memory = rss_truth_hold(mib);
	rss_truth_drop(memory, mib);
	rss_truth_append(who);
}

/* rss_lives leaf NAME MIB */
static int leaf(char **arguments)
{
	hold_and_tell(arguments[0], atoll(arguments[1]));
	return 0;
}

static void await(pid_t pid)
{
	int status;
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		exit(99);
}

enum way { BY_FORK, BY_VFORK, BY_SPAWN };

/* Run @words, argv[0] included, as @path and wait for its good end. */
static void run(enum way way, const char *path, const char *const *words)
{
	char *const *argv = (char *const *)words;
	pid_t pid = 0;
	if (way == BY_SPAWN && posix_spawn(&pid, path, NULL, NULL, argv, environ) != 0)
		exit(99);
	if (way == BY_FORK)
		pid = fork();
	if (way == BY_VFORK)
		pid = vfork();
	if (pid == 0) {
		execv(path, argv);
		_exit(99);
	}
	await(pid);
}

static void run_leaf(enum way way, const char *name)
{
	const char *const words[] = { self, "leaf", name, "2", NULL };
	run(way, SELF, words);
}

/* rss_lives spawn MIB: children of a large process, in three ways, and a foreign program. */
static int spawn(char **arguments)
{
	static const char *const true_words[] = { "/bin/true", NULL };
	int64_t mib = atoll(arguments[0]);
	void *memory = rss_truth_hold(mib);
	run_leaf(BY_FORK, "fork");
	run_leaf(BY_VFORK, "vfork");
	run_leaf(BY_SPAWN, "posix_spawn");
	run(BY_FORK, true_words[0], true_words);
	run(BY_VFORK, true_words[0], true_words);
	run(BY_SPAWN, true_words[0], true_words);
	rss_truth_drop(memory, mib);
	run_leaf(BY_SPAWN, "after");
	rss_truth_append("parent");
	return 0;
}

/* rss_lives chain MIB...: one process, one image a number. */
static int chain(char **arguments)
{
	char who[32];
	const char *words[64] = { self, "chain" };
	if (arguments[0] == NULL)
		return 7;
	snprintf(who, sizeof(who), "link %s", arguments[0]);
	hold_and_tell(who, atoll(arguments[0]));
	for (int i = 1; i < 60 && arguments[i] != NULL; i++)
		words[i + 1] = arguments[i];
	execv(SELF, (char *const *)words);
	return 99;
}

/* For a minute at most; NULL: not at all. */
static void await_file(const char *path)
{
	for (int i = 0; path != NULL && access(path, F_OK) != 0 && i < 6000; i++)
		rss_truth_sleep_until(rss_truth_now_ns() + 10 * NS_PER_MS);
}

/*
 * rss_lives daemon MS MIB [END]: a process in a session of its own, its parent gone; it takes its
 * memory when the root has ended, and ends MS later, but not before the file END is there, if one
 * is named. orphan: the same, but the root waits for it.
 */
static int orphan(char **arguments, int is_daemon)
{
	int64_t ms = atoll(arguments[0]), mib = atoll(arguments[1]);
	int held[2];
	char byte;
	pid_t pid;
	if (pipe(held) != 0)
		return 99;
	if ((pid = fork()) == 0) {
		if (setsid() < 0 || fork() != 0)
			_exit(0);
		close(held[is_daemon ? 1 : 0]);
		if (is_daemon) {
			for (int fd = 0; fd < 3; fd++)
				close(fd);
			(void)!read(held[0], &byte, 1); /* the root's end */
		}
		void *memory = rss_truth_hold(mib);
		rss_truth_sleep_until(rss_truth_now_ns() + ms * NS_PER_MS);
		await_file(arguments[2]);
		rss_truth_drop(memory, mib);
		rss_truth_append(is_daemon ? "daemon" : "orphan");
		_exit(0);
	}
	await(pid);
	hold_and_tell("root", mib);
	close(held[is_daemon ? 0 : 1]);
	if (!is_daemon)
		(void)!read(held[0], &byte, 1);
	return 5;
}

/* rss_lives late MS MIB: a child that is held up for so long between its exec and its first event,
 * in the loader, as a busy machine does. */
static int late(char **arguments)
{
	const char *words[] = { self, "leaf", "late", arguments[1], NULL };
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(SELF, (char *const *)words);
		_exit(99);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return 77;
	rss_truth_sleep_until(rss_truth_now_ns() + atoll(arguments[0]) * NS_PER_MS);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	await(pid);
	hold_and_tell("root", 2);
	return 0;
}

/* Make the next pid of this namespace @pid, if it is free. */
static void force_pid(pid_t pid)
{
	char digits[16];
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
	int n = snprintf(digits, sizeof(digits), "%d", (int)pid - 1);
	if (fd < 0 || write(fd, digits, (size_t)n) != n) {
		perror("ns_last_pid");
		exit(77);
	}
	close(fd);
}

/* rss_lives reuse N MS: N processes, MS apart, with one and the same pid, each 1 MiB larger than
 * the one before. */
static int reuse(char **arguments)
{
	int64_t gap_ns = atoll(arguments[1]) * NS_PER_MS;
	pid_t first = 0;
	for (int i = 1; i <= atoi(arguments[0]); i++) {
		char who[32];
		snprintf(who, sizeof(who), "child %d", i);
		if (first != 0)
			rss_truth_sleep_until(rss_truth_now_ns() + gap_ns);
		if (first != 0)
			force_pid(first);
		pid_t pid = fork();
		if (pid == 0) {
			hold_and_tell(who, i);
			_exit(0);
		}
		await(pid);
		if (first != 0 && pid != first)
			return 98;
		first = pid;
	}
	return 0;
}

/* rss_lives hold N MIB: a root and N children that hold their memory until the root's end. */
static int hold(char **arguments)
{
	int64_t mib = atoll(arguments[1]);
	int ready[2], end[2];
	char byte = 0;
	if (pipe(ready) != 0 || pipe(end) != 0)
		return 99;
	for (int i = 0; i < atoi(arguments[0]); i++) {
		if (fork() == 0) {
			close(end[1]);
			rss_truth_hold(mib);
			rss_truth_append("child");
			rss_truth_transfer(ready[1], &byte, 1, 1);
			_exit(read(end[0], &byte, 1) == 0 ? 0 : 99);
		}
	}
	rss_truth_hold(mib);
	for (int i = 0; i < atoi(arguments[0]); i++)
		rss_truth_transfer(ready[0], &byte, 1, 0);
	rss_truth_append("root");
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	char **arguments = argv + 2;
	self = argv[0];
	if (argc == 4 && strcmp(what, "leaf") == 0)
		return leaf(arguments);
	if (argc == 3 && strcmp(what, "spawn") == 0)
		return spawn(arguments);
	if (strcmp(what, "chain") == 0)
		return chain(arguments);
	if ((argc == 4 && strcmp(what, "orphan") == 0) ||
		((argc == 4 || argc == 5) && strcmp(what, "daemon") == 0))
		return orphan(arguments, what[0] == 'd');
	if (argc == 4 && strcmp(what, "late") == 0)
		return late(arguments);
	if (argc == 4 && strcmp(what, "reuse") == 0)
		return reuse(arguments);
	if (argc == 4 && strcmp(what, "hold") == 0)
		return hold(arguments);
	fputs("usage: rss_lives spawn MIB | chain MIB... | orphan MS MIB | "
	      "daemon MS MIB [END] |\n"
	      "                 late MS MIB | reuse N MS | hold N MIB\n",
		stderr);
	return 64;
}
