/* SPDX: no licence chosen yet, see README */
/*
 * test_members.c - when an image of a process is met that was seen before: whose memory was that?
 * Of a copy of the parent between fork and exec, of the program in the middle of its exec, or of
 * the image's own program. Live processes, and images as they would write them.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "preload/launch/clock.h"
#include "preload/launch/members.h"
#include "preload/launch/proc_read.h"
#include "tests/unit/launch/check.h"

#define LONG_US 120000 /* longer than a copy of the parent is taken for a beginning */

static struct mw_lives lives;
static struct mw_members members;

static bool has_execed(pid_t child)
{
	return mw_proc_read_program(child) != mw_proc_read_program(getpid());
}

/* Waits for its end. @words: what it executes, with this argv; NULL = nothing, it is our copy. */
static pid_t start(const char *program, char **words)
{
	int ends[2];
	char byte;
	if (pipe(ends) != 0)
		abort();
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[0], 0);
		if (program)
			execv(program, words);
		while (read(0, &byte, 1) > 0)
			;
		_exit(program ? 1 : 0);
	}
	close(ends[0]);
	while (program && !has_execed(child))
		usleep(1000);
	usleep(20000); /* its words come after its program */
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	mw_members_deinit(&members);
	mw_lives_deinit(&lives);
}

static struct mw_member *see(pid_t child, useconds_t us)
{
	mw_members_init(&members, &lives, mw_clock_ns(CLOCK_BOOTTIME) - mw_clock_monotonic_ns());
	struct mw_member *member = mw_members_add(&members, child, mw_clock_monotonic_ns());
	if (member == NULL)
		abort();
	mw_member_measure(&members, member, 0, mw_clock_monotonic_ns());
	usleep(us);
	mw_member_measure(&members, member, 0, mw_clock_monotonic_ns());
	return member;
}

/* Its image begins now. Return: the image's life. */
static struct mw_life *enter(struct mw_member *member, uint32_t flags, const char *command)
{
	static struct mwd_image image;
	image = (struct mwd_image){
		.pid = member->pid, .flags = flags, .start_ns = mw_clock_monotonic_ns()
	};
	return mw_member_enter_image(&members, member, &image, command);
}

static void test_short_copy_is_a_beginning(void)
{
	pid_t child = start(NULL, NULL);
	struct mw_member *member = see(child, 0);
	CHECK(member->life->max_rss_bytes > 0);
	struct mw_life *life = enter(member, 0, "other words");
	bool is_late = mw_clock_monotonic_ns() - lives.all[0]->begin_ns > LONG_US / 2 * 1000LL;
	CHECK(is_late || (lives.n == 1 && life->max_rss_bytes == 0));
	end(child);
}

static void test_long_copy_is_a_life(void)
{
	pid_t child = start(NULL, NULL);
	struct mw_member *member = see(child, LONG_US);
	struct mw_life *copy = member->life;
	struct mw_life *life = enter(member, 0, "other words");
	CHECK_INT((long long)lives.n, 2);
	CHECK(life != copy && life->previous == copy && copy->is_exec_end);
	CHECK(copy->max_rss_bytes > 0 && life->max_rss_bytes == 0);
	end(child);
}

static void test_image_of_a_fork_is_its_own(void)
{
	pid_t child = start(NULL, NULL);
	struct mw_member *member = see(child, LONG_US);
	int64_t max_bytes = member->life->max_rss_bytes;
	struct mw_life *life = enter(member, MWD_IMAGE_FORKED, "whatever");
	CHECK_INT((long long)lives.n, 1);
	CHECK(max_bytes > 0 && life->max_rss_bytes == max_bytes);
	end(child);
}

static void test_late_first_event(void)
{
	char *words[] = { (char[]){ "cat" }, NULL };
	pid_t child = start("/bin/cat", words);
	struct mw_member *member = see(child, LONG_US);
	CHECK_STRING(member->life->command, "cat");
	int64_t max_bytes = member->life->max_rss_bytes;
	struct mw_life *life = enter(member, 0, "cat");
	CHECK_INT((long long)lives.n, 1);
	CHECK(max_bytes > 0 && life->max_rss_bytes == max_bytes);
	end(child);
}

/* In the middle of an exec a process has memory, but no words. */
static void test_slow_exec(void)
{
	char *words[] = { (char[]){ "" }, NULL };
	pid_t child = start("/bin/cat", words);
	struct mw_member *member = see(child, LONG_US);
	CHECK(member->life->command == NULL && member->life->sampled_rss_bytes > 0);
	enter(member, 0, "cat");
	CHECK_INT((long long)lives.n, 1);
	end(child);
}

int main(void)
{
	test_short_copy_is_a_beginning();
	test_long_copy_is_a_life();
	test_image_of_a_fork_is_its_own();
	test_late_first_event();
	test_slow_exec();
	return n_failed_checks != 0;
}
