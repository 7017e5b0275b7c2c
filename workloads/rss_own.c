/* SPDX: no licence chosen yet, see README */
/*
 * rss_own.c - what is resident of this process, by kind of mapping, as the kernel tells in
 * /proc/self/smaps: the oracle for what the profiler says of its own memory.
 *
 *   rss_own blocks N BYTES    N live blocks of BYTES, from one call site
 *   rss_own sites N           a live block from each of N stacks
 *   rss_own idle N            N threads that have each allocated once, and wait
 *   rss_own short N           N threads one after the other, ten blocks each
 *
 * Prints "dump D object O anonymous A" in bytes, at its end, without allocating: mappings of
 * run.mwd, of libmemwatch-preload.so, and anonymous ones that have no name.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char text[8 << 20];

static void print_resident(void)
{
	long dump = 0, object = 0, anonymous = 0, kib;
	size_t used = 0;
	ssize_t n;
	int fd = open("/proc/self/smaps", O_RDONLY);
	while (used < sizeof(text) - 1 && (n = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)n;
	close(fd);
	long *kind = NULL;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		unsigned long low, high, inode;
		int name_at = 0;
		if (sscanf(line, "%lx-%lx %*s %*s %*s %lu %n", &low, &high, &inode, &name_at) >=
			3) {
			const char *name = line + name_at;
			kind = strstr(name, "/run.mwd")			? &dump
			       : strstr(name, "libmemwatch-preload.so") ? &object
			       : !*name					? &anonymous
									: NULL;
		} else if (kind && sscanf(line, "Rss: %ld kB", &kib) == 1) {
			*kind += kib * 1024;
		}
	}
	char out[128];
	int length = snprintf(
		out, sizeof(out), "dump %ld object %ld anonymous %ld\n", dump, object, anonymous);
	if (write(1, out, (size_t)length) != length)
		_exit(1);
}

static void *volatile kept;

static void keep(size_t bytes)
{
	void **block = malloc(bytes);
	*block = kept;
	kept = block;
}

/* As many stacks as there are numbers of @depth binary digits. */
static __attribute__((noinline)) void descend(unsigned number, unsigned depth)
{
	if (depth == 0) {
		keep(32);
	} else if (number & 1) {
		descend(number >> 1, depth - 1);
		__asm__ volatile("# two calls, not one, and no tail call" ::: "memory");
	} else {
		descend(number >> 1, depth - 1);
		__asm__ volatile("# and the other" ::: "memory");
	}
}

static void come_and_go(void)
{
	void *volatile block = malloc(100); /* volatile, or no allocation at all is left */
	free(block);
}

static pthread_barrier_t arrived, leave;

static void *idle(void *unused)
{
	come_and_go();
	pthread_barrier_wait(&arrived);
	pthread_barrier_wait(&leave);
	return unused;
}

static void *brief(void *unused)
{
	for (int i = 0; i < 10; i++)
		come_and_go();
	return unused;
}

static void start_idle(unsigned n)
{
	pthread_t thread;
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	pthread_barrier_init(&arrived, NULL, n + 1);
	pthread_barrier_init(&leave, NULL, n + 1);
	for (unsigned i = 0; i < n; i++)
		if (pthread_create(&thread, &attributes, idle, NULL) != 0)
			exit(2);
	pthread_barrier_wait(&arrived);
}

static void run_brief(unsigned n)
{
	pthread_t thread;
	for (unsigned i = 0; i < n; i++)
		if (pthread_create(&thread, NULL, brief, NULL) != 0 || pthread_join(thread, NULL))
			exit(2);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 64;
	unsigned n = (unsigned)atoi(argv[2]);
	if (!strcmp(argv[1], "blocks")) {
		for (unsigned i = 0; i < n; i++)
			keep((size_t)atoi(argv[3]));
	} else if (!strcmp(argv[1], "sites")) {
		for (unsigned i = 0; i < n; i++)
			descend(i, 16);
	} else if (!strcmp(argv[1], "idle")) {
		start_idle(n);
	} else if (!strcmp(argv[1], "short")) {
		run_brief(n);
	} else {
		return 64;
	}
	print_resident();
	_exit(0); /* the idle threads still wait */
}
