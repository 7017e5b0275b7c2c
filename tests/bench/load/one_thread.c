/* SPDX: no licence chosen yet, see README */
/*
 * one_thread.c - patterns whose blocks stay in the thread that made them; several threads may
 * run them beside each other. Stands before hook (the target).
 *
 * Memory for a pattern's own books comes from mmap, so that no profiler accounts it.
 */
#include "tests/bench/load/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CHUNK = 4096 };

static void **live_of(struct bench_thread *thread)
{
	if (thread->live)
		return thread->live;
	size_t bytes = thread->n_blocks * sizeof(void *);
	void *books = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (books == MAP_FAILED) {
		perror("bench_loops: mmap");
		exit(1);
	}
	return thread->live = books;
}

/* tight: the same block from the same place, again and again. */

static inline int64_t tight_pairs(int n)
{
	for (int i = 0; i < n; i++) {
		void *block = malloc(64);
		bench_keep(block);
		free(block);
	}
	return n;
}

static __attribute__((noinline)) int64_t tight(struct bench_thread *thread)
{
	(void)thread;
	return tight_pairs(CHUNK);
}

/*
 * resolve: tight, called by what a callee's register is needed to get out of. So the dynamic
 * loader's resolver stands, with rbx, in the stack of all that is done while it binds a symbol:
 * signal handlers, allocations of IFUNC resolvers. Elsewhere than on x86-64 it is tight.
 */
static __attribute__((noinline, noclone, used)) int64_t tight_deep(unsigned n_levels)
{
	int64_t n_made = n_levels > 1 ? tight_deep(n_levels - 1) : tight_pairs(64);
	__asm__ volatile("" : : : "memory");
	return n_made;
}

#if defined(__x86_64__)
int64_t bench_tight_by_rbx(unsigned n_levels);
__asm__(".text\n"
	".type bench_tight_by_rbx, @function\n"
	"bench_tight_by_rbx:\n"
	".cfi_startproc\n"
	"	push %rbx\n"
	".cfi_def_cfa_offset 16\n"
	".cfi_offset rbx, -16\n"
	"	mov %rsp, %rbx\n"
	".cfi_def_cfa_register rbx\n"
	"	sub $64, %rsp\n"
	"	call tight_deep\n"
	"	mov %rbx, %rsp\n"
	".cfi_def_cfa_register rsp\n"
	"	pop %rbx\n"
	".cfi_def_cfa_offset 8\n"
	"	ret\n"
	".cfi_endproc\n"
	".size bench_tight_by_rbx, . - bench_tight_by_rbx\n");
#else
#define bench_tight_by_rbx tight_deep
#endif

static __attribute__((noinline)) int64_t resolve(struct bench_thread *thread)
{
	int64_t n_made = bench_tight_by_rbx(thread->n_levels);
	__asm__ volatile("" : : : "memory");
	return n_made;
}

/* mixed and live: a random block of those kept gives way to a new one from one of four places. */

static __attribute__((noinline)) void *from_first(size_t bytes)
{
	void *block = malloc(bytes);
	bench_keep(block);
	return block;
}

static __attribute__((noinline)) void *from_second(size_t bytes)
{
	void *block = malloc(bytes + 8);
	bench_keep(block);
	return block;
}

static __attribute__((noinline)) void *from_third(size_t bytes)
{
	void *block = calloc(1, bytes);
	bench_keep(block);
	return block;
}

static void *from_one_of_four(uint64_t random, size_t bytes)
{
	switch (random & 3) {
	case 0:
		return from_first(bytes);
	case 1:
		return from_second(bytes);
	case 2:
		return from_third(bytes);
	default:
		return malloc(bytes);
	}
}

static __attribute__((noinline)) int64_t mixed(struct bench_thread *thread)
{
	void **live = live_of(thread);
	for (int i = 0; i < CHUNK; i++) {
		uint64_t random = bench_random(thread);
		void **slot = &live[(random >> 32) * thread->n_blocks >> 32];
		free(*slot);
		*slot = from_one_of_four(random, 64);
	}
	return CHUNK;
}

static __attribute__((noinline)) int64_t live(struct bench_thread *thread)
{
	int is_new = !thread->live;
	void **live = live_of(thread);
	for (uint64_t i = 0; is_new && i < thread->n_blocks; i++)
		live[i] = from_one_of_four(i, 16 + (bench_random(thread) >> 56));
	for (int i = 0; i < CHUNK; i++) {
		uint64_t random = bench_random(thread);
		void **slot = &live[(random >> 32) * thread->n_blocks >> 32];
		free(*slot);
		*slot = from_one_of_four(random, 16 + (random >> 8 & 255));
	}
	return CHUNK;
}

/*
 * walk: before each pair the stack goes up some levels (half of the time one, a quarter two, ...)
 * and down again through other calls. Four functions call each other: sixteen calls a level.
 * Each returns how many levels more to go up: seven at most, so that there are 16,384 stacks in
 * all, as in a compiler. wander: up to all levels, so that nearly every stack is a new one.
 */
enum { N_UP_MAX = 7 };

#define DECLARE_WALK(name)                                                                         \
	static __attribute__((noinline)) unsigned name(                                            \
		struct bench_thread *thread, unsigned n_levels)

DECLARE_WALK(walk_a);
DECLARE_WALK(walk_b);
DECLARE_WALK(walk_c);
DECLARE_WALK(walk_d);

static inline unsigned walk_pair(struct bench_thread *thread)
{
	void **slot = &thread->live[bench_random(thread) >> 58];
	free(*slot);
	*slot = malloc(64);
	thread->n_left--;
	return __builtin_ctzll(bench_random(thread) | 1ull << thread->n_up_max);
}

static inline unsigned walk_down(struct bench_thread *thread, unsigned n_levels)
{
	int is_fixed = n_levels > thread->n_up_max; /* never left but at the end of a chunk */
	while (thread->n_left) {
		unsigned n_up;
		switch (is_fixed ? 0 : bench_random(thread) >> 62) {
		case 0:
			n_up = walk_a(thread, n_levels);
			break;
		case 1:
			n_up = walk_b(thread, n_levels);
			break;
		case 2:
			n_up = walk_c(thread, n_levels);
			break;
		default:
			n_up = walk_d(thread, n_levels);
			break;
		}
		if (n_up)
			return n_up - 1;
	}
	return 0;
}

#define DEFINE_WALK(name)                                                                          \
	DECLARE_WALK(name)                                                                         \
	{                                                                                          \
		return n_levels ? walk_down(thread, n_levels - 1) : walk_pair(thread);             \
	}

DEFINE_WALK(walk_a)
DEFINE_WALK(walk_b)
DEFINE_WALK(walk_c)
DEFINE_WALK(walk_d)

static inline int64_t walk_levels(struct bench_thread *thread, unsigned n_up_max)
{
	live_of(thread);
	thread->n_left = CHUNK;
	thread->n_up_max = n_up_max - 1; /* leaving a pair's own level is the first */
	while (thread->n_left)
		walk_down(thread, thread->n_levels - 1);
	return CHUNK;
}

static __attribute__((noinline)) int64_t walk(struct bench_thread *thread)
{
	return walk_levels(thread, N_UP_MAX);
}

static __attribute__((noinline)) int64_t wander(struct bench_thread *thread)
{
	return walk_levels(thread, 62);
}

/* churn: a thousand blocks of many sizes come, then they all go, oldest first. */

static __attribute__((noinline)) int64_t churn(struct bench_thread *thread)
{
	void **live = live_of(thread);
	for (uint64_t i = 0; i < thread->n_blocks; i++) {
		uint64_t random = bench_random(thread);
		live[i] = from_one_of_four(random, 16 + (random >> 54));
	}
	for (uint64_t i = 0; i < thread->n_blocks; i++)
		free(live[i]);
	return thread->n_blocks;
}

/* realloc: a buffer grows by half until it has 64 KiB, as that of a vector does. */

static __attribute__((noinline)) int64_t grow(struct bench_thread *thread)
{
	(void)thread;
	int64_t n_events = 0;
	for (int round = 0; round < 64; round++) {
		char *buffer = NULL;
		for (size_t bytes = 16; bytes <= 65536; bytes += bytes / 2, n_events++) {
			char *bigger = realloc(buffer, bytes);
			if (!bigger)
				abort();
			buffer = bigger;
			buffer[bytes - 1] = 1;
		}
		free(buffer);
	}
	return n_events;
}

/* many: all blocks of a big heap come, then go in an order that visits them all out of turn. */

static __attribute__((noinline)) int64_t many(struct bench_thread *thread)
{
	enum { STRIDE = 7368787 }; /* a prime: its multiples visit every block once */
	void **live = live_of(thread);
	uint64_t n_blocks = thread->n_blocks;
	for (uint64_t i = 0; i < n_blocks; i++) {
		uint64_t random = bench_random(thread);
		live[i] = from_one_of_four(random, 16 + (random >> 58));
		if (live[i])
			*(char *)live[i] = 1;
	}
	for (uint64_t i = 0, at = 0; i < n_blocks; i++) {
		free(live[at]);
		live[at] = NULL;
		at = (at + STRIDE) % n_blocks;
	}
	return n_blocks;
}

const struct bench_pattern bench_one_thread_patterns[] = {
	{ .name = "tight", .event = "malloc(64) and its free", .chunk = tight },
	{ .name = "resolve",
		.event = "the same, below a frame that needs rbx",
		.chunk = resolve,
		.does_recurse = 1 },
	{ .name = "mixed",
		.event = "free and malloc at 4 sites, few live",
		.chunk = mixed,
		.n_blocks = 64 },
	{ .name = "walk",
		.event = "free and malloc after a walk of the call tree",
		.chunk = walk,
		.n_blocks = 64,
		.does_recurse = 1 },
	{ .name = "wander",
		.event = "the same, nearly every stack a new one",
		.chunk = wander,
		.n_blocks = 64,
		.does_recurse = 1 },
	{ .name = "live",
		.event = "free and malloc of a random block of many",
		.chunk = live,
		.n_blocks = 200000 },
	{ .name = "churn",
		.event = "malloc and free, a thousand at once",
		.chunk = churn,
		.n_blocks = 1000 },
	{ .name = "realloc", .event = "realloc, half as much again", .chunk = grow },
	{ .name = "many",
		.event = "malloc and free of a big heap",
		.chunk = many,
		.n_blocks = 10000000,
		.is_cold = 1 },
	{ 0 },
};
