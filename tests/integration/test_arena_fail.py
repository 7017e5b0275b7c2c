#!/usr/bin/python3
"""The N-th call that the shim makes for memory fails, for every N: opening the dump, mapping a piece
of it, allocating its blocks, mapping private memory. strace makes it fail, in the target only.

The target runs as without; the report adds up; what could not be recorded is counted. A target that
could not begin is absent, and nothing else.
"""

import collections
import os
import re

import lib

# Where the arena maps and opens the dump; the private mappings of the zone are those with NORESERVE.
# The same allocations in every run.
ENVIRONMENT = dict(os.environ, TRUTH_FILE="/dev/null", PERL_HASH_SEED="0", PERL_PERTURB_KEYS="0")
outcomes = collections.Counter()
DUMP_CALLS = ("openat", "mmap", "fallocate", "fstat")


def run_traced(program, options, directory, log):
    report = lib.fresh("profile")
    done = lib.run([lib.LAUNCHER, "--run-dir", directory, "-q", f"--json={report}", "--", "strace",
                    "-qq", "-o", log, *options, "--", *program],
                   env=ENVIRONMENT)
    return done, lib.Profile(report) if report.exists() else None


def check(done, profile, plain, what):
    lib.equal((done.status, done.stdout), (lib.shell_status(plain.status), plain.stdout), what)
    if not lib.check(profile, f"{what}: no profile {done.stderr[-300:]!r}"):
        return
    data = profile.data
    for klass in lib.CLASSES:
        for name in ("allocated_bytes", "live_bytes", "tree_peak_bytes"):
            total = data["totals"]["all"].get(klass, {}).get(name, 0)
            lines = sum(line["owned"].get(klass, {}).get(name, 0) for line in data["lines"])
            rest = data["totals"]["unattributed"].get(klass, {}).get(name, 0)
            lib.equal(lines + rest, total, f"{what}: sum of lines and unattributed, {klass} {name}")


def heap_of(profile, name):
    found = [image.row["all"].get("heap", {}).get("allocated_bytes", 0)
             for image in profile.images if image.name == name]
    return sum(found) if found else None


def lost(profile):
    return sum(count for name, count in profile.data["losses"].items() if name != "torn_bytes")


def fails(program, plain, options, what, whole):
    profile = None
    directory, log = lib.fresh("run"), lib.fresh("log")
    options = [word.replace("RUN", str(directory)) for word in options]
    done, profile = run_traced(program, options, directory, log)
    check(done, profile, plain, what)
    if not profile:
        return
    heap = heap_of(profile, os.path.basename(program[0]))
    outcomes["absent" if heap is None else "whole" if heap >= whole else "lost"] += 1
    # Less than the whole is either counted as lost, or the program is not in the report at all.
    lib.check(heap is None or heap >= whole or lost(profile) > 0,
              f"{what}: {heap} of {whole} bytes recorded, and nothing counts as lost")


def count_calls(program, directory_options):
    directory, log = lib.fresh("run"), lib.fresh("log")
    options = [word.replace("RUN", str(directory)) for word in directory_options]
    _, profile = run_traced(program, options, directory, log)
    return log.read_text().splitlines(), heap_of(profile, os.path.basename(program[0]))


def every_call(program):
    plain = lib.run(program, env=ENVIRONMENT)
    for call in DUMP_CALLS:
        lines, whole = count_calls(program, ["-P", "RUN/run.mwd", "-e", f"trace={call}"])
        for i in range(1, len(lines) + 2):
            for when, word in ((str(i), "one"), (f"{i}+", "all from")):
                fails(program, plain, ["-P", "RUN/run.mwd", "-e", f"trace={call}", "-e",
                                       f"inject={call}:error=ENOMEM:when={when}"],
                      f"{program[0]}: {call} of the dump, {word} {i}", whole)
    lines, whole = count_calls(program, ["-e", "trace=mmap"])
    ours = [i for i, line in enumerate(lines, 1)
            if re.search(r"MAP_PRIVATE\|MAP_ANONYMOUS.*MAP_NORESERVE", line)]
    lib.check(len(ours) >= 4, f"private mappings of the shim: {ours}")
    for i in ours:
        fails(program, plain, ["-e", "trace=mmap", "-e", f"inject=mmap:error=ENOMEM:when={i}"],
              f"{program[0]}: private mapping, call {i}", whole)


def main():
    lib.need("strace")
    every_call([lib.workload("truth_lines")])
    every_call(["/usr/bin/perl", "-e", "my %h = map { $_ => sprintf('%s', $_ x 3) } 1..2000;"
                "print join(',', sort keys %h), qq(\n)"])
    print(dict(outcomes))
    lib.check(min(outcomes[name] for name in ("absent", "lost", "whole")) > 0,
              f"not every kind of outcome was met: {dict(outcomes)}")
    lib.finish()


main()
