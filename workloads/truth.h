/* SPDX: no licence chosen yet, see README */
/*
 * truth.h - how a workload keeps its own books: what each of its lines really allocated.
 *
 * The workloads are the tests' only source of truth, so this file shares nothing with the
 * profiler, neither code nor method: no stacks, no epochs, no batches. A site is __func__ and
 * __LINE__ of the calling line; at every new maximum all counters are simply copied. Nothing
 * here calls malloc or mmap (tables are static, output is one write), so that the books do not
 * show up in themselves.
 *
 * Words: born = an allocation call returned the block; died = it was given to free or realloc.
 * A realloc is a death at the old block's line and a birth at the realloc's.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TRUTH_NOINLINE __attribute__((noinline, noclone))
#define TRUTH_INLINE static inline __attribute__((always_inline))
/* Tail calls take the caller's line off the stack; a line that must stay ends with this. */
#define TRUTH_KEEP_FRAME() __asm__ volatile("" ::: "memory")

enum truth_class {
	TRUTH_HEAP,
	TRUTH_ANON,
	TRUTH_FILE,
	TRUTH_N_CLASSES,
};

#define TRUTH_SITE __func__, __LINE__

/** truth_born() - note a block of @bytes; NULL undoes truth_moving(). Return: @block. */
void *truth_born(void *block, size_t bytes, const char *function, int line);

/** truth_died() - note the end of @block, before it is freed. Return: @block. */
void *truth_died(void *block, const char *function, int line);

/** truth_moving() - like truth_died(), but undone if the realloc fails. Return: @block. */
void *truth_moving(void *block, const char *function, int line);

/** truth_count() - change the counters of a line directly; for memory that is not heap.
 *  Positive @bytes are allocated, negative ones freed; the same for @blocks. */
void truth_count(
	enum truth_class class_, const char *function, int line, int64_t bytes, int64_t blocks);

/** truth_share() - from here on, forked children keep their books where the parent sees them,
 *  and the tree's total is kept. Call once, before the first fork. */
void truth_share(void);

/** truth_forked() - in the child, first thing: it owns nothing yet. */
void truth_forked(const char *role);

/** truth_gone() - this process's blocks leave the tree's total: call right before its end. */
void truth_gone(void);

/** truth_print() - one line of JSON about this process, appended to the file named by
 *  TRUTH_FILE or written to stdout. */
void truth_print(const char *role);

/** truth_print_tree() - the same for all processes of a truth_share()d tree. */
void truth_print_tree(const char *role);

/** truth_file() - use @path (borrowed for ever) instead of TRUTH_FILE. */
void truth_file(const char *path);

/** truth_say() - write a string to stdout without stdio. */
void truth_say(const char *text);

/* One line each, so that the call and the note of it are the same line. */
#define T_MALLOC(n) truth_born(malloc(n), (n), TRUTH_SITE)
#define T_CALLOC(m, n) truth_born(calloc((m), (n)), (size_t)(m) * (n), TRUTH_SITE)
#define T_REALLOC(p, n) truth_born(realloc(truth_moving((p), TRUTH_SITE), (n)), (n), TRUTH_SITE)
#define T_FREE(p)                                                                                  \
	do {                                                                                       \
		free(truth_died((p), TRUTH_SITE));                                                 \
		TRUTH_KEEP_FRAME();                                                                \
	} while (0)

#ifdef __cplusplus
}
#endif
