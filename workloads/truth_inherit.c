/* SPDX: no licence chosen yet, see README */
/*
 * truth_inherit.c - blocks that cross a fork. The child frees, reallocs and doubles its parent's
 * blocks; the parent frees its own copies of them, too. Each block counts once in the tree, at
 * the process that made it; the child's frees of it are "inherited", not an underflow, and a
 * grandchild inherits from both.
 */
#include "workloads/truth.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static TRUTH_NOINLINE void *parents(size_t n)
{
	void *p = T_MALLOC(n);

	TRUTH_KEEP_FRAME();
	return p;
}

static TRUTH_NOINLINE void *childs(size_t n)
{
	void *p = T_MALLOC(n);

	TRUTH_KEEP_FRAME();
	return p;
}

static TRUTH_NOINLINE void *childs_realloc(void *old, size_t n)
{
	void *p = T_REALLOC(old, n);

	TRUTH_KEEP_FRAME();
	return p;
}

static void live_as_grandchild(void *from_parent, void *from_child)
{
	truth_forked("grandchild");
	T_FREE(from_parent);
	T_FREE(from_child);
	childs(5000);
	truth_gone();
	_exit(0);
}

static void live_as_child(void **blocks)
{
	truth_forked("child");
	void *own = childs(20000);

	T_FREE(blocks[0]);				/* inherited, freed */
	void *moved = childs_realloc(blocks[1], 60000); /* inherited, becomes own */
	void *reused = childs(10000);			/* likely at blocks[0]'s address */

	T_FREE(reused);
	int pid = fork();

	if (pid == 0)
		live_as_grandchild(blocks[2], own);
	waitpid(pid, NULL, 0);
	T_FREE(moved);
	truth_gone();
	_exit(0);
}

int main(void)
{
	void *blocks[5];

	truth_share();
	for (int i = 0; i < 5; i++)
		blocks[i] = parents((size_t)(i + 1) * 10000);
	int pid = fork();

	if (pid == 0)
		live_as_child(blocks);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 4; i++)
		T_FREE(blocks[i]);
	truth_print_tree("root");
	return 0;
}
