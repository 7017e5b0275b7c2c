/* SPDX: no licence chosen yet, see README */
/*
 * truth_coroutine.c - ucontext coroutines on small stacks (32 KiB, the second half of them from
 * mmap) that allocate, yield in the middle and free what another made. What a profiler keeps of
 * "this thread's last stack" is wrong at every switch.
 */
#include "workloads/truth.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { N = 6, ROUNDS = 10, STACK_BYTES = 32768 };

static ucontext_t scheduler, coroutines[N];
static void *mailbox[N];
static char stacks[N / 2][STACK_BYTES] __attribute__((aligned(16)));

static TRUTH_NOINLINE void yield(int who)
{
	swapcontext(&coroutines[who], &scheduler);
}

static TRUTH_NOINLINE void even(int who, int round)
{
	mailbox[who] = T_MALLOC((size_t)(100 * who + round + 1));
	TRUTH_KEEP_FRAME();
}

static TRUTH_NOINLINE void odd(int who, int round)
{
	void *p = T_MALLOC(50);

	yield(who);
	mailbox[who] = T_REALLOC(p, (size_t)(1000 + round));
	TRUTH_KEEP_FRAME();
}

static void run(int who)
{
	for (int round = 0; round < ROUNDS; round++) {
		if (who % 2)
			odd(who, round);
		else
			even(who, round);
		yield(who);
		int other = (who + 1) % N;

		T_FREE(mailbox[other]);
		mailbox[other] = NULL;
		yield(who);
	}
}

int main(void)
{
	for (int i = 0; i < N; i++) {
		char *stack = stacks[i / 2];

		if (i % 2)
			stack = (char *)syscall(SYS_mmap, NULL, (long)STACK_BYTES,
				PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
		getcontext(&coroutines[i]);
		coroutines[i].uc_stack.ss_sp = stack;
		coroutines[i].uc_stack.ss_size = STACK_BYTES;
		coroutines[i].uc_link = &scheduler;
		makecontext(&coroutines[i], (void (*)(void))run, 1, i);
	}
	for (int turn = 0; turn < 6 * ROUNDS; turn++)
		for (int i = 0; i < N; i++)
			if (turn < (i % 2 ? 3 : 2) * ROUNDS)
				swapcontext(&scheduler, &coroutines[i]);
	truth_print("main");
	return 0;
}
