/* SPDX: no licence chosen yet, see README */
/*
 * unwind_plugins.c - two plugins that take turns at the same addresses, with other frame sizes,
 * called by two threads. Run by tests/integration/test_unwind.py, which compares the counts of
 * each plugin's functions with the ones printed here. libunwind, with caches of its own, is
 * wrong after a dlclose() and no oracle here.
 *
 *   unwind_plugins FIRST SECOND      prints: calls of each, and whether their addresses agreed
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define N_ROUNDS 60
#define N_CALLS 20

typedef void worker(void *(*allocate)(size_t), void (*release)(void *), unsigned n);

static worker *work;
static pthread_barrier_t begin, end;

__attribute__((noinline)) static void *allocate(size_t bytes)
{
	return malloc(bytes);
}

static void *in_thread(void *unused)
{
	(void)unused;
	for (unsigned round = 0; round < N_ROUNDS; round++) {
		pthread_barrier_wait(&begin);
		work(allocate, free, N_CALLS);
		pthread_barrier_wait(&end);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *addresses[2] = { NULL, NULL };
	unsigned n_calls[2] = { 0, 0 }, n_same = 0;
	if (argc != 3)
		return 2;
	pthread_barrier_init(&begin, NULL, 2);
	pthread_barrier_init(&end, NULL, 2);
	pthread_create(&thread, NULL, in_thread, NULL);
	for (unsigned round = 0; round < N_ROUNDS; round++) {
		unsigned which = round % 2;
		void *plugin = dlopen(argv[1 + which], RTLD_NOW);
		if (!plugin)
			return 3;
		*(void **)&work = addresses[which] = dlsym(plugin, "work");
		n_same += addresses[0] == addresses[1];
		pthread_barrier_wait(&begin);
		work(allocate, free, N_CALLS);
		pthread_barrier_wait(&end);
		n_calls[which] += 2 * N_CALLS;
		dlclose(plugin);
	}
	pthread_join(thread, NULL);
	printf("%u %u %u\n", n_calls[0], n_calls[1], n_same);
	return 0;
}
