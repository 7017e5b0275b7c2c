/* SPDX: no licence chosen yet, see README */
/*
 * hazard_loader.c - the dynamic loader's lock, its error text, and its unloading. A C program, so
 * that the C++ library comes in late.
 *
 *   plugin FILE      dlopen hazard_plugin, whose constructor waits for a thread
 *   error            dlerror() still tells after the process's first mmap, system, dlclose
 *   close N FILE     N times dlopen, 256 stacks, dlclose; prints the growth of its RSS in KiB
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int run_plugin(const char *file)
{
	void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		puts(dlerror());
		return 1;
	}
	int (*fails_well)(void);
	*(void **)&fails_well = dlsym(handle, "fails_well");
	printf("operator new fails well: %d\n", fails_well());
	return 0;
}

static int run_error(void)
{
	dlopen("/does/not/exist.so", RTLD_NOW);
	mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const char *text = dlerror();
	puts(text ? text : "forgotten");
	return 0;
}

static __attribute__((noinline)) void go(unsigned path, int depth)
{
	if (depth == 0) {
		void *volatile block = malloc(16);
		free(block);
	} else if (path & 1) {
		go(path >> 1, depth - 1);
	} else {
		go(path >> 1, depth - 1);
		__asm__ volatile("" ::: "memory");
	}
	__asm__ volatile("");
}

static long rss_kib(void)
{
	char text[8192];
	FILE *status = fopen("/proc/self/status", "r");
	size_t n = fread(text, 1, sizeof(text) - 1, status);
	fclose(status);
	text[n] = '\0';
	return atol(strstr(text, "VmRSS:") + 6);
}

static int run_close(int n, const char *file)
{
	long before = 0;
	for (int i = 0; i < n; i++) {
		void *handle = dlopen(file, RTLD_NOW);
		if (!handle) {
			puts(dlerror());
			return 1;
		}
		for (unsigned path = 0; path < 256; path++)
			go(path, 8);
		dlclose(handle);
		if (i == 1)
			before = rss_kib();
	}
	fprintf(stderr, "%ld\n", rss_kib() - before);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	if (strcmp(what, "plugin") == 0 && argc > 2)
		return run_plugin(argv[2]);
	if (strcmp(what, "error") == 0)
		return run_error();
	if (strcmp(what, "close") == 0 && argc > 3)
		return run_close(atoi(argv[2]), argv[3]);
	puts("usage: hazard_loader plugin FILE | error | close N FILE");
	return 2;
}
