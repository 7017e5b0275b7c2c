/* SPDX: no licence chosen yet, see README */
/*
 * truth_signals.c - allocations in signal handlers: on the normal stack, on a small alternate
 * stack, out of a SEGV by siglongjmp, nested. Signals are raised between allocator calls only
 * (malloc in a handler that interrupted malloc is the program's own bug). Also longjmp across
 * frames that allocated.
 */
#include "workloads/truth.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static sigjmp_buf escape;
static void *in_handler;
static char *volatile no_page;

static TRUTH_NOINLINE void on_usr1(int signal)
{
	(void)signal;
	in_handler = T_MALLOC(501);
	T_FREE(T_MALLOC(502));
}

static TRUTH_NOINLINE void on_usr2_nested(int signal)
{
	(void)signal;
	T_FREE(T_CALLOC(1, 503));
	raise(SIGUSR1);
	T_FREE(in_handler);
}

static TRUTH_NOINLINE void on_segv(int signal)
{
	void *p = T_MALLOC(504);

	(void)signal;
	T_FREE(p);
	siglongjmp(escape, 1);
}

static void handle(int signal, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigaction(signal, &action, NULL);
}

static TRUTH_NOINLINE void touch_no_page(int n)
{
	void *p = T_MALLOC((size_t)n); /* lost: nobody frees it after the jump */

	memset(p, 0, (size_t)n);
	*no_page = 1;
	TRUTH_KEEP_FRAME();
}

static TRUTH_NOINLINE void jump_out(int depth)
{
	void *p = T_MALLOC(60);

	if (depth == 0)
		siglongjmp(escape, 2);
	jump_out(depth - 1);
	T_FREE(p);
}

int main(void)
{
	static char alternate[16384];
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof alternate };

	no_page = (char *)syscall(
		SYS_mmap, NULL, 4096L, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
	handle(SIGUSR1, on_usr1, 0);
	raise(SIGUSR1);
	T_FREE(in_handler);
	handle(SIGUSR2, on_usr2_nested, 0);
	raise(SIGUSR2);

	sigaltstack(&stack, NULL);
	handle(SIGUSR1, on_usr1, SA_ONSTACK);
	raise(SIGUSR1);
	T_FREE(in_handler);
	handle(SIGSEGV, on_segv, SA_ONSTACK | SA_NODEFER);
	for (volatile int i = 0; i < 5; i++)
		if (sigsetjmp(escape, 1) == 0)
			touch_no_page(600 + i);
	for (volatile int i = 0; i < 3; i++)
		if (sigsetjmp(escape, 1) == 0)
			jump_out(10);
	T_FREE(T_MALLOC(505));
	truth_print("main");
	return 0;
}
