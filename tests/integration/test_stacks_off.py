#!/usr/bin/python3
"""--stacks=off: totals and peaks of each class exactly as the workloads' own books have them, one
record a thread and class in the dump, and a report that says why there are no lines.
"""

import lib

import dump

SUMS = ("allocated_bytes", "allocated_blocks", "freed_bytes", "freed_blocks")
PROGRAMS = (("truth_lines",), ("truth_peak", "hills"), ("truth_peak", "realloc"),
            ("truth_peak", "sawtooth"), ("truth_mappings",), ("truth_signals",), ("truth_deep", "200"))


def compare_totals(name, books, profile):
    for klass in lib.CLASSES:
        got = profile.data["totals"]["all"].get(klass, dict.fromkeys(SUMS, 0))
        lines = [line for line in books["lines"] if line["class"] == klass]
        for counter in SUMS:
            lib.equal(got[counter], sum(line[counter] for line in lines),
                      f"{name}: {klass} {counter}")
    lib.equal(profile.peak_heap_bytes, books["peak_heap_bytes"], f"{name}: peak")
    image = profile.images[0]
    lib.equal(image.peak_heap_bytes, books["peak_heap_bytes"], f"{name}: peak of the process")
    for klass in ("anon", "file"):
        lib.equal(image.row["heap_peak"][f"{klass}_bytes"], books[f"peak_{klass}_bytes"],
                  f"{name}: peak {klass}")


def check_form(name, profiled):
    """No stacks anywhere, and so few records."""
    profile = profiled.profile
    for part in ("sites", "lines", "functions"):
        lib.equal(profile.data[part], [], f"{name}: {part}")
    lib.equal(profile.data["runs"][0]["has_stacks"], False, f"{name}: has_stacks")
    for image in dump.Dump(profiled.directory / "run.mwd").images.values():
        lib.check(len(image.records) <= image.n_threads * len(lib.CLASSES),
                  f"{name}: {len(image.records)} records of {image.n_threads} threads")
    text = " ".join(profiled.report.split())
    for words in ("stacks off: totals and peaks only", "Stacks were switched off (--stacks=off)",
                  "unattributed: 0 B at the tree's heap peak"):
        lib.check(words in text, f"{name}: the report does not say {words!r}")
    for heading in ("Lines at", "Functions", "Line by line"):
        lib.check(heading not in profiled.report, f"{name}: the report has a part {heading!r}")
    lib.check(max(map(len, profiled.report.splitlines())) <= 80, f"{name}: wider than 80 columns")


def checked(*command, level="O2", had_threads=False):
    lib.compare_runs([lib.workload(command[0], level), *command[1:]], "--stacks=off",
                     env={"TRUTH_FILE": "/dev/null"})
    books, profiled = lib.with_truth([lib.workload(command[0], level), *command[1:]],
                                     "--stacks=off")
    profiled.must_have_profile()
    lib.check_sums(profiled.profile)
    lib.check_against_dump(profiled, had_threads)
    check_form(command[0], profiled)
    return books, profiled.profile


def main():
    for command in PROGRAMS:
        books, profile = checked(*command)
        compare_totals(" ".join(command), books[0], profile)

    books, profile = checked("truth_threads", had_threads=True)
    heap = profile.data["totals"]["all"]["heap"]
    lib.check(heap["allocated_blocks"] >= sum(l["allocated_blocks"] for l in books[0]["lines"]),
              "threads: blocks are missing")

    books, profile = checked("truth_tree")
    lib.equal(profile.peak_heap_bytes, books[0]["tree_peak_heap_bytes"], "tree's peak")
    peaks = sorted(process["peak_heap_bytes"] for process in books[0]["processes"])
    lib.equal(sorted(image.peak_heap_bytes for image in profile.images), peaks, "all peaks")

    with_stacks = lib.Profiled([lib.workload("truth_lines")], env={"TRUTH_FILE": "/dev/null"})
    without = lib.Profiled([lib.workload("truth_lines")], "--stacks=off", "--peak-only",
                           env={"TRUTH_FILE": "/dev/null"})
    rows = [line.split() for line in without.report.splitlines()]
    lib.check(len(rows) == 1 and rows[0][1] == "truth_lines" and rows[0][3] == "MiB",
              f"--peak-only: not one line for the process: {without.report!r}")
    merged = lib.run([lib.REPORTER, with_stacks.directory, without.directory]).stdout.decode()
    lib.check("  stacks off\n" in merged and "callers_of_wrapper" in merged,
              "merged with a run that has stacks: both must show")

    rows = lib.run([lib.REPORTER, "--export=csv", without.directory]).stdout.decode().splitlines()
    lib.equal([row.split(",")[0] for row in rows[1:]], ['"[unattributed]"', '"[stacks off]"'], "csv")

    for bad in (["--stacks=maybe"], ["--stacks"], ["--stacks=off", "--sample=512K"],
                ["--stacks=off", "--check-unwinder"], ["--sample=0"], ["--sample=-1"],
                ["--sample=512X"], ["--sample=1KBi"], ["--sample=K"], ["--sample=9999999G"],
                ["--sample="]):
        done = lib.run([lib.LAUNCHER, *bad, "--", "/bin/true"])
        lib.check(done.status == 2 and done.stderr.count(b"\n") == 1, f"{bad}: {done}")
    lib.finish()


main()
