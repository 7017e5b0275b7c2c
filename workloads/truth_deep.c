/* SPDX: no licence chosen yet, see README */
/*
 * truth_deep.c - recursion: argument 1 is the depth. Every level allocates on the same line, so
 * stacks of all depths end there; a line that is on the stack many times counts once. Beyond the
 * profiler's limit (256 frames at least) outer frames are cut and counted, bytes are not lost.
 */
#include "workloads/truth.h"

#include <stdlib.h>

static TRUTH_NOINLINE int descend(int level)
{
	char *mine = T_MALLOC(64);
	int below = 0;

	mine[0] = (char)level;
	if (level > 1)
		below = descend(level - 1);
	T_FREE(mine);
	return below + 1;
}

int main(int argc, char **argv)
{
	int depth = argc > 1 ? atoi(argv[1]) : 200;

	if (descend(depth) != depth)
		abort();
	truth_print("main");
	return 0;
}
