#!/usr/bin/python3
"""What is left of a dump after a power cut: the file ends at any page, or pages were never written.

Status 0 or 1 (2 only while not even the first page is whole); lines + unattributed = totals for each
class and counter, in every case; a longer file never tells less; what is missing is named.
"""

import json
import random
import shutil

import dump
import lib

COUNTERS = ("allocated_bytes", "allocated_blocks", "freed_bytes", "live_bytes",
            "process_peak_bytes", "tree_peak_bytes", "tree_peak_blocks", "rss_peak_bytes")


def adds_up(data, what):
    for klass in lib.CLASSES:
        for name in COUNTERS:
            total = data["totals"]["all"].get(klass, {}).get(name, 0)
            lines = sum(line["owned"].get(klass, {}).get(name, 0) for line in data["lines"])
            rest = data["totals"]["unattributed"].get(klass, {}).get(name, 0)
            sites = sum(site["counters"][name] for site in data["sites"] if site["class"] == klass)
            images = sum(row["all"].get(klass, {}).get(name, 0) for row in data["processes"]
                         if row["is_followed"])
            if not lines + rest == sites == images == total:
                lib.fail(f"{what}: {klass} {name}: lines {lines} + unattributed {rest}, sites "
                         f"{sites}, images {images}, total {total}")
    at_peak = data["totals"]["at_tree_heap_peak"]
    peak = sum(run["heap_peak"]["bytes"] for run in data["runs"])
    lib.equal(at_peak["lines_bytes"] + at_peak["unattributed_bytes"] + at_peak["difference_bytes"],
              peak, f"{what}: at the tree's peak")


def report(copy, what, must_be_named):
    done = lib.run([lib.REPORTER, "--json", copy])
    lib.check(done.status in (0, 1, 2), f"{what}: status {done.status}")
    if done.status == 2:
        lib.check(len(done.stderr.splitlines()) == 1 and not done.stdout,
                  f"{what}: refused with {done.stderr!r}")
        return None
    data = json.loads(done.stdout)
    adds_up(data, what)
    if must_be_named:
        lib.equal(done.status, 1, f"{what}: status")
        lib.check(done.stderr, f"{what}: nobody says what is missing")
    return data


def allocated(data):
    return sum(part["allocated_bytes"] for part in data["totals"]["all"].values())


def truncated(directory, copy, whole):
    book = dump.Dump(directory / "run.mwd")
    bytes_ = (directory / "run.mwd").read_bytes()
    before = 0
    for cut in range(0, book.next_offset, dump.PAGE):
        (copy / "run.mwd").write_bytes(bytes_[:cut])
        data = report(copy, f"cut at {cut:#x} of {book.next_offset:#x}", cut >= dump.PAGE)
        lib.equal(data is None, cut < dump.PAGE, f"cut at {cut:#x}: refused")
        if data:
            lib.check(allocated(data) >= before, f"cut at {cut:#x}: tells less than a shorter one")
            before = allocated(data)
    lib.check(before <= allocated(whole), "a part tells more than the whole")
    (copy / "run.mwd").write_bytes(bytes_)
    lib.equal(allocated(report(copy, "the whole file", False)), allocated(whole), "the whole file")


def zeroed(directory, copy, whole):
    """Blocks that never reached the disk read as zeros. Those with headers or records are missed."""
    book = dump.Dump(directory / "run.mwd")
    bytes_ = (directory / "run.mwd").read_bytes()
    n_pages = book.next_offset // dump.PAGE
    generator = random.Random(5)
    for number in range(60):
        pages = sorted({generator.randrange(1, n_pages)
                        for _ in range(generator.choice((1, 1, 2, 5, 20)))})
        bad = bytearray(bytes_)
        for page in pages:
            bad[page * dump.PAGE:(page + 1) * dump.PAGE] = bytes(dump.PAGE)
        (copy / "run.mwd").write_bytes(bad)
        heads = [s for s in book.segments if s.kind == dump.IMAGE
                 and s.offset // dump.PAGE in pages]
        data = report(copy, f"zeroed pages {pages}", False)
        lib.check(data is not None, f"zeroed pages {pages}: refused")
        if data:
            lib.check(allocated(data) <= allocated(whole), f"zeroed pages {pages}: tells more")
        if data and heads:
            done = lib.run([lib.REPORTER, "--json", copy])
            lib.check(done.status == 1 and done.stderr, f"zeroed image {pages}: nobody says so")


def main():
    program = lib.workload("truth_inherit")
    profiled = lib.Profiled(["sh", "-c", f"TRUTH_FILE=/dev/null {program}; "
                             f"TRUTH_FILE=/dev/null {lib.workload('truth_lines', 'O2')}; true"])
    directory, whole = profiled.directory, profiled.must_have_profile().data
    copy = lib.fresh("cut")
    shutil.copytree(directory, copy)
    truncated(directory, copy, whole)
    zeroed(directory, copy, whole)
    lib.finish()


main()
