/* SPDX: no licence chosen yet, see README */
/* members.c - the live processes of the job as seen from outside. See members.h. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload/format.h"
#include "preload/launch/clock.h"
#include "preload/launch/member_reading.h"
#include "preload/launch/members.h"
#include "preload/launch/proc_read.h"

/* A process changes its name by exec, mostly when young; VmHWM tells of peaks between samples. */
#define YOUNG_NS (50 * MW_NS_PER_MS)
#define REFRESH_YOUNG_NS (20 * MW_NS_PER_MS)
/* In case it is killed. */
#define REFRESH_TELLING_NS (40 * MW_NS_PER_MS)
#define REFRESH_NS (2 * MW_NS_PER_S)
/* Shorter, a copy of the parent between fork and exec is the beginning of what is executed. */
#define COPY_NS (100 * MW_NS_PER_MS)
/* Between readings of two clocks. That /proc rounds a start down makes it earlier only. */
#define START_SLACK_NS (2 * MW_NS_PER_MS)
#define COMMAND_BYTES 2048
/* Descriptors for everything but members. */
#define RESERVE 8

bool mw_member_is_young(const struct mw_member *member, int64_t now_ns)
{
	return now_ns - member->first_seen_ns < YOUNG_NS;
}

static bool reserve(struct mw_members *members)
{
	if (members->n_live < members->capacity)
		return true;
	size_t capacity = members->capacity ? 2 * members->capacity : 64;
	struct mw_member **grown = reallocarray(members->live, capacity, sizeof(*grown));
	if (grown == NULL)
		return false;
	members->live = grown;
	members->capacity = capacity;
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

struct mw_member *mw_members_find_live(const struct mw_members *members, int32_t pid)
{
	const struct mw_life *life = mw_lives_latest(members->lives, pid);
	return life == NULL ? NULL : life->member;
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

/* Can something that happened at @at_ns be of the process that began then? */
static bool may_have_begun(const struct mw_members *members, uint64_t start_ticks, int64_t at_ns)
{
	int64_t tick_ns = MW_NS_PER_S / sysconf(_SC_CLK_TCK);
	int64_t start_ns = (int64_t)start_ticks * tick_ns - members->boot_minus_monotonic_ns;
	return start_ns <= at_ns + START_SLACK_NS;
}

/* An image that ended may be known before its process, which is still on its way out. */
static bool begin_life(struct mw_members *members, struct mw_member *member,
	const struct mw_proc_stat *stat, int64_t now_ns)
{
	struct mw_inner inner = { 0 };
	if (members->are_namespaces &&
		!mw_proc_read_inner(member->pid, members->own_namespace, &inner))
		return false;
	bool is_inside = inner.pid_namespace != 0;
	struct mw_life *life =
		is_inside ? mw_lives_latest_inside(members->lives, inner.pid_namespace, inner.pid)
			  : mw_lives_latest(members->lives, member->pid);
	bool is_known = life != NULL && life->start_ticks == 0 &&
			may_have_begun(members, member->start_ticks, life->begin_ns);
	if (!is_known)
		life = mw_lives_add(members->lives, member->pid, now_ns);
	if (life == NULL)
		return false;
	if (!is_known && is_inside)
		mw_lives_place(members->lives, life, inner.pid_namespace, inner.pid);
	if (life->pid == 0)
		mw_lives_name(members->lives, life, member->pid);
	if (life->ppid == 0)
		life->ppid = stat->ppid;
	if (life->max_threads == 0 && stat->n_threads < UINT32_MAX)
		life->max_threads = (uint32_t)stat->n_threads;
	life->start_ticks = stat->start_ticks;
	life->member = member;
	member->life = life;
	return true;
}

void mw_members_note_namespaces(struct mw_members *members)
{
	struct mw_inner inner;
	if (members->are_namespaces)
		return;
	members->are_namespaces = true;
	for (size_t i = 0; i < members->n_live; i++) {
		const struct mw_member *member = members->live[i];
		if (mw_proc_read_inner(member->pid, members->own_namespace, &inner) &&
			inner.pid_namespace != 0)
			mw_lives_place(
				members->lives, member->life, inner.pid_namespace, inner.pid);
	}
}

void mw_members_note_zombie(const struct mw_members *members, struct mw_life *life)
{
	struct mw_proc_stat stat;
	if (mw_proc_read_stat(life->pid, &stat) && stat.state == 'Z' && stat.ppid == getpid() &&
		may_have_begun(members, stat.start_ticks, life->begin_ns))
		life->start_ticks = stat.start_ticks;
}

static uint32_t end_of_image(const struct mw_life *life)
{
	return life->image == NULL ? MWD_END_NONE
				   : __atomic_load_n(&life->image->end, __ATOMIC_ACQUIRE);
}

/* The file it executes. 0 = unknown: an exec has begun, so it may be the next program's already. */
static uint64_t program_of(int32_t pid, const struct mwd_image *image)
{
	uint64_t program = mw_proc_read_program(pid);
	bool is_leaving =
		image != NULL && __atomic_load_n(&image->end, __ATOMIC_ACQUIRE) != MWD_END_NONE;
	return is_leaving ? 0 : program;
}

static void discard(struct mw_member *member)
{
	close_if_open(&member->pidfd);
	close_if_open(&member->statm_fd);
	close_if_open(&member->children_fd);
	free(member);
}

/* Closing the descriptor ends the watch. */
static void watch_end(struct mw_members *members, struct mw_member *member)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = member };
	member->is_watched =
		member->pidfd >= 0 && members->epoll_fd >= 0 &&
		epoll_ctl(members->epoll_fd, EPOLL_CTL_ADD, member->pidfd, &event) == 0;
	members->n_unwatched += !member->is_watched;
}

struct mw_member *mw_members_add(struct mw_members *members, int32_t pid, int64_t now_ns)
{
	return mw_members_add_if(members, pid, now_ns, NULL, NULL);
}

struct mw_member *mw_members_add_if(struct mw_members *members, int32_t pid, int64_t now_ns,
	bool (*is_wanted)(void *context, const struct mw_proc_stat *stat), void *context)
{
	struct mw_proc_stat stat;
	struct mw_member *member = reserve(members) ? malloc(sizeof(*member)) : NULL;
	if (member == NULL)
		return NULL;
	/* The pidfd comes first: what is read afterwards is of that process, or it has ended. */
	*member = (struct mw_member){ .pid = pid,
		.pidfd = (int)syscall(SYS_pidfd_open, pid, 0),
		.statm_fd = mw_proc_open(pid, "statm"),
		.children_fd = -1,
		.first_seen_ns = now_ns,
		.is_memory_shared = true };
	keep_if_affordable(&member->pidfd);
	keep_if_affordable(&member->statm_fd);
	bool is_there =
		mw_proc_read_stat(pid, &stat) && (is_wanted == NULL || is_wanted(context, &stat));
	member->start_ticks = is_there ? stat.start_ticks : 0;
	if (!is_there || mw_member_has_ended(member) ||
		!begin_life(members, member, &stat, now_ns)) {
		discard(member);
		return NULL;
	}
	member->program = program_of(pid, member->life->image);
	watch_end(members, member);
	members->live[members->n_live++] = member;
	return member;
}

static struct mw_life *follow_exec(
	struct mw_members *members, struct mw_member *member, int64_t now_ns)
{
	struct mw_life *life = mw_lives_add_exec(members->lives, member->life, now_ns);
	if (life == NULL)
		return NULL;
	member->life->member = NULL;
	life->member = member;
	member->life = life;
	return life;
}

/* Without words it was in the middle of an exec, which a slow disk can hold up for long. */
static bool is_copy(const struct mw_life *life, int64_t now_ns)
{
	bool is_first = life->image_offset == 0 && life->previous == NULL;
	bool had_memory = life->sampled_rss_bytes > 0; /* else it was a vfork's */
	return is_first &&
	       (!had_memory || life->command == NULL || now_ns - life->begin_ns < COPY_NS);
}

/* Was, or is, its image left by exec? One that is not mapped any more has told its end. */
static bool may_have_execed(const struct mw_life *life)
{
	uint32_t end = end_of_image(life);
	return life->image != NULL ? end == MWD_END_EXEC || end == MWD_END_NONE : life->is_exec_end;
}

enum mw_writer mw_member_compare(const struct mw_members *members, const struct mw_member *member,
	const struct mwd_image *image)
{
	const struct mw_life *life = member->life;
	if (!may_have_begun(members, member->start_ticks, image->start_ns))
		return MW_WRITER_BEFORE;
	if (life->image_offset == 0)
		return MW_WRITER_IT;
	bool is_forked = image->flags & MWD_IMAGE_FORKED;
	return is_forked || !may_have_execed(life) ? MW_WRITER_AFTER : MW_WRITER_IT;
}

/*
 * Did we see this program from outside before its image was met? It takes long to its first event
 * on a busy machine. A first life may be a copy of the parent still, with its program, but not its
 * words.
 */
static bool is_noticed(const struct mw_member *member, uint64_t program, const char *command)
{
	const struct mw_life *life = member->life;
	if (life->image_offset != 0 || life->command == NULL)
		return false;
	bool is_same = program == 0 || program == member->program;
	if (life->previous != NULL && program != 0)
		return is_same;
	return is_same && command[0] != '\0' &&
	       strncmp(life->command, command, strlen(command)) == 0;
}

struct mw_life *mw_member_enter_image(struct mw_members *members, struct mw_member *member,
	const struct mwd_image *image, const char *command)
{
	struct mw_life *life = member->life;
	uint64_t program = program_of(member->pid, image);
	bool is_its_own = image->flags & MWD_IMAGE_FORKED && life->image_offset == 0;
	if (!is_its_own && is_copy(life, image->start_ns))
		mw_life_begin_anew(life);
	else if (!is_its_own && !is_noticed(member, program, command))
		life = follow_exec(members, member, image->start_ns);
	member->program = program;
	/* Its words are known, and its use is next to nothing. */
	if (member->refreshed_ns == 0 && image->cmdline_bytes < MWD_CMDLINE_BYTES)
		member->refreshed_ns = image->start_ns;
	return life;
}

/*
 * A program with image goes over to one without: it says so, but the exec may fail still. One
 * without image says nothing.
 */
static bool is_exec(const struct mw_member *member, uint64_t program, bool is_renamed)
{
	bool is_other = program != member->program;
	if (member->life->image_offset == 0)
		return is_other && program != 0;
	return end_of_image(member->life) == MWD_END_EXEC &&
	       (member->program != 0 ? is_other : is_renamed);
}

/* Another command line: another program, or a process that renames itself. */
static void refresh_command(struct mw_members *members, struct mw_member *member, int64_t now_ns)
{
	char bytes[COMMAND_BYTES], text[COMMAND_BYTES];
	/* In this order: who has a command line still had a program before. */
	uint64_t program = mw_proc_read_program(member->pid);
	ssize_t n = mw_proc_read(member->pid, "cmdline", bytes, sizeof(bytes));
	struct mw_life *life = member->life;
	if (n <= 0 || mw_proc_format_command(bytes, (size_t)n, text, sizeof(text)) == 0)
		return;
	bool is_renamed = life->command != NULL && strcmp(life->command, text) != 0;
	if (is_exec(member, program, is_renamed)) {
		member->program = program;
		if (is_copy(life, now_ns))
			mw_life_begin_anew(life);
		else
			life = follow_exec(members, member, now_ns);
	}
	if (life != NULL)
		mw_life_set_command(life, text);
}

bool mw_member_tells_end(const struct mw_member *member)
{
	return member->life->image != NULL && end_of_image(member->life) == MWD_END_NONE;
}

/* Not all of many that were born together in the same tick. */
static int64_t refresh_period(const struct mw_member *member, int64_t now_ns)
{
	if (mw_member_is_young(member, now_ns))
		return mw_member_tells_end(member) ? REFRESH_TELLING_NS : REFRESH_YOUNG_NS;
	return REFRESH_NS + member->pid % 64 * (REFRESH_NS / 64);
}

/* What an exec leads to is looked at at once: it may tell nothing of itself. */
static bool is_refresh_due(const struct mw_member *member, int64_t now_ns)
{
	return now_ns - member->refreshed_ns >= refresh_period(member, now_ns) ||
	       end_of_image(member->life) == MWD_END_EXEC;
}

static void refresh(struct mw_members *members, struct mw_member *member, int64_t now_ns)
{
	bool is_due = is_refresh_due(member, now_ns);
	if (is_due)
		refresh_command(members, member, now_ns);
	bool is_first = member->n_pids == 0;
	mw_member_read_status(member, now_ns);
	struct mw_inner inner;
	if (is_first && member->n_pids > 1 && !members->are_namespaces &&
		mw_proc_read_inner(member->pid, members->own_namespace, &inner) &&
		inner.pid_namespace != 0)
		mw_members_note_namespaces(members);
	if (!is_due)
		return;
	mw_member_read_times(member);
	mw_member_read_io(member);
	member->refreshed_ns = now_ns;
}

/* Higher than what is known of it; by a step, if what is between matters to the tree only. */
static bool is_maximum(const struct mw_member *member, int64_t step_bytes)
{
	const struct mw_life *life = member->life;
	if (!mw_member_tells_end(member))
		return member->rss_bytes > life->max_rss_bytes;
	int64_t known_bytes = life->n_steps > 0 ? life->steps[life->n_steps - 1].bytes : 0;
	int64_t own_step_bytes = known_bytes / 64;
	return member->rss_bytes - known_bytes >
	       (own_step_bytes > step_bytes ? own_step_bytes : step_bytes);
}

void mw_member_measure(
	struct mw_members *members, struct mw_member *member, int64_t step_bytes, int64_t now_ns)
{
	if (!member->life->has_ended)
		member->life->end_ns = now_ns;
	member->last_rss_bytes = member->rss_bytes;
	mw_member_read_rss(member);
	const struct mw_life *life = member->life;
	if (is_maximum(member, step_bytes) || is_refresh_due(member, now_ns))
		refresh(members, member, now_ns);
	if (member->life != life) /* what was read was another program's */
		mw_member_read_rss(member);
	mw_life_note_rss(member->life, member->rss_bytes, now_ns);
}

/* As read from outside, and as it tells itself: that is known long before the next reading. */
static bool has_threads(const struct mw_life *life)
{
	return life->max_threads > 1 ||
	       (life->image != NULL &&
		       __atomic_load_n(&life->image->n_threads, __ATOMIC_RELAXED) > 1);
}

/* By pid, which may be another process's by now: none of whose files are kept. */
static void open_children(struct mw_member *member)
{
	member->children_fd = mw_proc_open_children(member->pid);
	keep_if_affordable(&member->children_fd);
	if (member->children_fd >= 0 && mw_member_has_ended(member))
		close_if_open(&member->children_fd);
}

/* Each thread has a list of its own; most processes have one thread. */
void mw_member_visit_children(
	struct mw_member *member, void (*visit)(void *context, int32_t child), void *context)
{
	if (member->children_fd < 0)
		open_children(member);
	if (member->children_fd >= 0 && !has_threads(member->life))
		mw_proc_visit_open_children(member->children_fd, visit, context);
	else
		mw_proc_visit_children(member->pid, visit, context);
}

/* A program that told nothing and ended before it was looked at; the zombie knows its name. */
static void note_unseen_exec(struct mw_members *members, struct mw_member *member, int64_t now_ns)
{
	struct mw_proc_stat stat;
	const struct mwd_image *image = member->life->image;
	if (end_of_image(member->life) != MWD_END_EXEC || !mw_proc_read_stat(member->pid, &stat) ||
		stat.start_ticks != member->start_ticks)
		return;
	const char *slash = memrchr(image->exe, '/', strnlen(image->exe, sizeof(image->exe)));
	if (strncmp(stat.name, slash ? slash + 1 : image->exe, sizeof(stat.name) - 1) == 0)
		return; /* killed before the exec was done */
	struct mw_life *life = follow_exec(members, member, now_ns);
	if (life != NULL)
		mw_life_set_command(life, stat.name);
}

/* A zombie has its times and faults still. */
struct mw_life *mw_members_retire(
	struct mw_members *members, struct mw_member *member, int64_t now_ns)
{
	for (size_t i = 0; i < members->n_live; i++) {
		if (members->live[i] == member) {
			members->live[i] = members->live[--members->n_live];
			break;
		}
	}
	note_unseen_exec(members, member, now_ns);
	struct mw_life *life = member->life;
	members->n_unwatched -= !member->is_watched;
	mw_member_read_times(member);
	if (!life->has_ended)
		life->end_ns = now_ns;
	life->has_ended = true;
	life->member = NULL;
	discard(member);
	return life;
}

static struct mw_member *next_unwatched(const struct mw_members *members)
{
	for (size_t i = 0; members->n_unwatched > 0 && i < members->n_live; i++) {
		if (!members->live[i]->is_watched && mw_member_has_ended(members->live[i]))
			return members->live[i];
	}
	return NULL;
}

struct mw_member *mw_members_next_ended(const struct mw_members *members, bool is_thorough)
{
	struct epoll_event event;
	if (members->epoll_fd >= 0 && epoll_wait(members->epoll_fd, &event, 1, 0) > 0)
		return event.data.ptr;
	return is_thorough ? next_unwatched(members) : NULL;
}

void mw_members_init(
	struct mw_members *members, struct mw_lives *lives, int64_t boot_minus_monotonic_ns)
{
	*members = (struct mw_members){ .lives = lives,
		.boot_minus_monotonic_ns = boot_minus_monotonic_ns,
		.epoll_fd = epoll_create1(EPOLL_CLOEXEC) };
}

void mw_members_deinit(struct mw_members *members)
{
	for (size_t i = 0; i < members->n_live; i++)
		discard(members->live[i]);
	free(members->live);
	close_if_open(&members->epoll_fd);
	*members = (struct mw_members){ 0 };
}
