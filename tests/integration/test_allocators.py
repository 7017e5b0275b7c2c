#!/usr/bin/python3
"""Programs that bring another malloc (jemalloc, tcmalloc as preloaded libraries, one linked into
the executable) run right and are seen, or are listed as not seen.
"""

import glob
import os

import lib

OWN_MALLOC = r"""
#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <string.h>
static char arena[1 << 22];
static size_t used;
void *malloc(size_t n)
{
	size_t at = (used + 15) & ~(size_t)15;
	if (at + n > sizeof arena)
		return NULL;
	used = at + n;
	return arena + at;
}
void free(void *p)
{
	(void)p;
}
void *calloc(size_t m, size_t n)
{
	void *p = malloc(m * n);
	return p ? memset(p, 0, m * n) : p;
}
void *realloc(void *p, size_t n)
{
	void *q = malloc(n);
	if (q && p)
		memmove(q, p, n < 4096 ? n : 4096);
	return q;
}
int main(void)
{
	char *p = malloc(1000);
	strcpy(p, "own malloc");
	puts(p);
	return p < arena || p >= arena + sizeof arena;
}
"""


def preloaded(pattern, expected_exact):
    paths = glob.glob(pattern)
    if not paths:
        lib.skip(f"no {pattern} here")
    env = dict(os.environ, LD_PRELOAD=paths[0])
    for program in ("truth_hooks", "truth_lines", "truth_threads", "truth_cxx"):
        lib.compare_runs([lib.workload(program, "O2")], what=f"{program} with {paths[0]}",
                         env=dict(env, TRUTH_FILE="/dev/null"))
    for program in ("truth_lines", "truth_sizes"):
        books, profiled = lib.with_truth([lib.workload(program)], env=env)
        profile = profiled.must_have_profile()
        for line in books[0]["lines"] if expected_exact else []:
            got = profile.counters(line["function"], line["line"]) or {}
            for what in ("allocated_bytes", "freed_bytes"):
                lib.equal(got.get(what, 0), line[what],
                          f"{os.path.basename(paths[0])}: {line['function']}:{line['line']}: {what}")


def linked():
    source, program = lib.fresh("own.c"), lib.fresh("own")
    source.write_text(OWN_MALLOC)
    done = lib.run(["gcc", "-fno-builtin", "-o", program, source])
    lib.equal(done.status, 0, f"building: {done.stderr!r}")
    lib.compare_runs([program], what="a program with its own malloc")
    profiled = lib.Profiled([program])
    lib.check("own" in profiled.report, "the program is in the report")


def main():
    linked()
    preloaded("/usr/lib/*/libjemalloc.so.2", True)
    preloaded("/usr/lib/*/libtcmalloc_minimal.so.4", True)
    lib.finish()


main()
