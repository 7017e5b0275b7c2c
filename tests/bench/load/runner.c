/* SPDX: no licence chosen yet, see README */
/*
 * runner.c - bench_runner RESULT TIMEOUT_S [NAME=VALUE...] COMMAND [ARGUMENT...]: runs the command
 * and writes what it took to RESULT as one line of JSON. Stands around everything: profiler and
 * target. NAME=VALUE is for the command's environment: LD_PRELOAD must not be in this process.
 *
 * Small on purpose and not in Python: a child inherits the peak RSS of the process that starts it
 * (exec keeps ru_maxrss), so this process must be smaller than whatever it measures.
 *
 * CPU time is wait4's: the command and all its descendants that somebody waited for. Peak RSS by
 * process name is sampled every few milliseconds from /proc/PID/status (VmHWM never sinks, so
 * only growth after the last sample is missed); wait4's own maximum of all of them is exact.
 * What is still running when the command has ended, or after the timeout, is killed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLE_MS = 10, N_NAMES_MAX = 64, N_DESCENDANTS_MAX = 256 };

/* Peak RSS of the largest process of each name (comm). */
static struct peak {
	char name[16];
	long peak_kib;
} peaks[N_NAMES_MAX];
static unsigned n_peaks;

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* Reads a /proc file into @text_out, terminated; 0 bytes when it is gone. */
static void read_proc(pid_t pid, const char *file, char *text_out, size_t size)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text_out, size - 1) : 0;
	text_out[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static void note_peak(const char *name, long peak_kib)
{
	unsigned i = 0;
	while (i < n_peaks && strcmp(peaks[i].name, name))
		i++;
	if (i == N_NAMES_MAX)
		return;
	if (i == n_peaks)
		snprintf(peaks[n_peaks++].name, sizeof(peaks[0].name), "%s", name);
	if (peak_kib > peaks[i].peak_kib)
		peaks[i].peak_kib = peak_kib;
}

static void sample_process(pid_t pid)
{
	char status[4096];
	char name[16];
	read_proc(pid, "status", status, sizeof(status));
	const char *peak = strstr(status, "\nVmHWM:");
	if (peak && sscanf(status, "Name: %15s", name) == 1)
		note_peak(name, strtol(peak + 7, NULL, 10));
}

/* Children of all threads of @pid; returns their number added to @pids from index @n. */
static unsigned add_children(pid_t pid, pid_t *pids, unsigned n)
{
	char path[64], text[4096];
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	DIR *tasks = opendir(path);
	for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "task/%.20s/children", entry->d_name);
		read_proc(pid, path, text, sizeof(text));
		char *at = text, *end;
		for (long child; n < N_DESCENDANTS_MAX && (child = strtol(at, &end, 10)) > 0;
			at = end)
			pids[n++] = child;
	}
	if (tasks)
		closedir(tasks);
	return n;
}

/* All descendants of this process, parents first. */
static unsigned find_descendants(pid_t *pids)
{
	unsigned n = add_children(getpid(), pids, 0);
	for (unsigned i = 0; i < n; i++)
		n = add_children(pids[i], pids, n);
	return n;
}

static void sample_tree(void)
{
	pid_t pids[N_DESCENDANTS_MAX];
	unsigned n = find_descendants(pids);
	for (unsigned i = 0; i < n; i++)
		sample_process(pids[i]);
}

/* We are the subreaper: what the command left behind is our child by now. */
static void kill_rest(void)
{
	pid_t pids[N_DESCENDANTS_MAX];
	for (unsigned n; (n = find_descendants(pids)) > 0;) {
		for (unsigned i = 0; i < n; i++)
			kill(pids[i], SIGKILL);
		while (waitpid(-1, NULL, 0) > 0)
			;
	}
}

/* Waits for @pid, sampling; returns 0, or -1 when @end_ns came first. */
static int wait_for(pid_t pid, int64_t end_ns, int *status_out, struct rusage *usage_out)
{
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	const struct timespec pause = { .tv_nsec = SAMPLE_MS * 1000000 };
	for (;;) {
		pid_t ended = wait4(pid, status_out, WNOHANG, usage_out);
		if (ended == pid)
			return 0;
		if (now_ns() >= end_ns)
			return -1;
		sample_tree();
		sigtimedwait(&child, NULL, &pause);
	}
}

static int64_t microseconds(struct timeval time)
{
	return time.tv_sec * 1000000ll + time.tv_usec;
}

static int write_result(const char *path, int64_t wall_ns, int status, const struct rusage *usage)
{
	FILE *file = fopen(path, "w");
	if (!file)
		return -1;
	fprintf(file,
		"{\"wall_ns\": %" PRId64 ", \"status\": %d, \"user_us\": %" PRId64
		", \"system_us\": %" PRId64 ", \"peak_kib\": %ld, \"peaks_kib\": {",
		wall_ns, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
		microseconds(usage->ru_utime), microseconds(usage->ru_stime), usage->ru_maxrss);
	for (unsigned i = 0; i < n_peaks; i++) {
		for (char *c = peaks[i].name; *c; c++)
			if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ')
				*c = '_';
		fprintf(file, "%s\"%s\": %ld", i ? ", " : "", peaks[i].name, peaks[i].peak_kib);
	}
	fprintf(file, "}}\n");
	return fclose(file);
}

int main(int argc, char **argv)
{
	long timeout_s = argc > 3 ? atol(argv[2]) : 0;
	if (timeout_s <= 0) {
		fprintf(stderr, "usage: bench_runner RESULT TIMEOUT_S [NAME=VALUE...] COMMAND "
				"[ARGUMENT...]\n");
		return 64;
	}
	char **command = argv + 3;
	for (; *command && strchr(*command, '='); command++)
		putenv(*command);
	if (!*command) {
		fprintf(stderr, "bench_runner: no command\n");
		return 64;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigset_t before;
	sigprocmask(SIG_BLOCK, &child, &before);

	int64_t start_ns = now_ns();
	pid_t pid = vfork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		execvp(command[0], command);
		_exit(127);
	}
	int status = 0;
	struct rusage usage = { 0 };
	if (pid < 0 || wait_for(pid, start_ns + timeout_s * 1000000000, &status, &usage) < 0) {
		fprintf(stderr, "bench_runner: %s: no end within %ld s\n", command[0], timeout_s);
		kill_rest();
		return 124;
	}
	int64_t wall_ns = now_ns() - start_ns;
	kill_rest();
	if (write_result(argv[1], wall_ns, status, &usage) != 0) {
		fprintf(stderr, "bench_runner: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	return 0;
}
