/* SPDX: no licence chosen yet, see README */
/*
 * hazard_stacks.c - whose stack is it? Programs on which a profiler that keeps state per thread
 * goes wrong: each must end as it does alone. Prints "ok".
 *
 *   vfork       a thread whose first event happens in its vfork child
 *   altstack    a signal stack inside the stack it interrupts, under a fast timer
 *   many N      N coroutine stacks in turn; prints nanoseconds a switch to stderr
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static void *volatile sink;

static __attribute__((noinline)) void deep(int depth, size_t bytes)
{
	if (depth > 0) {
		deep(depth - 1, bytes);
	} else {
		void *volatile block = malloc(bytes);
		free(block);
	}
	__asm__ volatile("");
}

/* ---- vfork --------------------------------------------------------------------------------- */

static void *begin_in_vfork(void *unused)
{
	pid_t child = vfork();
	if (child == 0) {
		sink = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	for (int i = 0; i < 500000; i++)
		deep(i % 40, 100);
	return unused;
}

static void *begin_plainly(void *unused)
{
	for (int i = 0; i < 500000; i++)
		deep(i * 7 % 50, 200);
	return unused;
}

static int run_vfork(void)
{
	pthread_t threads[3];
	pthread_create(&threads[0], NULL, begin_in_vfork, NULL);
	usleep(50000); /* its vfork child is gone when the others look for a block */
	pthread_create(&threads[1], NULL, begin_plainly, NULL);
	pthread_create(&threads[2], NULL, begin_plainly, NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

/* ---- altstack ------------------------------------------------------------------------------ */

static volatile sig_atomic_t n_signals;

static __attribute__((noinline)) void map_deep(int depth)
{
	if (depth > 0)
		map_deep(depth - 1);
	else
		munmap(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
	__asm__ volatile("");
}

static void on_alarm(int number)
{
	(void)number;
	n_signals++;
	map_deep(n_signals % 30);
}

static int run_altstack(void)
{
	char stack[65536];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_handler = on_alarm, .sa_flags = SA_ONSTACK | SA_RESTART };
	struct itimerval often = { { 0, 50 }, { 0, 50 } };
	sigaltstack(&alternate, NULL);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; n_signals < 5000; i++)
		deep(i % 40, 100);
	memset(&often, 0, sizeof(often));
	setitimer(ITIMER_REAL, &often, NULL);
	return 0;
}

/* ---- many ---------------------------------------------------------------------------------- */

#define STACK_BYTES 65536

static ucontext_t scheduler, *coroutines;

static void coroutine(int i)
{
	for (;;) {
		deep(3, 32);
		swapcontext(&coroutines[i], &scheduler);
	}
}

static void make_coroutine(int i)
{
	ucontext_t *context = &coroutines[i];
	char *stack = mmap(NULL, STACK_BYTES + 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(stack, 4096, PROT_NONE); /* the guard keeps the mappings apart */
	getcontext(context);
	context->uc_stack.ss_sp = stack + 4096;
	context->uc_stack.ss_size = STACK_BYTES;
	makecontext(context, (void (*)(void))coroutine, 1, i);
}

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int run_many(int n)
{
	enum { ROUNDS = 20 };
	coroutines = calloc((size_t)n, sizeof(*coroutines));
	for (int i = 0; i < n; i++)
		make_coroutine(i);
	int64_t start = 0;
	for (int round = -1; round < ROUNDS; round++) {
		if (round == 0)
			start = now_ns(); /* after every stack was seen once */
		for (int i = 0; i < n; i++)
			swapcontext(&scheduler, &coroutines[i]);
	}
	fprintf(stderr, "%lld\n", (long long)((now_ns() - start) / n / ROUNDS));
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int status = 2;
	if (strcmp(what, "vfork") == 0)
		status = run_vfork();
	else if (strcmp(what, "altstack") == 0)
		status = run_altstack();
	else if (strcmp(what, "many") == 0 && argc > 2)
		status = run_many(atoi(argv[2]));
	puts(status == 0 ? "ok" : "usage: hazard_stacks vfork|altstack|many N");
	return status;
}
