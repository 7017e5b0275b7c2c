#!/usr/bin/python3
"""test_truth.py PROGRAM LEVEL [ARGUMENTS] - a workload's own books against the report.

Everything is compared exactly: allocated, freed and at-peak bytes and blocks of each line, where
frees were called, the peaks of the process, what the program printed and how it ended. For
programs with threads the at-peak numbers may differ by the bound the report states.
"""

import sys

import lib

# the truth's name of a counter -> the report's
COUNTERS = {name: name for name in ("allocated_bytes", "allocated_blocks", "freed_bytes",
                                    "freed_blocks", "freed_here_bytes", "freed_here_blocks")}
AT_PEAK = {"at_peak_bytes": "process_peak_bytes", "at_peak_blocks": "process_peak_blocks"}
# Other parts of these programs allocate, too (libraries, stdio, thread stacks).
NOT_ALONE = {"truth_cxx", "truth_threads", "truth_atexit", "truth_hooks"}
THREADED = {"truth_threads"}


def compare_line(profile, line, counters):
    where = f"{line['function']}:{line['line']} ({line['class']})"
    got = profile.counters(line["function"], line["line"], line["class"])
    if not got:
        if any(line[name] for name in counters):
            lib.fail(f"{where}: not in the report")
        return
    for name, reported in counters.items():
        if line["class"] == "heap" or "here" not in name: # whose books have no munmap's line
            lib.equal(got[reported], line[name], f"{where}: {name}")


def line_number(source, text):
    lines = (lib.SOURCE / "workloads" / source).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def compare_callers(profile, name, arguments):
    """Lines that only lead to an allocation: all that passes, each stack once."""
    expected = []
    if name == "truth_lines":
        expected = [("callers_of_wrapper", "*a = wrapped(111)", 111, 1),
                    ("callers_of_wrapper", "*c = wrapped(33)", 330, 10),
                    ("inlined_outer", "*first = inlined_inner(n)", 700, 1),
                    ("through_inlines", "*p = inlined_outer(700)", 2100, 2),
                    ("main", "\tleak();", 2800, 7)]
    elif name == "truth_deep":
        depth = int(arguments[0])
        expected = [("descend", "below = descend(level - 1)", 64 * (depth - 1), depth - 1)]
    for function, text, n_bytes, blocks in expected:
        number = line_number(name + ".c", text)
        got = profile.counters(function, number, part="through") or {}
        lib.equal((got.get("allocated_bytes"), got.get("allocated_blocks")), (n_bytes, blocks),
                  f"through {function}:{number}")


def compare_process(profile, books, name):
    lib.equal(len(profile.images), 1, "process images")
    image = profile.images[0]
    slack = profile.peak_error_bytes()
    if name in NOT_ALONE:
        lib.check(image.peak_heap_bytes >= books["peak_heap_bytes"] - slack,
                  f"peak {image.peak_heap_bytes}, truth {books['peak_heap_bytes']} - {slack}")
    else:
        lib.equal(image.peak_heap_bytes, books["peak_heap_bytes"], "peak heap")
    lib.equal(profile.peak_heap_bytes, image.peak_heap_bytes, "the tree's peak is its only image's")
    for klass in ("anon", "file"):
        if books[f"peak_{klass}_bytes"]:
            lib.equal(image.row["heap_peak"][f"{klass}_bytes"], books[f"peak_{klass}_bytes"],
                      f"peak {klass}")


def main():
    name, level, arguments = sys.argv[1], sys.argv[2], sys.argv[3:]
    command = [lib.workload(name, level), *arguments]
    lib.compare_runs(command, env={"TRUTH_FILE": "/dev/null"})
    if name == "truth_cxx":
        plain, _ = lib.compare_runs([*command, "library"])
        lib.equal(plain.stdout, b"failures as expected\n", "library and failures")
    books, profiled = lib.with_truth(command)
    profile = profiled.must_have_profile()
    lib.equal(len(books), 1, "books of one process")
    counters = {**COUNTERS, **({} if name in THREADED else AT_PEAK)}
    if name not in NOT_ALONE:
        counters["max_total_bytes"] = "max_total_bytes" # at births and frees there: the line's peak
    lib.check(len(books[0]["lines"]) > 0, "the truth has no lines")
    for line in books[0]["lines"]:
        compare_line(profile, line, counters)
    compare_callers(profile, name, arguments)
    compare_process(profile, books[0], name)
    lib.check_sums(profile)
    lib.check_against_dump(profiled)
    lib.finish()


main()
