/* SPDX: no licence chosen yet, see README */
/*
 * unwind_stacks.c - more stacks than one a thread. Run under --check-unwinder=1 by
 * tests/integration/test_unwind.py; prints a checksum.
 *
 *   coroutines  ucontext on malloc'ed stacks that are freed and used anew, in two threads
 *   threads     stacks of 16 KiB, of 512 KiB and of our own making; destructors of thread-specific
 *               data and cancellation clean-up that allocate
 *   children    fork, vfork and a thread of the child
 */
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#define KEEP __attribute__((noinline, noclone))

static KEEP unsigned allocate(size_t bytes)
{
	volatile char *block = malloc(bytes);
	block[0] = (char)bytes;
	unsigned sum = (unsigned char)block[0];
	free((void *)block);
	return sum;
}

static KEEP unsigned nest(unsigned depth)
{
	volatile char room[64];
	room[0] = 1;
	unsigned sum = allocate(depth + 1);
	return depth ? sum + nest(depth - 1) + (unsigned)room[0] : sum;
}

/* ---- coroutines */

#define N_COROUTINES 6

struct coroutine {
	ucontext_t context;
	char *stack;
	unsigned n_rounds;
	int is_done;
};

struct ring {
	ucontext_t owner;
	struct coroutine coroutines[N_COROUTINES];
	unsigned current, sum;
};

static __thread struct ring *ring;

static KEEP void yield(void)
{
	struct ring *mine = ring;
	swapcontext(&mine->coroutines[mine->current].context, &mine->owner);
}

static KEEP void yield_deep(unsigned depth)
{
	volatile char room[40];
	room[0] = 1;
	ring->sum += allocate(depth + 100);
	if (depth)
		yield_deep(depth - 1);
	else
		yield();
	ring->sum += allocate(depth + 200 + (size_t)room[0]);
}

static void body(void)
{
	struct coroutine *mine = &ring->coroutines[ring->current];
	for (unsigned i = 0; i < mine->n_rounds; i++)
		yield_deep(i % 5);
	mine->is_done = 1;
}

static void start(struct coroutine *coroutine, unsigned n_rounds)
{
	size_t bytes = 96 << 10;
	free(coroutine->stack);
	coroutine->stack = malloc(bytes);
	coroutine->n_rounds = n_rounds;
	coroutine->is_done = 0;
	getcontext(&coroutine->context);
	coroutine->context.uc_stack.ss_sp = coroutine->stack;
	coroutine->context.uc_stack.ss_size = bytes;
	coroutine->context.uc_link = &ring->owner;
	makecontext(&coroutine->context, body, 0);
}

static void *run_ring(void *unused)
{
	(void)unused;
	struct ring mine;
	memset(&mine, 0, sizeof(mine));
	ring = &mine;
	for (unsigned i = 0; i < N_COROUTINES; i++)
		start(&mine.coroutines[i], 3 + i);
	for (unsigned turn = 0; turn < 400; turn++) {
		mine.current = turn * 7 % N_COROUTINES;
		struct coroutine *next = &mine.coroutines[mine.current];
		if (next->is_done || turn % 11 == 10)
			start(next, 3 + turn % 5);
		swapcontext(&mine.owner, &next->context);
		mine.sum += nest(turn % 4);
	}
	for (unsigned i = 0; i < N_COROUTINES; i++)
		free(mine.coroutines[i].stack);
	return (void *)(uintptr_t)mine.sum;
}

static unsigned coroutines(void)
{
	pthread_t threads[2];
	unsigned sum = 0;
	for (unsigned i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, run_ring, NULL);
	for (unsigned i = 0; i < 2; i++) {
		void *result;
		pthread_join(threads[i], &result);
		sum += (unsigned)(uintptr_t)result;
	}
	return sum;
}

/* ---- threads */

static pthread_key_t key;

static void destroy(void *value)
{
	free(value);
	nest(3);
}

static void clean_up(void *depth)
{
	nest((unsigned)(uintptr_t)depth);
}

static void *in_thread(void *depth)
{
	pthread_setspecific(key, malloc(10));
	return (void *)(uintptr_t)nest((unsigned)(uintptr_t)depth);
}

static KEEP void wait_in(unsigned depth)
{
	volatile char room[50];
	room[0] = 1;
	if (depth)
		wait_in(depth - (unsigned)room[0]);
	else
		pause();
	room[0]++;
}

static void *cancelled(void *depth)
{
	pthread_setspecific(key, malloc(10));
	pthread_cleanup_push(clean_up, depth);
	nest(2);
	wait_in((unsigned)(uintptr_t)depth);
	pthread_cleanup_pop(0);
	return NULL;
}

static unsigned run_thread(
	const pthread_attr_t *attributes, void *(*function)(void *), unsigned depth)
{
	pthread_t thread;
	void *result = NULL;
	if (pthread_create(&thread, attributes, function, (void *)(uintptr_t)depth) != 0)
		return 0;
	if (function == cancelled)
		pthread_cancel(thread);
	pthread_join(thread, &result);
	return function == cancelled ? result == PTHREAD_CANCELED : (unsigned)(uintptr_t)result;
}

static unsigned threads(void)
{
	pthread_attr_t attributes;
	unsigned sum = 0;
	size_t mine_bytes = 64 << 10;
	void *mine =
		mmap(NULL, mine_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_key_create(&key, destroy);
	for (unsigned round = 0; round < 8; round++) {
		pthread_attr_init(&attributes);
		pthread_attr_setstacksize(&attributes, 512 << 10);
		sum += run_thread(&attributes, in_thread, 200 + round);
		sum += run_thread(&attributes, cancelled, round);
		pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN);
		sum += run_thread(&attributes, in_thread, round);
		pthread_attr_setstack(&attributes, mine, mine_bytes);
		sum += run_thread(&attributes, in_thread, 10 + round);
		pthread_attr_destroy(&attributes);
	}
	munmap(mine, mine_bytes);
	return sum;
}

/* ---- children */

static unsigned wait_for(pid_t child)
{
	int status = 0;
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? (unsigned)WEXITSTATUS(status) : 1000;
}

static KEEP unsigned fork_at(unsigned depth)
{
	volatile char room[80];
	room[0] = 1;
	if (depth)
		return fork_at(depth - 1) + (unsigned)room[0];
	nest(2);
	pid_t child = fork();
	if (child == 0) {
		nest(4);
		_exit((int)(run_thread(NULL, in_thread, 5) & 63));
	}
	return wait_for(child) + nest(3);
}

static KEEP unsigned vfork_at(unsigned depth)
{
	volatile char room[48];
	room[0] = 1;
	if (depth)
		return vfork_at(depth - 1) + (unsigned)room[0];
	pid_t child = vfork();
	if (child == 0) {
		nest(2);
		_exit(7);
	}
	return wait_for(child) + nest(3);
}

static unsigned children(void)
{
	unsigned sum = 0;
	pthread_key_create(&key, destroy);
	for (unsigned depth = 0; depth < 6; depth++)
		sum += fork_at(depth) + vfork_at(depth);
	return sum;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	unsigned sum;
	if (strcmp(what, "coroutines") == 0)
		sum = coroutines();
	else if (strcmp(what, "threads") == 0)
		sum = threads();
	else if (strcmp(what, "children") == 0)
		sum = children();
	else
		return 2;
	printf("%s: %u\n", what, sum);
	return 0;
}
