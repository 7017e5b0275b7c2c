#!/usr/bin/python3
"""Libraries that come and go in odd ways, and programs that bring what we hook: their own malloc,
operator new or mmap, another allocator linked in or loaded.
"""

import glob
import os

import lib
from hazards import build, same, times

# Talks to its plug-in in both directions across the allocator.
HOST = r"""
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
	for (int i = 0; i < atoi(argv[2]); i++) {
		int flags = strcmp(argv[3], "deep") ? RTLD_NOW : RTLD_NOW | RTLD_DEEPBIND;
		void *handle = dlopen(argv[1 + 3 * (argc > 4 && i % 2)], flags);
		if (!handle)
			return puts(dlerror()), 1;
		char *(*make)(int) = (char *(*)(int))dlsym(handle, "make");
		void (*take)(char *) = (void (*)(char *))dlsym(handle, "take");
		char *ours = malloc(1000), *theirs = make(i);
		if (i == 0)
			printf("%s", theirs);
		theirs = realloc(theirs, 2000);
		free(theirs);
		strcpy(ours, "x");
		take(ours);
		if (dlclose(handle))
			return 1;
	}
	puts("the end");
	return 0;
}
"""
PLUGIN = r"""
#include <stdio.h>
#include <stdlib.h>
char *make(int i)
{
	char *text = malloc(100);
	snprintf(text, 100, NAME " %d\n", i);
	return text;
}
void take(char *theirs)
{
	free(theirs);
}
__attribute__((constructor)) static void come(void) { free(malloc(500)); }
__attribute__((destructor)) static void go(void) { free(malloc(600)); }
"""


def plugins():
    host = build(HOST, "-ldl", name="host")
    one = build(PLUGIN, "-shared", "-fPIC", '-DNAME="one"', name="one.so")
    two = build(PLUGIN, "-shared", "-fPIC", '-DNAME="two"', "-Wl,-z,now", name="two.so")
    n = times(300, 5000)
    same([host, one, n, "plain"], wanted=0)
    same([host, one, n, "plain", two], wanted=0)
    # Deeply bound, the plug-in calls libc past us: its blocks are not seen, and no harm is done.
    same([host, one, n, "deep"], wanted=0)
    same([host, two, n, "deep", one], wanted=0, is_lossless=False)


def rounds():
    """A plug-in that comes back to where it was is who it was: 2,000 rounds make the dump hardly
    larger than 20, for one and for two that take turns, and each block is at the line of the one
    that made it.
    """
    here, there = [], []
    if lib.emulator(): # qemu-user gives an address again to who asks for it, and only so
        here, there = ["-no-pie"], ["-Wl,-Ttext-segment=0x500000000000"]
    host = build(HOST, "-ldl", *here, name="host")
    one, two = (build(PLUGIN, "-shared", "-fPIC", f'-DNAME="{name}"', "-Wl,--build-id", *there,
                      name=f"{name}.so") for name in ("one", "two"))
    for plugins in ([one], [one, two]):
        sizes = []
        for n in 20, 2000:
            argv = [host, plugins[0], n, "plain", *plugins[1:]]
            profiled = same(argv, wanted=0)
            sizes.append((profiled.directory / "run.mwd").stat().st_size)
            count_rounds(profiled.profile, n, len(plugins))
        lib.check(sizes[1] <= sizes[0] + (64 << 10),
                  f"{len(plugins)} plug-ins: dumps of {sizes} bytes after 20 and 2000 rounds")


def count_rounds(profile, n, n_plugins):
    for function in "make", "come", "go":
        made = [row["owned"]["heap"]["allocated_blocks"]
                for (name, _), found in profile.lines.items() if name == function
                for row in found if "heap" in row["owned"]]
        lib.equal([count for count in made if count], [n // n_plugins] * n_plugins,
                  f"{n} rounds of {n_plugins}: blocks of each one's {function}")


def run_paths():
    """dlopen of a bare name: found by the RUNPATH of who calls dlopen, which must not become us."""
    folder = lib.fresh("folder")
    folder.mkdir()
    plugin = build(PLUGIN, "-shared", "-fPIC", '-DNAME="hidden"', name="libhidden.so")
    plugin.rename(folder / "libhidden.so")
    by_origin = build(HOST, "-ldl", f"-Wl,--enable-new-dtags,-rpath,{folder}", name="host")
    same([by_origin, "libhidden.so", "20", "plain"], wanted=0)
    without = build(HOST, "-ldl", name="host")
    same([without, "libhidden.so", "20", "plain"], wanted=1)


RESOLVER = r"""
#include <stdlib.h>
#include <string.h>
static void *early;
static int eight(void) { return early ? 8 : 0; }
static int (*choose(void))(void)
{
	char *block = malloc(100);
	block = realloc(block, 200);
	memset(block, 1, 200);
	free(calloc(3, 5));
	early = block;
	return eight;
}
/* The library's own: resolved while the library is relocated, not later. */
static int local_number(void) __attribute__((ifunc("choose")));
int number(void) { return local_number(); }
void release(void) { free(early); }
"""
CALLER = r"""
#include <stdio.h>
int number(void);
void release(void);
int main(void)
{
	printf("%d\n", number());
	release();
	return 0;
}
"""


def resolvers():
    """A library's ifunc resolver allocates while libraries are relocated: ours is not yet."""
    library = build(RESOLVER, "-shared", "-fPIC", name="libresolver.so")
    for more in ([], ["-Wl,-z,now"]):
        caller = build(CALLER, library, f"-Wl,-rpath,{library.parent}", *more, name="caller")
        same([caller], wanted=0)


OWN_MMAP = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
static int n;
void *mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
	n++;
	return (void *)syscall(SYS_mmap, at, bytes, prot, flags, fd, offset);
}
int munmap(void *at, size_t bytes)
{
	n++;
	return (int)syscall(SYS_munmap, at, bytes);
}
int main(void)
{
	munmap(mmap(NULL, 4096, 3, 34, -1, 0), 4096);
	free(malloc(1000000));
	printf("%d\n", n);
	return 0;
}
"""
OWN_NEW = r"""
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>
static int n_new, n_delete;
void *operator new(std::size_t bytes)
{
	n_new++;
	if (void *block = std::malloc(bytes))
		return block;
	throw std::bad_alloc();
}
void operator delete(void *block) noexcept { n_delete++; std::free(block); }
void operator delete(void *block, std::size_t) noexcept { n_delete++; std::free(block); }
int main()
{
	{
		std::vector<std::string> words;
		for (int i = 0; i < 1000; i++)
			words.push_back(std::string(50, 'x'));
		delete new int[10];
	}
	try {
		operator new(static_cast<std::size_t>(-1));
	} catch (const std::bad_alloc &error) {
		std::puts(error.what());
	}
	std::printf("%d %d\n", n_new, n_delete);
	return n_new - n_delete;
}
"""


def own_functions():
    same([build(OWN_MMAP, name="own_mmap")], wanted=0)
    program = build(OWN_NEW, compiler="g++", name="own_new")
    if lib.check(program, "own operator new: does not compile"):
        same([program], wanted=1) # what threw counted as new, too


USER = r"""
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static void *work(void *seed)
{
	void *blocks[100] = { 0 };
	for (unsigned i = (unsigned)(size_t)seed; i < 20000; i++) {
		free(blocks[i % 100]);
		blocks[i % 100] = i % 3 ? malloc(i % 5000) : calloc(1, i % 3000);
		if (i % 7 == 0)
			blocks[i % 100] = realloc(blocks[i % 100], i % 9000 + 1);
		if (i % 11 == 0) {
			void *aligned;
			free(posix_memalign(&aligned, 256, 1000) ? NULL : aligned);
		}
	}
	for (int i = 0; i < 100; i++)
		free(blocks[i]);
	return NULL;
}
int main(void)
{
	pthread_t threads[4];
	for (size_t i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	int status = -1;
	if (fork() == 0) {
		work(NULL);
		_exit(0);
	}
	wait(&status);
	printf("%d\n", status);
	return 0;
}
"""


def allocators():
    for name in ("jemalloc", "tcmalloc", "tcmalloc_minimal", "mimalloc"):
        paths = sorted(glob.glob(f"/usr/lib/*/lib{name}.so*"))
        if not paths:
            print(f"note: no {name} here")
            continue
        plain = build(USER, "-pthread", name="user")
        same([plain], n=times(2, 50), wanted=0, env=dict(os.environ, LD_PRELOAD=paths[0]),
             is_lossless=False)
        linked = build(USER, "-pthread", f"-l{name}", name=f"user_of_{name}")
        if linked:
            profiled = same([linked], n=times(2, 50), wanted=0, is_lossless=False)
            blocks = profiled.must_have_profile().data["totals"]["all"]["heap"]["allocated_blocks"]
            lib.check(blocks >= 5 * 20000, f"{name} linked: only {blocks} blocks seen")
        static = build(USER, "-pthread", f"-l:lib{name}.a", "-lstdc++", "-lm", "-ldl",
                       name=f"static_{name}")
        if static:
            same([static], n=times(2, 50), wanted=0, is_lossless=False)


def main():
    plugins()
    rounds()
    run_paths()
    resolvers()
    own_functions()
    allocators()
    lib.finish()


main()
