/* SPDX: no licence chosen yet, see README */
/*
 * unwind_books.h - what unwind_turns.c knows of its stacks: blocks by path, each function noting
 * that it is on the stack. Printed as lines of
 *   allocated blocks, bytes, freed blocks, path (innermost first)
 * A path ends where nobody can tell who called code without unwind data.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAX_DEPTH 256u
#define N_BOOKS 16384u

struct path {
	unsigned depth;
	const char *names[MAX_DEPTH];
};

struct book {
	struct path path;
	uint64_t n_allocated, bytes, n_freed;
};

static struct path main_path, other_path, *path = &main_path;

static struct books {
	unsigned n;
	struct book *in_order[N_BOOKS], all[N_BOOKS];
} * books; /* of this process and its child */

static void open_books(void)
{
	books = mmap(
		NULL, sizeof(*books), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (books == MAP_FAILED)
		exit(3);
}

static struct book *book(void)
{
	uint64_t hash = 0;
	struct path seen = { 0 };
	for (unsigned i = 0; i < path->depth; i++) {
		if (!path->names[i])
			seen.depth = 0;
		else
			seen.names[seen.depth++] = path->names[i];
	}
	size_t bytes = seen.depth * sizeof(seen.names[0]);
	for (unsigned i = 0; i < seen.depth; i++)
		hash = (hash ^ (uintptr_t)seen.names[i]) * 0x9e3779b97f4a7c15u;
	struct book *found = &books->all[hash >> 50];
	for (;; found = found == &books->all[N_BOOKS - 1] ? books->all : found + 1) {
		if (found->path.depth == 0) {
			memcpy(found->path.names, seen.names, bytes);
			found->path.depth = seen.depth;
			books->in_order[books->n++] = found;
		}
		if (found->path.depth == seen.depth &&
			memcmp(found->path.names, seen.names, bytes) == 0)
			return found;
	}
}

/* It stands behind each call, too, so none is a tail call. */
#define ENTER() (path->names[path->depth++] = __func__)
#define CUT() (path->names[path->depth++] = NULL)
#define LEAVE() ((void)path->depth--)

static inline bool is_below(const char *function)
{
	for (unsigned i = 0; i < path->depth; i++)
		if (path->names[i] && strcmp(path->names[i], function) == 0)
			return true;
	return false;
}

static void print_books(void)
{
	for (unsigned i = 0; i < books->n; i++) {
		const struct book *one = books->in_order[i];
		printf("%llu %llu %llu", (unsigned long long)one->n_allocated,
			(unsigned long long)one->bytes, (unsigned long long)one->n_freed);
		for (unsigned at = one->path.depth; at-- > 0;)
			printf(" %s", one->path.names[at]);
		printf("\n");
	}
}
