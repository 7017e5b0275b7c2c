/* SPDX: no licence chosen yet, see README */
/*
 * truth_die.c - allocates known amounts, prints its truth, dies in the way argument 1 names. All
 * that was recorded must be in the report, whatever the way.
 */
#include "workloads/truth.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static TRUTH_NOINLINE void hold(void)
{
	for (int i = 0; i < 50; i++)
		memset(T_MALLOC(4000), 1, 4000);
	T_FREE(T_MALLOC(123456));
}

static void die_exit(void)
{
	exit(3);
}

static void die_immediately(void)
{
	_exit(4);
}

static void die_immediately_c99(void)
{
	_Exit(5);
}

static void die_quickly(void)
{
	quick_exit(6);
}

static void die_by_abort(void)
{
	abort();
}

static void die_by_segv(void)
{
	*(volatile int *)16 = 1;
}

static void die_by_kill(void)
{
	kill(getpid(), SIGKILL);
}

static void die_by_term(void)
{
	raise(SIGTERM);
}

static void die_by_system_call(void)
{
	syscall(SYS_exit_group, 8L);
}

static void *exit_from_thread(void *unused)
{
	(void)unused;
	exit(9);
}

static void die_in_thread(void)
{
	pthread_t it;

	pthread_create(&it, NULL, exit_from_thread, NULL);
	pthread_join(it, NULL);
}

static void die_main_thread_first(void)
{
	pthread_exit(NULL);
}

static void die_return(void)
{
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*die)(void);
	} ways[] = { { "return", die_return }, { "exit", die_exit }, { "_exit", die_immediately },
		{ "_Exit", die_immediately_c99 }, { "quick_exit", die_quickly },
		{ "abort", die_by_abort }, { "segv", die_by_segv }, { "sigkill", die_by_kill },
		{ "sigterm", die_by_term }, { "exit_group", die_by_system_call },
		{ "thread", die_in_thread }, { "pthread_exit", die_main_thread_first } };

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		if (argc < 2 || strcmp(argv[1], ways[i].name))
			continue;
		hold();
		truth_print(argv[1]);
		ways[i].die();
		return 2;
	}
	truth_say("usage: truth_die WAY\n");
	return 64;
}
