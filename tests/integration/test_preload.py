#!/usr/bin/python3
"""Other LD_PRELOAD entries stay, in their order, behind ours; the environment is else unchanged."""

import os

import lib

SHOW = ["/bin/sh", "-c", 'env | grep -v -e "^MEMWATCH_" -e "^LD_PRELOAD=" -e "^_=" | sort']
SHOW_PRELOAD = ["/bin/sh", "-c", 'echo "$LD_PRELOAD"']

OTHER = r"""
#define _GNU_SOURCE
#include <sys/resource.h>
int getpriority(__priority_which_t which, id_t who)
{
	(void)which, (void)who;
	return 7;
}
"""


def build_other_preload():
    source, library = lib.fresh("other.c"), lib.fresh("libother.so")
    source.write_text(OTHER)
    done = lib.run(["gcc", "-shared", "-fPIC", "-o", library, source])
    lib.equal(done.status, 0, f"building the other library: {done.stderr!r}")
    return str(library)


def entries(stdout):
    return [word for word in stdout.decode().strip().replace(" ", ":").split(":") if word]


def main():
    other = build_other_preload()
    lib.compare_runs(SHOW, what="environment without LD_PRELOAD")
    for separator in (":", " "):
        env = dict(os.environ, LD_PRELOAD=separator.join([other, "libm.so.6"]))
        done = lib.Profiled(SHOW_PRELOAD, env=env).done
        got = entries(done.stdout)
        lib.equal(got[1:], [other, "libm.so.6"], "other entries, in order")
        lib.check(got and got[0].endswith("libmemwatch-preload.so"), f"ours is not first: {got}")
        lib.compare_runs(["nice"], env=env, what="the other library still interposes")
    # Started twice (by a program that kept our entry), ours stands there once.
    env = dict(os.environ, LD_PRELOAD=f"{other}:{lib.SHIM}")
    got = entries(lib.Profiled(SHOW_PRELOAD, env=env).done.stdout)
    lib.equal(sum(word.endswith("libmemwatch-preload.so") for word in got), 1, f"once in {got}")
    # A child that sets its own LD_PRELOAD is followed, and has what it set.
    profiled = lib.Profiled(["sh", "-c", f"LD_PRELOAD={other} nice; LD_PRELOAD= nice"])
    lib.equal(profiled.done.stdout.split(), [b"7", lib.run(["nice"]).stdout.strip()],
              "a child's own LD_PRELOAD")
    names = [process.name for process in profiled.must_have_profile().processes]
    lib.equal(names.count("nice"), 2, f"both children followed, among {names}")
    lib.compare_runs(SHOW, env={"PATH": os.environ["PATH"], "A": "1"}, what="small environment")
    lib.compare_runs(["/bin/sh", "-c", "echo plain"], env={}, what="empty environment")
    lib.finish()


main()
