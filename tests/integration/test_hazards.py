#!/usr/bin/python3
"""Programs on which a profiler inside the process goes wrong (workloads/hazard_*.c): each ends as
it does alone, with the same output, and soon.
"""

import lib


def same(argv, **more):
    """Run alone and profiled: status and standard output are equal."""
    alone = lib.run(argv, **more)
    profiled = lib.Profiled(argv, **more)
    what = " ".join(str(word) for word in argv[:3])
    lib.equal(profiled.done.status, lib.shell_status(alone.status), f"{what}: status")
    lib.equal(profiled.done.stdout, alone.stdout, f"{what}: output")
    return alone, profiled


def stacks(level):
    program = lib.workload("hazard_stacks", level)
    for _ in range(3):
        same([program, "vfork"])
    same([program, "altstack"])
    alone, profiled = same([program, "many", "1000"])
    slow, fast = int(profiled.done.stderr), int(alone.stderr)
    # 470 us when each switch reads /proc/self/maps
    lib.check(slow - fast < 50000, f"a switch between 1000 stacks: {fast} ns alone, {slow} ns")


def loader(level):
    program = lib.workload("hazard_loader", level)
    plugin = lib.BUILD / "workloads/hazard_plugin.so"
    alone, _ = same([program, "plugin", plugin])
    lib.equal(alone.stdout, b"operator new fails well: 1\n", "the plug-in alone")
    same([program, "error"])


def main():
    for level in ("O0", "O2"):
        stacks(level)
        loader(level)
    lib.finish()


main()
