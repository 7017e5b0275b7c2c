/* SPDX: no licence chosen yet, see README */
/* members.c - the processes of the job as seen from outside. See members.h. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/launch/clock.h"
#include "preload/launch/members.h"
#include "preload/launch/proc_read.h"

/* A process changes its name by exec, mostly when young; VmHWM tells of peaks between samples. */
#define YOUNG_NS (50 * MW_NS_PER_MS)
#define REFRESH_YOUNG_NS (10 * MW_NS_PER_MS)
#define REFRESH_NS (500 * MW_NS_PER_MS)
#define COMMAND_BYTES 2048
/* Descriptors for everything but members. */
#define RESERVE 8

bool mw_member_is_young(const struct mw_member *member, int64_t now_ns)
{
	return now_ns - member->first_seen_ns < YOUNG_NS;
}

static bool reserve(struct mw_member ***array, size_t n, size_t *capacity)
{
	if (n < *capacity)
		return true;
	size_t new_capacity = *capacity ? 2 * *capacity : 64;
	struct mw_member **grown = reallocarray(*array, new_capacity, sizeof(**array));
	if (grown == NULL)
		return false;
	*array = grown;
	*capacity = new_capacity;
	return true;
}

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/*
 * Descriptors that would use up the limit are not kept: reading other files of /proc needs some
 * now and then.
 */
static void keep_if_affordable(int *fd)
{
	static int n_affordable;
	struct rlimit limit;
	if (n_affordable == 0 && getrlimit(RLIMIT_NOFILE, &limit) == 0)
		n_affordable = limit.rlim_cur > INT_MAX ? INT_MAX : (int)limit.rlim_cur - RESERVE;
	if (*fd >= n_affordable)
		close_if_open(fd);
}

static void refresh_command(struct mw_member *member)
{
	char bytes[COMMAND_BYTES], text[COMMAND_BYTES];
	ssize_t n = mw_proc_read(member->pid, "cmdline", bytes, sizeof(bytes));
	if (n <= 0 || mw_proc_format_command(bytes, (size_t)n, text, sizeof(text)) == 0)
		return;
	if (member->command != NULL && strcmp(member->command, text) == 0)
		return;
	char *copy = strdup(text);
	if (copy == NULL)
		return;
	free(member->command);
	member->command = copy;
}

struct mw_member *mw_members_find_live(const struct mw_members *members, int32_t pid)
{
	for (size_t i = 0; i < members->n_live; i++) {
		if (members->live[i]->pid == pid)
			return members->live[i];
	}
	return NULL;
}

bool mw_member_has_ended(const struct mw_member *member)
{
	if (member->pidfd >= 0) {
		struct pollfd query = { .fd = member->pidfd, .events = POLLIN };
		return poll(&query, 1, 0) > 0;
	}
	struct mw_proc_stat stat;
	return !mw_proc_read_stat(member->pid, &stat) || stat.state == 'Z' || stat.state == 'X' ||
	       stat.start_ticks != member->start_ticks;
}

struct mw_member *mw_members_add(struct mw_members *members, int32_t pid, int64_t now_ns)
{
	struct mw_proc_stat stat;
	if (!reserve(&members->all, members->n_all, &members->capacity) ||
		!reserve(&members->live, members->n_live, &members->live_capacity))
		return NULL;
	/* The pidfd comes first: what is read afterwards is of that process, or it has ended. */
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct mw_member *member = NULL;
	if (mw_proc_read_stat(pid, &stat))
		member = malloc(sizeof(*member));
	if (member == NULL) {
		close_if_open(&pidfd);
		return NULL;
	}
	*member = (struct mw_member){ .pid = pid,
		.ppid = stat.ppid,
		.start_ticks = stat.start_ticks,
		.first_seen_ns = now_ns,
		.last_seen_ns = now_ns,
		.pidfd = pidfd,
		.statm_fd = mw_proc_open(pid, "statm"),
		.is_memory_shared = true,
		.is_live = true };
	keep_if_affordable(&member->pidfd);
	keep_if_affordable(&member->statm_fd);
	if (mw_member_has_ended(member)) {
		close_if_open(&member->pidfd);
		close_if_open(&member->statm_fd);
		free(member);
		return NULL;
	}
	members->all[members->n_all++] = member;
	members->live[members->n_live++] = member;
	return member;
}

static bool read_statm(const struct mw_member *member, struct mw_proc_statm *statm_out)
{
	char bytes[128];
	ssize_t n = member->statm_fd >= 0
			    ? pread(member->statm_fd, bytes, sizeof(bytes), 0)
			    : mw_proc_read(member->pid, "statm", bytes, sizeof(bytes));
	return n > 0 && mw_proc_parse_statm(bytes, (size_t)n, statm_out);
}

/* A leader that ended before its threads has no statm any more; any other thread has. */
static void read_statm_of_thread(struct mw_member *member, struct mw_proc_statm *statm)
{
	int fd = mw_proc_open_statm_of_thread(member->pid);
	if (fd < 0)
		return;
	close_if_open(&member->statm_fd);
	member->statm_fd = fd;
	read_statm(member, statm);
}

static void raise_max(struct mw_member *member, int64_t rss_bytes)
{
	if (rss_bytes > member->max_rss_bytes)
		member->max_rss_bytes = rss_bytes;
}

static void refresh(struct mw_member *member, int64_t now_ns)
{
	uint64_t hwm_kib;
	refresh_command(member);
	if (!member->is_memory_shared && mw_proc_read_hwm_kib(member->pid, &hwm_kib))
		raise_max(member, (int64_t)hwm_kib * 1024);
	member->refreshed_ns = now_ns;
}

/*
 * Between vfork and exec a child has its parent's memory, which must not count twice. Once
 * seen with an address space of its own, it keeps one.
 */
static bool is_memory_shared(struct mw_member *member)
{
	if (member->is_memory_shared)
		member->is_memory_shared = mw_proc_is_same_memory(member->pid, member->ppid);
	return member->is_memory_shared;
}

void mw_member_measure(struct mw_member *member, int64_t now_ns)
{
	static int64_t page_bytes;
	struct mw_proc_statm statm = { 0 };
	if (page_bytes == 0)
		page_bytes = sysconf(_SC_PAGESIZE);
	member->last_seen_ns = now_ns;
	bool is_shared = is_memory_shared(member);
	if (!is_shared)
		read_statm(member, &statm);
	if (!is_shared && statm.size_pages == 0 && !mw_member_has_ended(member))
		read_statm_of_thread(member, &statm);
	member->rss_bytes = (int64_t)statm.resident_pages * page_bytes;
	bool is_new_max = member->rss_bytes > member->max_rss_bytes;
	raise_max(member, member->rss_bytes);
	if (is_new_max ||
		now_ns - member->refreshed_ns >=
			(mw_member_is_young(member, now_ns) ? REFRESH_YOUNG_NS : REFRESH_NS))
		refresh(member, now_ns);
}

void mw_members_retire(struct mw_members *members, struct mw_member *member, int64_t now_ns)
{
	for (size_t i = 0; i < members->n_live; i++) {
		if (members->live[i] == member) {
			members->live[i] = members->live[--members->n_live];
			break;
		}
	}
	close_if_open(&member->pidfd);
	close_if_open(&member->statm_fd);
	member->is_live = false;
	member->last_seen_ns = now_ns;
	member->rss_bytes = 0;
}

/* The latest of that pid: an older one with the same pid was reaped before. */
void mw_members_note_status(struct mw_members *members, int32_t pid, bool is_signal, int status)
{
	for (size_t i = members->n_all; i-- > 0;) {
		struct mw_member *member = members->all[i];
		if (member->pid != pid)
			continue;
		member->has_status = true;
		member->is_signal = is_signal;
		member->status = status;
		return;
	}
}

void mw_members_deinit(struct mw_members *members)
{
	for (size_t i = 0; i < members->n_all; i++) {
		close_if_open(&members->all[i]->pidfd);
		close_if_open(&members->all[i]->statm_fd);
		free(members->all[i]->command);
		free(members->all[i]);
	}
	free(members->all);
	free(members->live);
	*members = (struct mw_members){ 0 };
}
