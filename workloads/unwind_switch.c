/* SPDX: no licence chosen yet, see README */
/*
 * unwind_switch.c - functions that are called, or started, on other stacks, in the same place of
 * those. Run by tests/integration/test_unwind.py, with unwind_switch.S.
 *
 *   turns    started by nobody, and called in two ways, from several callers
 *   deep     200 frames that are left by more registers than three
 *   beside   goes on when the stack beside its own is unmapped
 *   gone     goes on when the stack that called it is unmapped; libunwind would not survive
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define KEEP __attribute__((noinline, noclone))
#define N_TURNS 100
#define STACK_BYTES 65536
#define GOES_ON() __asm__ volatile("") /* stands behind each call, so none is a tail call */

void call_by_fp(void *top, void (*function)(void));
void call_by_slot(void *top, void (*function)(void));
void start(void *top, void (*function)(void), void **sp);
void resume(void *to, void **sp);
void at_top(void);
void aligned(void (*function)(void));

static void *main_sp, *other_sp, *unused_sp, *volatile sink;
static char *first, *second, *top; /* stacks; the one in use */

static KEEP void allocate(void)
{
	sink = malloc(24);
	GOES_ON();
	free(sink);
	GOES_ON();
}

/* ---- turns */

static int is_started;

static KEEP void body(void)
{
	allocate();
	if (is_started)
		resume(main_sp, &unused_sp);
	GOES_ON();
}

static KEEP void as_started(void)
{
	is_started = 1;
	start(top, body, &main_sp);
	is_started = 0;
}

static KEEP void as_called_by_fp(void)
{
	call_by_fp(top, body);
	GOES_ON();
}

static KEEP void as_called_by_slot(void)
{
	call_by_slot(top, body);
	GOES_ON();
}

static KEEP void another_way(void)
{
	__asm__ volatile("nop"); /* not the same code, which compilers merge */
	call_by_fp(top, body);
	GOES_ON();
}

/* On the second stack, from there on the first. */
static KEEP void twice(void)
{
	top = first + STACK_BYTES;
	as_called_by_fp();
	as_called_by_slot();
	GOES_ON();
}

static void turns(void)
{
	static char in_data[STACK_BYTES] __attribute__((aligned(64)));
	char *stacks[] = { in_data, first, __builtin_alloca_with_align(STACK_BYTES, 512) };
	for (int i = 0; i < 3; i++) {
		for (int turn = 0; turn < N_TURNS; turn++) {
			top = stacks[i] + STACK_BYTES;
			as_started();
			as_called_by_fp();
			another_way();
			as_called_by_slot();
			if (turn % 2)
				as_called_by_fp();
			call_by_fp(second + STACK_BYTES, twice);
		}
	}
}

/* ---- gone */

static KEEP void stay(void)
{
	for (;;) {
		for (int i = 0; i < N_TURNS; i++)
			allocate();
		resume(main_sp, &other_sp);
	}
}

static KEEP void be_gone(void)
{
	call_by_fp(second + STACK_BYTES, stay);
	GOES_ON();
}

static KEEP void begin(void)
{
	start(first + STACK_BYTES, be_gone, &main_sp);
	GOES_ON();
}

static KEEP void go_on(void)
{
	resume(other_sp, &main_sp);
	GOES_ON();
}

/* ---- deep */

static unsigned depth;

static KEEP void descend(void)
{
	if (depth++ < 200) {
		aligned(descend);
	} else {
		for (int i = 0; i < N_TURNS; i++)
			allocate();
	}
	GOES_ON();
}

/* ---- beside */

/* Its return address would lie in front of the next stack, which is unmapped. */
void beside(void);
KEEP void beside(void)
{
	for (int i = 0; i < N_TURNS; i++) {
		allocate();
		if (i == N_TURNS / 2)
			resume(main_sp, &other_sp);
		if (i == N_TURNS * 3 / 4)
			munmap(first + STACK_BYTES * 3 / 2, STACK_BYTES / 2);
	}
	resume(main_sp, &unused_sp);
}

static char *map_stack(size_t bytes)
{
	char *stack = mmap(
		NULL, bytes + 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(stack, 4096, PROT_NONE);
	mprotect(stack + 4096 + bytes, 4096, PROT_NONE);
	return stack + 4096;
}

int main(int argc, char **argv)
{
	first = map_stack(2 * STACK_BYTES);
	second = map_stack(STACK_BYTES);
	if (argc == 2 && strcmp(argv[1], "turns") == 0) {
		turns();
	} else if (argc == 2 && strcmp(argv[1], "gone") == 0) {
		begin();
		go_on();
		munmap(first, STACK_BYTES);
		go_on();
	} else if (argc == 2 && strcmp(argv[1], "deep") == 0) {
		descend();
	} else if (argc == 2 && strcmp(argv[1], "beside") == 0) {
		start(first + STACK_BYTES + 24, at_top, &main_sp);
		munmap(first + STACK_BYTES, STACK_BYTES / 2);
		go_on();
	} else {
		return 2;
	}
	puts("ok");
	return 0;
}
