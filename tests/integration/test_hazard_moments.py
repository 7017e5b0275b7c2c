#!/usr/bin/python3
"""Programs that allocate at odd moments, on odd stacks, and leave in odd ways
(workloads/hazard_moments.c), and what malloc and mmap promise (hazard_semantics.c).
"""

import hazards
import lib
from hazards import same, times

MIB = 1 << 20


def moments(level):
    program = lib.workload("hazard_moments", level)
    same([program, "edges"], n=times(2, 20), wanted=5)
    same([program, "keys"], n=times(2, 50), wanted=0)
    same([program, "late"], n=times(2, 50), wanted=6)
    same([program, "handlers"], n=times(1, 20), wanted=0, is_lossless=False)
    same([program, "deep", "10000", "2"], wanted=0)
    same([program, "small"], n=times(1, 20), wanted=0)
    same([program, "many", "10000"], n=times(1, 10), wanted=0)
    same([program, "cancel", "200"], n=times(1, 20), wanted=0, is_lossless=False)


def jumps(level):
    """siglongjmp out of mmap: what it interrupted may be lost and is counted; nothing later is."""
    program = lib.workload("hazard_moments", level)
    n = times(2000, 50000)
    profiled = same([program, "jump", n], wanted=0, is_lossless=False)
    lost = hazards.losses(profiled.must_have_profile())
    lib.check(sum(lost.values()) <= n, f"jump: lost {lost} in {n} jumps")
    mapped = [row for (name, _), rows in profiled.profile.lines.items() if name == "map"
              for row in rows if "anon" in row["owned"]]
    n_blocks = sum(row["owned"]["anon"]["allocated_blocks"] for row in mapped)
    n_bytes = sum(row["owned"]["anon"]["allocated_bytes"] for row in mapped)
    lib.equal((n_blocks, n_bytes), (100, 100 * MIB), "jump: mapped after the last one")


def semantics(level):
    program = lib.workload("hazard_semantics", level)
    same([program, "heap"], wanted=0)
    same([program, "mappings"], wanted=0)
    for mib in (20, 100, 1000):
        same([program, "memory", mib], wanted=0, is_lossless=False)


def main():
    for level in hazards.LEVELS:
        moments(level)
        jumps(level)
        semantics(level)
    lib.finish()


main()
