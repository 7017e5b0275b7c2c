/* SPDX: no licence chosen yet, see README */
/*
 * unwind_beside.c - plugins that stay loaded, called in turn. Run by
 * tests/integration/test_unwind.py.
 *
 *   unwind_beside PLUGIN...      prints: how many lie between segments of the program
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_PLUGINS 4
#define N_ROUNDS 20

typedef void worker(void *(*allocate)(size_t));

extern char __executable_start[], end[];

__attribute__((noinline)) static void *allocate(size_t bytes)
{
	void *volatile block = malloc(bytes);
	return block;
}

int main(int argc, char **argv)
{
	worker *work[MAX_PLUGINS];
	int n_between = 0, n = argc - 1;
	if (n < 1 || n > MAX_PLUGINS)
		return 2;
	for (int i = 0; i < n; i++) {
		void *plugin = dlopen(argv[1 + i], RTLD_NOW | RTLD_LOCAL);
		if (!plugin)
			return 3;
		*(void **)&work[i] = dlsym(plugin, "work");
		n_between += (uintptr_t)work[i] > (uintptr_t)__executable_start &&
			     (uintptr_t)work[i] < (uintptr_t)end;
	}
	for (int i = 0; i < N_ROUNDS * n; i++)
		work[i % n](allocate);
	printf("%d\n", n_between);
	return 0;
}
