/* SPDX: no licence chosen yet, see README */
/*
 * unwind_frames.c - stacks made of every kind of frame a C compiler makes, in random order. Run
 * under --check-unwinder=1 by tests/integration/test_unwind.py; prints a checksum of its walk.
 *
 * Each kind allocates before and after it goes on to the next, so that both a fresh stack and one
 * that shares its outer frames with the last are seen at every kind.
 */
#include <alloca.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEEP __attribute__((noinline, noclone))

typedef uint64_t kind(unsigned depth);
static kind *const kinds[];
static unsigned n_kinds;
static uint64_t random_state = 88172645463325252u;

static unsigned choose(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % n;
}

static KEEP uint64_t allocate(size_t bytes)
{
	volatile char *block = malloc(bytes);
	block[0] = (char)bytes;
	uint64_t sum = (unsigned char)block[0];
	free((void *)block);
	return sum;
}

static KEEP uint64_t walk(unsigned depth)
{
	uint64_t sum = allocate(10 + depth);
	if (depth == 0)
		return sum;
	for (unsigned i = choose(4) ? 1 : 2; i > 0; i--)
		sum = sum * 31 + kinds[choose(n_kinds)](depth - 1);
	return sum + allocate(20 + depth);
}

static KEEP uint64_t plain(unsigned depth)
{
	return walk(depth) + 1;
}

static KEEP uint64_t tail_call(unsigned depth)
{
	return walk(depth);
}

/* Enough values alive over the calls to take every register that a callee keeps. */
static KEEP uint64_t many_registers(unsigned depth)
{
	uint64_t a = choose(9), b = choose(8), c = choose(7), d = choose(6), e = choose(5);
	uint64_t f = a * b + walk(depth);
	uint64_t g = c ^ d ^ walk(depth / 2);
	return a + b * 2 + c * 3 + d * 4 + e * 5 + f + g;
}

static KEEP uint64_t dynamic(unsigned depth)
{
	size_t bytes = 16 + choose(3000);
	volatile char *room = alloca(bytes);
	room[0] = room[bytes - 1] = 1;
	uint64_t sum = walk(depth);
	return sum + (uint64_t)room[0];
}

static KEEP uint64_t variable_array(unsigned depth)
{
	unsigned n = 1 + choose(200);
	volatile uint64_t room[n];
	for (unsigned i = 0; i < n; i++)
		room[i] = i;
	return walk(depth) + room[n - 1];
}

static KEEP uint64_t big_frame(unsigned depth)
{
	volatile char room[20 << 10];
	room[0] = room[sizeof(room) - 1] = 2;
	return walk(depth) + (uint64_t)room[0];
}

static KEEP uint64_t huge_frame(unsigned depth)
{
	volatile char room[200 << 10];
	room[0] = room[sizeof(room) - 1] = 3;
	return walk(depth) + (uint64_t)room[0];
}

static KEEP uint64_t aligned(unsigned depth)
{
	volatile _Alignas(64) uint64_t room[16];
	room[0] = (uintptr_t)room % 64;
	return walk(depth) + room[0];
}

/* Both at once: the compiler needs a third register to find its arguments (DRAP). */
static KEEP uint64_t aligned_dynamic(
	unsigned depth, int a, int b, int c, int d, int e, int f, int on_stack)
{
	volatile _Alignas(128) uint64_t room[16];
	volatile char *more = alloca(16 + choose(500));
	room[0] = (uintptr_t)room % 128;
	more[0] = (char)on_stack;
	uint64_t sum = walk(depth);
	return sum + room[0] + (uint64_t)more[0] + (uint64_t)(a + b + c + d + e + f);
}

static KEEP uint64_t realigned(unsigned depth)
{
	return aligned_dynamic(depth, 1, 2, 3, 4, 5, 6, 7);
}

#if defined(__x86_64__) && !defined(__clang__)
#define CLONES __attribute__((noinline, target_clones("avx2", "default")))
#else
#define CLONES KEEP
#endif

/* Vector registers alive over a call are spilled to 32-byte slots. */
CLONES uint64_t vectors(unsigned depth);
CLONES uint64_t vectors(unsigned depth)
{
	float x[64], y[64];
	for (unsigned i = 0; i < 64; i++)
		x[i] = (float)(i + depth);
	uint64_t sum = walk(depth);
	for (unsigned i = 0; i < 64; i++)
		y[i] = x[i] * 2 + 1;
	return sum + (uint64_t)y[depth % 64];
}

/*
 * The same frames at the same addresses, and yet another way out. What settle() leaves of the
 * stack, shift() took, so that sp below them is always the same and only their frame pointers
 * differ; and frames that are aligned begin at the same address for several sp of their caller.
 * Nothing else is allocated or freed in between: one stack must not be taken for the last.
 */
static void *kept[9];
static unsigned n_kept;

static KEEP void keep_one(void)
{
	kept[n_kept] = malloc(90);
	n_kept++;
}

static KEEP uint64_t settle(unsigned n)
{
	volatile char *room = alloca(16 * n + 16);
	room[0] = 1;
	keep_one();
	return (uint64_t)room[0];
}

static KEEP uint64_t align(unsigned n, int a, int b, int c, int d, int e, int on_stack)
{
	volatile _Alignas(512) char room[64];
	volatile char *more = alloca(64);
	room[n] = more[n] = (char)(a + b + c + d + e + on_stack);
	keep_one();
	return (uint64_t)room[n];
}

static KEEP uint64_t shift(unsigned n, int has_to_align)
{
	volatile char *room = alloca(16 * n + 16);
	room[0] = 1;
	uint64_t sum = has_to_align ? align(n, 1, 2, 3, 4, 5, 6) : settle(8 - n);
	return sum + (uint64_t)room[0];
}

static KEEP uint64_t shifted(unsigned depth)
{
	uint64_t sum = 0;
	for (int has_to_align = 0; has_to_align < 2; has_to_align++) {
		for (unsigned n = 0; n <= 8; n++)
			sum += shift(n, has_to_align);
		while (n_kept > 0)
			free(kept[--n_kept]);
	}
	return sum + walk(depth);
}

static int by_allocating(const void *a, const void *b)
{
	allocate(33);
	return *(const int *)a - *(const int *)b;
}

/* The C library between two frames of ours. */
static KEEP uint64_t through_library(unsigned depth)
{
	int numbers[6];
	for (unsigned i = 0; i < 6; i++)
		numbers[i] = (int)choose(100);
	qsort(numbers, 6, sizeof(int), by_allocating);
	return walk(depth) + (uint64_t)numbers[0];
}

static jmp_buf out;
static unsigned n_jumped;

/* The call is the last instruction: its return address belongs to the next function. */
static KEEP __attribute__((noreturn)) void give_up(unsigned depth)
{
	allocate(40 + depth);
	n_jumped++;
	longjmp(out, 1);
}

static KEEP __attribute__((noreturn)) void check_failed(unsigned depth)
{
	allocate(50 + depth);
	give_up(depth);
}

static KEEP uint64_t jump_out(unsigned depth)
{
	jmp_buf saved;
	memcpy(&saved, &out, sizeof(saved));
	volatile uint64_t sum = 0;
	if (setjmp(out) == 0) {
		sum = walk(depth);
		check_failed(depth);
	}
	memcpy(&out, &saved, sizeof(out));
	return sum + allocate(60);
}

static KEEP uint64_t recurse(unsigned depth)
{
	volatile uint64_t here = depth; /* or it becomes a loop */
	return depth ? recurse(depth - 1) + here : allocate(70);
}

static kind *const kinds[] = { plain, tail_call, many_registers, dynamic, variable_array, big_frame,
	huge_frame, aligned, realigned, vectors, through_library, jump_out, shifted };

static __attribute__((noreturn)) KEEP void die(void)
{
	allocate(80);
	abort();
}

int main(int argc, char **argv)
{
	n_kinds = sizeof(kinds) / sizeof(kinds[0]);
	uint64_t sum = 0;
	for (unsigned i = 0; i < 700; i++)
		sum = sum * 17 + walk(choose(9));
	for (unsigned depth = 1; depth < 6000; depth += 1 + depth / 3)
		sum += recurse(depth) + recurse(depth);
	printf("%016llx, %u jumps\n", (unsigned long long)sum, n_jumped);
	fflush(stdout);
	if (argc > 1 && strcmp(argv[1], "abort") == 0)
		die();
	return 0;
}
