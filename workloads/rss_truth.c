/* SPDX: no licence chosen yet, see README */
/* rss_truth.c - a process that knows its own RSS. See rss_truth.h. */
#include "workloads/rss_truth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE_BYTES 4096
#define NS_PER_S 1000000000LL

static char status[4096] = "x"; /* not in .bss: its page is there before it is needed */

static _Noreturn void fail(const char *what)
{
	perror(what);
	_exit(99);
}

int64_t rss_truth_kib(const char *key)
{
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, status, sizeof(status) - 1);
	if (n <= 0)
		fail("/proc/self/status");
	close(fd);
	status[n] = '\0';
	const char *at = strstr(status, key);
	return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

void *rss_truth_hold(int64_t mib)
{
	/* Read once before: what reading needs is resident from here on. */
	rss_truth_kib("VmHWM:");
	volatile char *memory = mmap(NULL, (size_t)mib << 20, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		fail("mmap");
	for (int64_t at = 0; at < mib << 20; at += PAGE_BYTES)
		memory[at] = 1;
	return (void *)memory;
}

void rss_truth_drop(void *memory, int64_t mib)
{
	munmap(memory, (size_t)mib << 20);
}

/* As whoever opened PROC_FD, a /proc of the outermost pid namespace, sees us. */
static int outer_pid(void)
{
	const char *fd = getenv("PROC_FD");
	char text[16] = "";
	if (fd == NULL)
		return (int)getpid();
	if (readlinkat(atoi(fd), "self", text, sizeof(text) - 1) <= 0)
		fail("PROC_FD");
	return atoi(text);
}

void rss_truth_append(const char *who)
{
	const char *path = getenv("TRUTH_FILE");
	int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : 1;
	char line[256];
	int n = snprintf(line, sizeof(line), "{\"who\":\"%s\",\"pid\":%d,\"vm_hwm_kib\":%lld}\n",
		who, outer_pid(), (long long)rss_truth_kib("VmHWM:"));
	if (fd < 0 || write(fd, line, (size_t)n) != n)
		fail("TRUTH_FILE");
	if (path)
		close(fd);
}

void rss_truth_print(const struct rss_truth *truth, int is_first)
{
	printf("%s{\"pid\":%d,\"held_kib\":%lld,\"vm_hwm_kib\":%lld,\"alive_us\":%lld}",
		is_first ? "" : ",", truth->pid, (long long)truth->held_kib,
		(long long)truth->vm_hwm_kib, (long long)truth->alive_us);
}

int64_t rss_truth_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

void rss_truth_sleep_until(int64_t monotonic_ns)
{
	struct timespec until = { monotonic_ns / NS_PER_S, monotonic_ns % NS_PER_S };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

void rss_truth_transfer(int fd, void *bytes, size_t n_bytes, int is_write)
{
	ssize_t n;
	do
		n = is_write ? write(fd, bytes, n_bytes) : read(fd, bytes, n_bytes);
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)n_bytes)
		fail("pipe");
}

void rss_truth_arguments(int argc, char **argv, const char *names, int64_t *values, int n_values)
{
	for (int i = 1; i < argc; i++) {
		char *end = argv[i];
		int64_t value = i <= n_values ? strtoll(argv[i], &end, 10) : 0;
		if (end == argv[i] || *end != '\0' || value <= 0) {
			fprintf(stderr, "usage: %s %s\n", argv[0], names);
			exit(64);
		}
		values[i - 1] = value;
	}
}
