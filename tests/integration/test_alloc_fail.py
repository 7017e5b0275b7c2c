#!/usr/bin/python3
"""test_alloc_fail.py [all] - the N-th allocation of the reporter or the launcher fails, for every N
(without "all": a spread of them), in our code and in the libraries below it.

The reporter says the same as without (the library coped), or says what is missing. The launcher's
command runs the same; before it is started, one line and 125 instead.
"""

import os
import pathlib
import shutil
import sys

import lib

FAILER = lib.BUILD / "lib/libfail_malloc.so"
CAUSE = ("memory", "Memory", "Cannot allocate")


def environment(program, **more):
    return dict(os.environ, LD_PRELOAD=str(FAILER), FAIL_PROGRAM=program.name,
                TRUTH_FILE="/dev/null", **more)


def count(command, program):
    counted = lib.fresh("count")
    done = lib.run(command, env=environment(program, FAIL_COUNT=str(counted)))
    return int(counted.read_text()), done


def chosen(n, most):
    """Every one of the first, where structure is; then a spread."""
    if "all" in sys.argv[1:] or n <= most:
        return range(1, n + 1)
    first = most // 2
    return [*range(1, first), *range(first, n + 1, max(1, (n - first) // (most - first)))]


def names_memory(text):
    return any(word in text.decode(errors="replace") for word in CAUSE)


def reporter(directory, options, most):
    command = [lib.REPORTER, *options, directory]
    n, good = count(command, lib.REPORTER)
    lib.check(good.status == 0 and n > 50, f"{options}: {n} allocations, status {good.status}")
    for i in chosen(n, most):
        done = lib.run(command, env=environment(lib.REPORTER, FAIL_AT=str(i)), timeout=60)
        what = f"report {options}, allocation {i} of {n}"
        if not lib.check(done.status in (0, 1, 2), f"{what}: status {done.status}"):
            continue
        if done.status == 0:
            # The C library's regexec() says "no match" when it has no memory.
            lib.check(done.stdout == good.stdout or "-f" in options,
                      f"{what}: another report, and status 0")
        elif done.status == 2:
            lib.check(len(done.stderr.splitlines()) == 1 and names_memory(done.stderr),
                      f"{what}: stderr {done.stderr!r}")
        else:
            lib.check(names_memory(done.stderr + done.stdout),
                      f"{what}: partial, and nobody says why: {done.stderr!r}")
    print(f"report {' '.join(options)}: {n} allocations")


def launcher(most):
    directory = lib.fresh("run")
    script = "echo out; echo err >&2; sh -c 'exit 0'; exit 7"
    command = [lib.LAUNCHER, "-q", "--no-report", "--run-dir", directory, "--", "sh", "-c", script]
    n, good = count(command, lib.LAUNCHER)
    lib.equal((good.status, good.stdout, good.stderr), (7, b"out\n", b"err\n"), "launcher")
    for i in chosen(n, most):
        shutil.rmtree(directory, ignore_errors=True)
        done = lib.run(command, env=environment(lib.LAUNCHER, FAIL_AT=str(i)), timeout=60)
        what = f"launcher, allocation {i} of {n}"
        if done.status == 7:
            lib.equal(done.stdout, b"out\n", f"{what}: stdout of the command")
            lib.check(done.stderr == b"err\n" or names_memory(done.stderr),
                      f"{what}: stderr {done.stderr!r}")
            lib.check((directory / "run.mwd").exists(), f"{what}: no dump")
        else:
            lib.equal((done.status, done.stdout), (125, b""), f"{what}: status and stdout")
            lib.check(len(done.stderr.splitlines()) == 1 and names_memory(done.stderr),
                      f"{what}: stderr {done.stderr!r}")
            lib.check(not directory.exists(), f"{what}: leaves a directory")
    print(f"launcher: {n} allocations")


def main():
    if len(os.sched_getaffinity(0)) < 2:
        lib.skip("symbols are read in the main thread here, see fail_malloc.c")
    good = lib.fresh("good")
    done = lib.run([lib.LAUNCHER, "-q", "--no-report", "--run-dir", good, "--", "sh", "-c",
                    "sh -c 'exit 3'; " + lib.workload("truth_inherit")],
                   env=dict(os.environ, TRUTH_FILE="/dev/null"))
    lib.equal(done.status, 0, "the run")
    launcher(150)
    page = lib.run([lib.REPORTER, "--html=-", good])
    has_page = b"built without the page" not in page.stderr
    for options in ((), ("--json",), ("--peak-only",), ("-f", "."), ("--export=speedscope",),
                    *((("--html=-",),) if has_page else ()), ("--annotate=truth_inherit.c", "--wide"),
                    ("--by=line", "--process=truth", "--module=truth")):
        reporter(pathlib.Path(good), options, 120 if not options else 60)
    lib.finish()


main()
