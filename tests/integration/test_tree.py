#!/usr/bin/python3
"""Forked trees: each process's peak, the peak of all together, and each line's share of it, are
the program's own arithmetic; blocks that cross a fork count once.
"""

import sys

import lib


def add_up(processes, counter):
    """(function, line) -> sum of a counter over all processes of the truth."""
    sums = {}
    for process in processes:
        for line in process["lines"]:
            where = line["function"], line["line"]
            sums[where] = sums.get(where, 0) + line[counter]
    return sums


def compare(program, level):
    books, profiled = lib.with_truth([lib.workload(program, level)])
    profile, truth = profiled.must_have_profile(), books[0]
    lib.equal(profile.peak_heap_bytes, truth["tree_peak_heap_bytes"], f"{program}: tree peak")
    by_pid = {process.pid: process for process in profile.images}
    lib.equal(len(by_pid), len(truth["processes"]), f"{program}: processes")
    for process in truth["processes"]:
        got = by_pid.get(process["pid"])
        if not lib.check(got, f"{program}: {process['role']} is not in the report"):
            continue
        role = f"{program}: {process['role']}"
        lib.equal(got.peak_heap_bytes, process["peak_heap_bytes"], f"{role}: peak")
        lib.equal(got.at_tree_peak_bytes,
                  sum(line["at_tree_peak_bytes"] for line in process["lines"]),
                  f"{role}: bytes at the tree's peak")
        lib.equal(got.inherited_freed_bytes, process["inherited_freed_bytes"],
                  f"{role}: inherited freed bytes")
    for counter, name in (("allocated_bytes", "allocated_bytes"), ("freed_bytes", "freed_bytes"),
                          ("allocated_blocks", "allocated_blocks"),
                          ("freed_blocks", "freed_blocks"),
                          ("at_tree_peak_bytes", "tree_peak_bytes"),
                          ("at_tree_peak_blocks", "tree_peak_blocks"),
                          ("at_peak_bytes", "process_peak_bytes")):
        for (function, line), expected in add_up(truth["processes"], counter).items():
            got = profile.counters(function, line)
            lib.equal(got[name] if got else 0, expected, f"{program}: {function}:{line}: {name}")
    lib.check_sums(profile)
    lib.check_against_dump(profiled)


def main():
    level = sys.argv[1]
    compare("truth_tree", level)
    compare("truth_inherit", level)
    lib.finish()


main()
