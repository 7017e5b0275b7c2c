/* SPDX: no licence chosen yet, see README */
/*
 * unwind_turns.c - a program that takes turns among a few stacks, of frames of all kinds and of the
 * same sizes: the same (pc, sp) of a call is reached along other frames, the same frames lie on
 * another base, or the frame pointer of a base is kept by other functions. Some of them call
 * through code without unwind data, with a frame pointer of its own or any other value in its
 * register. Half of it twice, by a child and in a region. Run by tests/integration/test_unwind.py.
 *
 * It keeps its own books by paths, and prints them: see unwind_books.h. With an argument there are
 * no signals.
 */
#include <alloca.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "preload/memwatch.h"
#include "workloads/unwind_books.h"

#ifdef __clang__
#define KEEP __attribute__((noinline))
#define WITH_FP KEEP
#else
#define KEEP __attribute__((noipa))
#define WITH_FP __attribute__((noipa, optimize("no-omit-frame-pointer")))
#endif

#define N_SHAPES 6u
#define N_ROUNDS 300u
#define N_TURNS 60u
#define N_KEPT 64u

static uint64_t random_state = 88172645463325252u;

static unsigned choose(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % n;
}

/* ---- the frames: each goes on to the next of its shape */

struct step {
	void (*go)(const struct step *next);
};

#define GO_ON(step) (step)->go((step) + 1)

#define PLAIN(name)                                                                                \
	static KEEP void name(const struct step *step)                                             \
	{                                                                                          \
		ENTER();                                                                           \
		GO_ON(step);                                                                       \
		LEAVE();                                                                           \
	}

#define FRAME_POINTER(name)                                                                        \
	static WITH_FP void name(const struct step *step)                                          \
	{                                                                                          \
		ENTER();                                                                           \
		GO_ON(step);                                                                       \
		LEAVE();                                                                           \
	}

/* Values over the call in all registers that a callee keeps, the frame pointer among them. */
#define MANY_REGISTERS(name)                                                                       \
	static KEEP void name(const struct step *step)                                             \
	{                                                                                          \
		static volatile uint64_t sink, source = 3;                                         \
		ENTER();                                                                           \
		uint64_t a = source, b = source, c = source, d = source, e = source, f = source;   \
		GO_ON(step);                                                                       \
		sink = a * 2 + b * 3 + c * 5 + d * 7 + e * 11 + f;                                 \
		LEAVE();                                                                           \
	}

/* More frames than are kept of a stack's top. */
static KEEP void down(const struct step *step, unsigned n)
{
	ENTER();
	if (n > 0)
		down(step, n - 1);
	else
		GO_ON(step);
	LEAVE();
}

static KEEP void deep(const struct step *step)
{
	ENTER();
	down(step, 15);
	LEAVE();
}

#define DYNAMIC(name)                                                                              \
	static KEEP void name(const struct step *step)                                             \
	{                                                                                          \
		static volatile size_t bytes = 48;                                                 \
		volatile char *room = alloca(bytes);                                               \
		room[0] = 1;                                                                       \
		ENTER();                                                                           \
		GO_ON(step);                                                                       \
		LEAVE();                                                                           \
	}

#define ALIGNED(name)                                                                              \
	static KEEP void name(const struct step *step)                                             \
	{                                                                                          \
		static volatile size_t bytes = 32;                                                 \
		volatile char room[64] __attribute__((aligned(64)));                               \
		volatile char *more = alloca(bytes);                                               \
		room[0] = more[0] = 1;                                                             \
		ENTER();                                                                           \
		GO_ON(step);                                                                       \
		LEAVE();                                                                           \
	}

/*
 * Two callers leave now this, now that room to a function that takes the rest: its sp is the same,
 * its frame pointer is not, and where the one's return address was, nobody writes below the other.
 * Now and then all of it lies so much deeper that what it leaves behind outlasts others' calls.
 */
static volatile size_t rest = 256;
static bool is_fixed; /* always both, of the same room */

static KEEP void shifted(const struct step *step)
{
	volatile char *room = alloca(rest);
	room[0] = 1;
	ENTER();
	GO_ON(step);
	LEAVE();
}

#define SHIFT(name)                                                                                \
	static KEEP void name(const struct step *step)                                             \
	{                                                                                          \
		size_t bytes = is_fixed || choose(2) ? 384 : 128;                                  \
		volatile char *room = alloca(bytes);                                               \
		room[0] = 1;                                                                       \
		rest = (is_fixed || choose(4) ? 512 : 8192) - bytes;                               \
		ENTER();                                                                           \
		if (is_fixed || choose(2))                                                         \
			shifted(step);                                                             \
		else                                                                               \
			GO_ON(step);                                                               \
		LEAVE();                                                                           \
	}

typedef void middle(void (*go)(const struct step *), const struct step *next, uintptr_t fp);
middle bare, tabled; /* unwind_turns.S tells of them */
void by_register(void (*go)(const struct step *), const struct step *next);
void bottom(void);

#if defined(__x86_64__)
#define N_WAYS 7u
#else
#define N_WAYS 6u /* who is taken for the caller there may have no frame pointer to go on with */
#endif

/* bare() with its own frame pointer; with none, below and above the stack; tabled(); bare() with
 * that of a frame record without caller, and of one that bottom() has; with this function's, which
 * is passed over. Below by_register() only tabled(): nobody knows what other registers are. */
#define BARE(name)                                                                                 \
	static WITH_FP void name(const struct step *step)                                          \
	{                                                                                          \
		uintptr_t own = (uintptr_t)__builtin_frame_address(0);                             \
		unsigned way = is_below("by_register") ? 3 : choose(N_WAYS), depth = path->depth;  \
		volatile uintptr_t record[] = { 0, way == 5 ? (uintptr_t)bottom + 4 : 0 };         \
		uintptr_t fps[] = { 0, 12345, (uintptr_t)1 << 60, choose(9), (uintptr_t)record,    \
			(uintptr_t)record, own };                                                  \
		if (way < 4)                                                                       \
			ENTER();                                                                   \
		if (way == 1 || way == 2 || way == 4 || way == 5)                                  \
			CUT();                                                                     \
		if (way == 5)                                                                      \
			path->names[path->depth++] = "bottom";                                     \
		(way == 3 ? tabled : bare)(step->go, step + 1, fps[way]);                          \
		path->depth = depth;                                                               \
	}

#define BY_REGISTER(name)                                                                          \
	static KEEP void name(const struct step *step)                                             \
	{                                                                                          \
		ENTER();                                                                           \
		path->names[path->depth++] = "by_register";                                        \
		by_register(step->go, step + 1);                                                   \
		LEAVE();                                                                           \
		LEAVE();                                                                           \
	}

PLAIN(plain_a)
PLAIN(plain_b)
PLAIN(plain_c)
FRAME_POINTER(fp_a)
FRAME_POINTER(fp_b)
MANY_REGISTERS(registers_a)
MANY_REGISTERS(registers_b)
DYNAMIC(dynamic_a)
DYNAMIC(dynamic_b)
ALIGNED(aligned_a)
SHIFT(shift_a)
SHIFT(shift_b)
BARE(bare_a)
BARE(bare_b)
BY_REGISTER(register_a)
BY_REGISTER(register_b)

static void (*const kinds[])(const struct step *) = { plain_a, plain_b, plain_c, fp_a, fp_b,
	registers_a, registers_b, dynamic_a, dynamic_b, aligned_a, shift_a, shift_b, shift_a,
	shift_b, bare_a, bare_b, register_a, register_b, deep };
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* ---- their ends */

static void *kept[N_KEPT];
static bool is_child;
static unsigned last;
static jmp_buf back;
static void (*in_handler)(void);

static inline __attribute__((always_inline)) void take_or_give(void)
{
	last = (last + 1) % N_KEPT;
	size_t bytes = 1 + path->depth * 8 + choose(40);
	if (kept[last] && choose(3) == 0) {
		free(kept[last]);
		kept[last] = NULL;
		book()->n_freed++;
	} else if (kept[last] && choose(2)) {
		book()->n_freed++;
		kept[last] = realloc(kept[last], bytes);
		book()->n_allocated++;
		book()->bytes += bytes;
	} else if (!kept[last]) {
		kept[last] = malloc(bytes);
		book()->n_allocated++;
		book()->bytes += bytes;
	}
}

static KEEP void leaf(const struct step *step)
{
	(void)step;
	ENTER();
	take_or_give();
	LEAVE();
}

static KEEP void leaf_rest(const struct step *step)
{
	volatile char *room = alloca(rest);
	room[0] = 1;
	(void)step;
	ENTER();
	take_or_give();
	LEAVE();
}

static KEEP void leaf_take(const struct step *step)
{
	(void)step;
	ENTER();
	void *volatile block = malloc(path->depth);
	book()->n_allocated++;
	book()->bytes += path->depth;
	free(block);
	book()->n_freed++;
	LEAVE();
}

static KEEP void leaf_jump(const struct step *step)
{
	leaf(step);
	longjmp(back, 1);
}

static KEEP void leaf_signal(const struct step *step)
{
	leaf(step);
	if (in_handler)
		raise(SIGUSR1);
	leaf(step);
}

static void (*const leaves[])(
	const struct step *) = { leaf, leaf, leaf_rest, leaf_rest, leaf_jump, leaf_signal };

/* ---- shapes, and turns among them */

static struct step shapes[N_SHAPES][8];

/* Variations of one shape: mostly they differ in a frame or two. */
static void make_shapes(void)
{
	struct step common[8];
	unsigned depth = 1 + choose(6);
	for (unsigned i = 0; i < depth; i++)
		common[i].go = kinds[choose(N_KINDS)];
	for (unsigned n = 0; n < N_SHAPES; n++) {
		memcpy(shapes[n], common, sizeof(common));
		shapes[n][choose(depth)].go = kinds[choose(N_KINDS)];
		if (choose(2))
			shapes[n][choose(depth)].go = kinds[choose(N_KINDS)];
		unsigned end = choose(3) ? depth : 1 + choose(depth);
		shapes[n][end].go = leaves[choose(sizeof(leaves) / sizeof(leaves[0]))];
	}
}

/* The two that leave room, before all that can lie on them. */
static void make_shifted_shapes(void)
{
	static void (*const ends[])(const struct step *) = { plain_a, leaf_rest, leaf_rest };
	for (unsigned n = 0; n < N_SHAPES; n++) {
		shapes[n][0].go = n % 2 ? shift_a : shift_b;
		shapes[n][1].go = ends[n / 2];
		shapes[n][2].go = leaf;
	}
}

static KEEP void turn(void)
{
	volatile unsigned depth = path->depth;
	ENTER();
	const struct step *step = shapes[choose(N_SHAPES)];
	if (setjmp(back) == 0)
		GO_ON(step);
	path->depth = depth;
}

static KEEP void turns_a(unsigned n)
{
	ENTER();
	for (unsigned i = 0; i < n; i++)
		turn();
	LEAVE();
}

static KEEP void turns_b(unsigned n)
{
	static volatile size_t bytes = 200;
	volatile char *room = alloca(bytes);
	room[0] = 1;
	ENTER();
	for (unsigned i = 0; i < n; i++)
		turn();
	LEAVE();
}

static KEEP void go_deeper(const struct step *step, size_t bytes)
{
	volatile char *room = alloca(bytes);
	room[0] = 1;
	ENTER();
	GO_ON(step);
	LEAVE();
}

/*
 * A stack that is met again, the same deeper down, then another in the first one's place: its top
 * is the same, and what the one deeper down left behind is whole. Elsewhere in each round.
 */
static KEEP void turn_deeper(unsigned round)
{
	static const struct step by_a[] = { { shift_a }, { registers_a }, { leaf_take } },
				 by_b[] = { { shift_b }, { registers_a }, { leaf_take } };
	ENTER();
	is_fixed = true;
	for (volatile unsigned i = 0; i < 5; i++) /* one call, not five */
		go_deeper(i < 4 ? by_a : by_b, (i == 3 ? 8192 : 64) + round * 16);
	is_fixed = false;
	LEAVE();
}

static KEEP void handler_turns(void)
{
	jmp_buf interrupted;
	void (*again)(void) = in_handler;
	memcpy(interrupted, back, sizeof(back));
	in_handler = NULL;
	ENTER();
	turn();
	LEAVE();
	in_handler = again;
	memcpy(back, interrupted, sizeof(back));
}

static KEEP void handler(int signal)
{
	(void)signal;
	ENTER();
	handler_turns();
	LEAVE();
}

/* ---- another stack */

static ucontext_t main_context, other_context;
static char other_stack[1 << 17] __attribute__((aligned(64)));

static KEEP void other(void)
{
	ENTER();
	for (;;) {
		turns_a(choose(4));
		path = &main_path;
		swapcontext(&other_context, &main_context);
	}
}

static void make_other(void)
{
	getcontext(&other_context);
	other_context.uc_stack.ss_sp = other_stack;
	other_context.uc_stack.ss_size = sizeof(other_stack);
	makecontext(&other_context, other, 0);
}

static void to_other(void)
{
	path = &other_path;
	swapcontext(&main_context, &other_context);
}

static void one_round(unsigned round)
{
	if (round % 2)
		make_shapes();
	else
		make_shifted_shapes();
	for (unsigned i = 0; i < N_TURNS / 3; i++) {
		if (choose(2))
			turns_a(choose(6));
		else
			turns_b(choose(6));
		if (choose(4) == 0)
			to_other();
	}
	turn_deeper(round);
}

/* A child goes the same way first. What it inherits is not counted where it would free it. */
static void fork_and_wait(void)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0)
		memset(kept, 0, sizeof(kept));
	else if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		exit(3);
	is_child = pid == 0;
}

int main(int argc, char **argv)
{
	(void)argv;
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_NODEFER };
	open_books();
	ENTER();
	sigaction(SIGUSR1, &action, NULL);
	in_handler = argc == 1 ? handler_turns : NULL;
	make_other();
	for (unsigned round = 0; round < N_ROUNDS; round++) {
		if (round == N_ROUNDS / 2) {
			fork_and_wait();
			if (!is_child)
				memwatch_task_begin("turns");
		}
		one_round(round);
	}
	memwatch_task_end("turns");
	LEAVE();
	if (!is_child)
		print_books();
	return 0;
}
