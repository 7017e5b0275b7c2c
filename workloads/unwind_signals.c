/* SPDX: no licence chosen yet, see README */
/*
 * unwind_signals.c - signal handlers that allocate, over every kind of interrupted code. Run
 * under --check-unwinder=1 by tests/integration/test_unwind.py; prints a checksum.
 *
 *   handlers   raised, nested, on the alternate stack and off it, left by siglongjmp
 *   steps      single-stepped (x86-64's trap flag): the handler allocates after every instruction
 *              of leaf functions, of library code, of PLT stubs and of the loader binding symbols
 *   aligned    the same in a function that aligns its stack; prints how often it stepped, since
 *              gcc's table for its last instructions is wrong, and libunwind with it
 *   timer      a timer in code that computes only
 *   nowhere    a call of NULL, of which nobody knows the caller, and a plain one take turns: the
 *              handler's frames lie in the same place
 *   untabled   a handler that returns by a trampoline of the program's own, without unwind table
 *
 * The interrupted code must not allocate, since malloc is not to be called by a handler then.
 */
#include <ctype.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define KEEP __attribute__((noinline, noclone))
#define ALTERNATE_BYTES (256 << 10)

static volatile unsigned n_handled;

static KEEP void allocate(size_t bytes)
{
	volatile char *block = malloc(bytes);
	block[0] = 1;
	free((void *)block);
}

/* ---- handlers */

static sigjmp_buf out;

static void inner(int number)
{
	n_handled++;
	allocate(16 + (size_t)number);
}

static void outer(int number)
{
	n_handled++;
	allocate(32 + (size_t)number);
	raise(SIGUSR2);
	allocate(48 + (size_t)number);
}

static void jumper(int number)
{
	n_handled++;
	allocate(64 + (size_t)number);
	siglongjmp(out, 1);
}

static void handle(int number, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };
	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static KEEP unsigned raise_at(unsigned depth, int number)
{
	volatile char room[100];
	room[0] = (char)depth;
	if (depth)
		return raise_at(depth - 1, number) + (unsigned)room[0];
	raise(number);
	return n_handled;
}

static void handlers(int flags)
{
	handle(SIGUSR1, outer, flags);
	handle(SIGUSR2, inner, 0);
	handle(SIGTERM, jumper, flags);
	for (unsigned depth = 0; depth < 12; depth++) {
		raise_at(depth, SIGUSR1);
		raise_at(depth, SIGUSR2);
		if (sigsetjmp(out, 1) == 0)
			raise_at(depth, SIGTERM);
		allocate(depth + 1);
	}
}

static KEEP unsigned call_nowhere(void (*volatile function)(void))
{
	function();
	return n_handled;
}

static KEEP unsigned raise_here(void)
{
	raise(SIGSEGV);
	return n_handled;
}

/* Its last event is from the place of its first. */
static void keeper(int number)
{
	static void *volatile kept;
	n_handled++;
	kept = malloc((size_t)number);
	siglongjmp(out, 1);
}

static uint64_t nowhere(int flags)
{
	for (volatile unsigned i = 0; i < 200; i++) {
		handle(SIGSEGV, i < 100 ? jumper : keeper, flags | SA_NODEFER);
		if (sigsetjmp(out, 1) == 0)
			i % 4 < 2 ? call_nowhere(NULL) : raise_here();
	}
	return n_handled;
}

/* ---- code to interrupt */

static KEEP uint64_t leaf(uint64_t x)
{
	return x * x + 1;
}

static KEEP uint64_t with_branches(uint64_t x)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < 3; i++)
		sum += x & 1 ? leaf(x + i) : leaf(x) * 3;
	return sum;
}

static KEEP uint64_t tail_call(uint64_t x)
{
	return with_branches(x + 1);
}

static KEEP uint64_t with_array(uint64_t x)
{
	volatile char more[16 + x % 100];
	memset((void *)more, (int)x, sizeof(more));
	return tail_call(x) + (uint64_t)more[7];
}

static KEEP uint64_t aligned(uint64_t x)
{
	volatile _Alignas(64) char room[300];
	volatile char more[16 + x % 100];
	memset((void *)room, (int)x, sizeof(room));
	more[0] = room[7];
	return tail_call(x) + (uint64_t)more[0];
}

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static KEEP uint64_t in_library(uint64_t n)
{
	char text[100];
	unsigned x = (unsigned)n;
	int numbers[4] = { 5, (int)x, 1, 3 };
	struct timespec now;
	qsort(numbers, 4, sizeof(int), by_value);
	snprintf(text, sizeof(text), "%d %s %5x", numbers[2], "abc", x);
	clock_gettime(CLOCK_MONOTONIC, &now); /* the vdso */
	return strlen(text) + (uint64_t)atoi(text) + (uint64_t)strtol(text, NULL, 10);
}

/* Called here alone, so that the first call binds them, the loader below the handler. */
static KEEP uint64_t bind_symbols(double x)
{
	return (uint64_t)(cbrt(x) + tgamma(x) + (double)toupper((int)x) +
			  (double)strcspn("ab", "b"));
}

static KEEP uint64_t compute(uint64_t x)
{
	uint64_t sum = with_array(x) + in_library(x);
	return sum + bind_symbols((double)x + 2.5);
}

/* ---- interrupting it */

static void count(int number)
{
	n_handled++;
	allocate((size_t)number);
}

#if defined(__x86_64__)
/* In assembly, since its table must be right at each instruction, too. */
void step(void);
void stop_stepping(void);
__asm__(".macro change_flags name, instruction, mask\n"
	".text\n.type \\name, @function\n\\name:\n.cfi_startproc\n"
	"	pushfq\n.cfi_adjust_cfa_offset 8\n"
	"	\\instruction $\\mask, (%rsp)\n"
	"	popfq\n.cfi_adjust_cfa_offset -8\n"
	"	ret\n.cfi_endproc\n.size \\name, . - \\name\n.endm\n"
	"change_flags step, orq, 0x100\n"
	"change_flags stop_stepping, andq, -0x101\n");
#else
static void step(void)
{
	exit(77);
}

static void stop_stepping(void)
{
}
#endif

static KEEP uint64_t steps(int flags, uint64_t (*function)(uint64_t))
{
	handle(SIGTRAP, count, flags);
	uint64_t sum = 0;
	for (unsigned x = 0; x < 3; x++) {
		step();
		sum += function(x);
		stop_stepping();
	}
	return sum;
}

/* Set anew each time: a slow machine would have the next signal before it left the handler. */
static void set_timer(long us)
{
	struct itimerval once = { { 0, 0 }, { 0, us } };
	setitimer(ITIMER_REAL, &once, NULL);
}

static void count_and_go_on(int number)
{
	count(number);
	set_timer(300);
}

static uint64_t timer(int flags)
{
	handle(SIGALRM, count_and_go_on, flags);
	uint64_t sum = 0;
	unsigned before = n_handled;
	set_timer(300);
	for (unsigned x = 0; n_handled < before + 300; x++)
		sum |= compute(x % 50);
	set_timer(0);
	return sum != 0;
}

/* ---- untabled */

#if defined(__x86_64__)
void trampoline(void);
__asm__(".text\n\t.type trampoline, @function\n"
	"\t.skip 16, 0xcc\ntrampoline:\n\tmov $15, %rax\n\tsyscall\n"
	".size trampoline, . - trampoline\n");

struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

static KEEP void handle_untabled(int number)
{
	allocate((size_t)number);
	n_handled++;
}

static KEEP void raise_untabled(void)
{
	syscall(SYS_tgkill, getpid(), gettid(), SIGUSR2);
	n_handled++;
}

static void untabled(int flags)
{
	unsigned long has_restorer = 0x04000000;
	struct kernel_sigaction action = { handle_untabled, (unsigned)flags | has_restorer,
		trampoline, 0 };
	syscall(SYS_rt_sigaction, SIGUSR2, &action, NULL, sizeof(action.mask));
	for (int i = 0; i < 100; i++)
		raise_untabled();
}
#else
static void untabled(int flags)
{
	(void)flags;
}
#endif

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "all";
	int flags = argc > 2 && strcmp(argv[2], "alternate") == 0 ? SA_ONSTACK : 0;
	static char alternate[ALTERNATE_BYTES];
	stack_t stack = { .ss_sp = alternate, .ss_size = sizeof(alternate) };
	sigaltstack(&stack, NULL);
	uint64_t sum = 0;
	if (strcmp(what, "handlers") == 0)
		handlers(flags);
	else if (strcmp(what, "steps") == 0)
		sum = steps(flags, compute);
	else if (strcmp(what, "aligned") == 0)
		sum = steps(flags, aligned);
	else if (strcmp(what, "timer") == 0)
		sum = timer(flags);
	else if (strcmp(what, "nowhere") == 0)
		sum = nowhere(flags);
	else if (strcmp(what, "untabled") == 0)
		untabled(flags);
	else
		return 2;
	if (strcmp(what, "aligned") == 0)
		sum = n_handled;
	printf("%s: %llu\n", what, (unsigned long long)sum);
	return 0;
}
