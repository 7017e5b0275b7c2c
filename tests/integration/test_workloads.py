#!/usr/bin/python3
"""The truth programs' books against sums done by hand, without the profiler, and their heap peaks
against glibc's memusage: who tells the truth must be checked, too.
"""

import json
import os
import shutil

import lib

KIB = 1024


def books(name, *arguments, level="O2"):
    truth = lib.fresh("truth")
    lib.run([lib.workload(name, level), *arguments], env=dict(os.environ, TRUTH_FILE=str(truth)))
    return json.loads(truth.read_text().splitlines()[0])


def line_of(book, function):
    return next(line for line in book["lines"]
                if line["function"] == function and line["allocated_blocks"])


def lines():
    book = books("truth_lines")
    loop = line_of(book, "loop_of_small_blocks")
    lib.equal(loop["allocated_bytes"], sum(16 + i for i in range(100)), "loop: allocated")
    lib.equal((loop["allocated_blocks"], loop["freed_blocks"]), (100, 100), "loop: blocks")
    leak = line_of(book, "leak")
    lib.equal(leak["allocated_bytes"] - leak["freed_bytes"], 2800, "leak: live")
    lib.equal(book["live_heap_bytes"], 2800, "live at the end")
    made, freed = line_of(book, "made_here"), [l for l in book["lines"]
                                               if l["function"] == "freed_elsewhere"]
    lib.equal(made["allocated_bytes"], 40 * 4096 + sum(range(40)), "made_here: allocated")
    lib.equal(freed[0]["freed_here_bytes"], made["allocated_bytes"], "freed_elsewhere")


def peaks():
    for shape, expected in (("hills", 210 * KIB), ("exit", 200 * KIB), ("equal", 300 * KIB),
                            ("realloc", 512 * KIB), ("sawtooth", 164 * KIB + 1)):
        book = books("truth_peak", shape)
        lib.equal(book["peak_heap_bytes"], expected, f"{shape}: peak")
        lib.equal(sum(line["at_peak_bytes"] for line in book["lines"]), expected,
                  f"{shape}: lines at the peak")
    at_peak = {line["function"]: line["at_peak_bytes"] for line in books("truth_peak", "equal")[
        "lines"] if line["allocated_blocks"]}
    lib.equal(at_peak, {"red": 300 * KIB, "green": 0}, "equal: the first one counts")


def trees():
    tree = books("truth_tree")
    lib.equal(tree["tree_peak_heap_bytes"], 1450 * KIB, "tree peak")
    lib.equal({p["role"]: p["peak_heap_bytes"] // KIB for p in tree["processes"]},
              {"root": 600, "child0": 900, "child1": 800, "child2": 400}, "KiB of each process")
    lib.equal(sum(line["at_tree_peak_bytes"] for p in tree["processes"] for line in p["lines"]),
              1450 * KIB, "lines at the tree's peak")
    inherit = books("truth_inherit")
    lib.equal([p["inherited_freed_bytes"] for p in inherit["processes"]], [0, 30000, 50000],
              "inherited blocks freed")


def against_memusage():
    if not shutil.which("memusage"):
        print("note: no memusage here")
        return
    for shape in ("hills", "exit", "equal", "realloc", "sawtooth"):
        command = [lib.workload("truth_peak", "O2"), shape]
        lib.equal(lib.memusage_peak(command), books("truth_peak", shape)["peak_heap_bytes"],
                  f"{shape}: memusage")


def main():
    lines()
    peaks()
    trees()
    against_memusage()
    lib.finish()


main()
