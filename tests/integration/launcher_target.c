/* SPDX: no licence chosen yet, see README */
/*
 * launcher_target.c - what launcher.sh runs under the launcher: says what world it finds itself
 * in, and does a few things whose truth is known beforehand. One word selects what.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload/format.h"

/* Open descriptors but the one that lists them, with what they are. */
static int show_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		char target[256];
		ssize_t n = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);
		if (n < 0 || atoi(entry->d_name) == dirfd(directory))
			continue;
		target[n] = '\0';
		printf("%s %s %d\n", entry->d_name, target, fcntl(atoi(entry->d_name), F_GETFD));
	}
	return 0;
}

/* Run @command with some signals blocked and some ignored. */
static int exec_with_odd_signals(char **command)
{
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGCHLD);
	sigaddset(&mask, SIGRTMIN + 3);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	execvp(command[0], command);
	return 1;
}

static volatile sig_atomic_t n_caught[65];

static void count(int signal)
{
	n_caught[signal]++;
}

/* Wait until a signal came, then long enough for a second one; say how many of each. */
static int count_signals(void)
{
	for (int signal = 1; signal < 32; signal++) {
		struct sigaction action = { .sa_handler = count };
		if (signal != SIGCHLD)
			sigaction(signal, &action, NULL);
	}
	puts("ready");
	fflush(stdout);
	sleep(10);
	for (int i = 0; i < 20; i++)
		usleep(10000);
	for (int signal = 1; signal < 32; signal++) {
		if (n_caught[signal] > 0)
			printf("%d x%d\n", signal, n_caught[signal]);
	}
	return 0;
}

static void populate(size_t mib)
{
	char *memory = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		exit(1);
}

static void touch(size_t mib)
{
	populate(mib);
	usleep(100000);
}

/* Until the launcher has seen so much in all; if it never does, not for ever. */
static void await_tree_peak(const char *dump, int64_t mib)
{
	int fd = open(dump, O_RDONLY | O_CLOEXEC);
	struct mwd_control control = { 0 };
	for (int i = 0; i < 2000 && control.rss_peak_bytes < mib << 20; i++) {
		usleep(10000);
		if (pread(fd, &control, sizeof(control), 0) != sizeof(control))
			exit(1);
	}
	close(fd);
}

/* The kernel's word for our highest RSS, in KiB. */
static int show_peak(void)
{
	char line[256];
	FILE *file = fopen("/proc/self/status", "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "VmHWM:", 6) == 0)
			printf("%d\n", atoi(line + 6));
	}
	return 0;
}

/* A child that shares our memory while it lives, as between vfork and exec. */
static void hold_vfork_child(void)
{
	volatile pid_t child = vfork();
	if (child == 0) {
		usleep(100000);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

/* A grandchild whose parent ends at once: it is the subreaper's; it lives @ms and returns 7. */
static int leave_orphan(unsigned ms)
{
	pid_t child = fork();
	if (child == 0) {
		if (fork() != 0)
			_exit(0);
		usleep(ms * 1000);
		_exit(7);
	}
	waitpid(child, NULL, 0);
	return 0;
}

/* "pid end" of each image in a dump. */
static int show_images(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct mwd_control control;
	struct mwd_image image;
	if (fd < 0 || pread(fd, &control, sizeof(control), 0) != sizeof(control))
		return 1;
	for (uint64_t at = control.images_head; at != 0; at = image.prev_image) {
		if (pread(fd, &image, sizeof(image), (off_t)at) != sizeof(image))
			return 1;
		printf("%d %u\n", image.pid, image.end);
	}
	printf("live=%lld\n", (long long)control.heap_live_bytes);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	if (strcmp(what, "descriptors") == 0)
		return show_descriptors();
	if (strcmp(what, "odd-signals") == 0 && argc > 2)
		return exec_with_odd_signals(argv + 2);
	if (strcmp(what, "count-signals") == 0)
		return count_signals();
	if (strcmp(what, "orphan") == 0 && argc > 2)
		return leave_orphan((unsigned)atoi(argv[2]));
	if (strcmp(what, "images") == 0 && argc > 2)
		return show_images(argv[2]);
	if (strcmp(what, "touch") == 0 && argc > 2)
		return touch((size_t)atoi(argv[2])), show_peak();
	if (strcmp(what, "touch-until") == 0 && argc > 4)
		return populate((size_t)atoi(argv[2])), await_tree_peak(argv[3], atoi(argv[4])), 0;
	if (strcmp(what, "touch-vfork") == 0 && argc > 2)
		return touch((size_t)atoi(argv[2])), hold_vfork_child(), show_peak();
	fprintf(stderr, "launcher_target: what shall I do?\n");
	return 2;
}
