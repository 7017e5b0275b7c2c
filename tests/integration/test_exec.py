#!/usr/bin/python3
"""Every way to start a process, with every kind of environment: the new program runs as without
us, and is in the report with its own exact peak.
"""

import json
import os

import lib

PROGRAM = lib.workload("truth_exec")
# Forks without libc's fork(): told apart by a page that the kernel wipes.
NEED_WIPING = {"_Fork", "clone_as_fork"}


def books_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def main():
    plain_truth, truth = lib.fresh("truth"), lib.fresh("truth")
    plain = lib.run([PROGRAM, plain_truth])
    profiled = lib.Profiled([PROGRAM, truth])
    lib.equal(profiled.done.status, plain.status, "status")
    lib.equal(profiled.done.stdout, plain.stdout, "stdout")
    lib.equal(profiled.done.stderr, plain.stderr, "stderr")
    profile = profiled.must_have_profile()
    books = books_of(truth)
    lib.equal([b["role"] for b in books], [b["role"] for b in books_of(plain_truth)], "roles")
    lib.check(len(books) > 30, "the matrix is not complete")
    if not lib.wipes_on_fork():
        books = [book for book in books if book["role"] not in NEED_WIPING]
    for book in books:
        # A process that spawns allocates in libc, too; leaves have nothing but their books.
        exact = "parent" not in book["role"] and "before" not in book["role"]
        peaks = [p.peak_heap_bytes for p in profile.images if p.pid == book["pid"]]
        want = book["peak_heap_bytes"]
        found = want in peaks if exact else any(peak >= want for peak in peaks)
        lib.check(found, f"{book['role']}: no process image with pid {book['pid']} and peak "
                         f"{want}; has {peaks}")
    lines = {}
    for book in books:
        for line in book["lines"]:
            key = line["function"], line["line"]
            lines.setdefault(key, [0, 0])
            lines[key][0] += line["allocated_bytes"]
            lines[key][1] += line["allocated_blocks"]
    for (function, line), (n_bytes, blocks) in lines.items():
        got = profile.counters(function, line) or {}
        lib.equal((got.get("allocated_bytes"), got.get("allocated_blocks")), (n_bytes, blocks),
                  f"{function}:{line} over all images")
    # What a child is given by its parent stays so: rows run alone give the same bytes, too.
    for row in ("execve_empty", "execv_unset", "vfork", "vfork_exit",
                "exec_fails_first", "system_cleared", "chain"):
        _, alone = lib.compare_runs([PROGRAM, "/dev/null", row], env={"PATH": os.environ["PATH"]})
        lib.check_sums(alone.must_have_profile())
    lib.check_sums(profile)
    lib.check_against_dump(profiled)
    lib.finish()


main()
