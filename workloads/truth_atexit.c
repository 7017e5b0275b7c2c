/* SPDX: no licence chosen yet, see README */
/*
 * truth_atexit.c - allocations outside main: constructors (with priority), atexit and on_exit
 * handlers, destructors of thread-specific data (two rounds), the ELF destructor. The truth is
 * printed by the last of them.
 */
#include "workloads/truth.h"

#include <pthread.h>
#include <stdlib.h>

static pthread_key_t key;
static void *from_constructor;

__attribute__((constructor(101))) static TRUTH_NOINLINE void first_constructor(void)
{
	from_constructor = T_MALLOC(1001);
}

__attribute__((constructor)) static TRUTH_NOINLINE void second_constructor(void)
{
	T_FREE(T_MALLOC(1002));
}

static TRUTH_NOINLINE void thread_data_destructor(void *data)
{
	static int n_rounds;

	T_FREE(data);
	if (++n_rounds == 1)
		pthread_setspecific(key, T_MALLOC(2002));
}

static TRUTH_NOINLINE void *thread(void *unused)
{
	pthread_setspecific(key, T_MALLOC(2001));
	return unused;
}

static TRUTH_NOINLINE void at_exit(void)
{
	T_FREE(T_MALLOC(3001));
	(void)T_MALLOC(3002);
	TRUTH_KEEP_FRAME();
}

static TRUTH_NOINLINE void on_exit_too(int status, void *argument)
{
	(void)status;
	T_FREE(argument);
	T_FREE(T_MALLOC(3003));
}

__attribute__((destructor)) static TRUTH_NOINLINE void destructor(void)
{
	T_FREE(T_MALLOC(4001));
	T_FREE(from_constructor);
	truth_print("main");
}

int main(void)
{
	pthread_t it;

	if (pthread_key_create(&key, thread_data_destructor) ||
		pthread_create(&it, NULL, thread, NULL))
		abort();
	pthread_join(it, NULL);
	atexit(at_exit);
	on_exit(on_exit_too, T_MALLOC(3004));
	return 7;
}
