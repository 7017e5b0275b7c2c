#!/usr/bin/python3
"""However a process ends, all it recorded is in the report, and its end is told right."""

import signal

import lib

# way -> status as subprocess has it
WAYS = {
    "return": 2, "exit": 3, "_exit": 4, "_Exit": 5, "quick_exit": 6, "exit_group": 8, "thread": 9,
    "pthread_exit": 0, "abort": -signal.SIGABRT, "segv": -signal.SIGSEGV,
    "sigkill": -signal.SIGKILL, "sigterm": -signal.SIGTERM,
}


def alone(way, status):
    books, profiled = lib.with_truth([lib.workload("truth_die", "O2"), way])
    lib.equal(profiled.done.status, lib.shell_status(status), f"{way}: status")
    profile = profiled.must_have_profile()
    for line in books[0]["lines"]:
        got = profile.counters(line["function"], line["line"]) or {}
        for name, reported in (("allocated_bytes",) * 2, ("allocated_blocks",) * 2,
                               ("freed_bytes",) * 2, ("freed_blocks",) * 2,
                               ("at_peak_bytes", "process_peak_bytes")):
            if got or line[name]:
                lib.equal(got.get(reported), line[name],
                          f"{way}: {line['function']}:{line['line']}: {name}")
    lib.check(profile.peak_heap_bytes >= books[0]["peak_heap_bytes"], f"{way}: peak")
    process = profile.processes[0]
    if status < 0:
        lib.equal(process.signal, -status, f"{way}: signal in the report")
    else:
        lib.equal(process.exit_status, status, f"{way}: exit status in the report")
    lib.check_against_dump(profiled, had_threads="thread" in way)


def as_child(way):
    """The same as a grandchild whose end the launcher does not reap."""
    program = lib.workload("truth_die", "O2")
    books, profiled = lib.with_truth(["sh", "-c", f"({program} {way}; true) 2>/dev/null; exit 0"])
    profile = profiled.must_have_profile()
    lib.equal(profiled.done.status, 0, f"child {way}: status of the shell")
    lib.check(any(p.pid == books[0]["pid"] and p.peak_heap_bytes >= books[0]["peak_heap_bytes"]
                  for p in profile.processes), f"child {way}: not in the report with its peak")


def main():
    for way, status in WAYS.items():
        alone(way, status)
    for way in ("return", "_exit", "abort", "sigkill"):
        as_child(way)
    lib.finish()


main()
