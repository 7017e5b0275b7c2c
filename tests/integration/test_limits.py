#!/usr/bin/python3
"""--max-total-rss, --max-process-rss, --kill-on-limit: status, who and when; and the line of progress
on a terminal, in a pipe, and with --quiet.
"""

import os
import re
import signal
import subprocess
import sys
import time

import lib
import rss

MIB = 1 << 20
BURST = rss.workload("rss_burst")


def limits_of(profiled):
    return profiled.must_have_profile().data["runs"][0]["limits"]


def passed_total():
    profiled = lib.Profiled([BURST, "1"], "--max-total-rss=150M", "--max-process-rss=1GiB")
    lib.equal(profiled.done.status, 10, "total: status")
    limits = limits_of(profiled)
    total = limits["total_rss"]
    lib.equal(total["most_bytes"], 150 * MIB, "total: limit")
    lib.check(total["rss_bytes"] > 150 * MIB, f"total: {total}")
    lib.check(total["pid"] in [image.pid for image in profiled.profile.images], f"total: {total}")
    lib.equal(set(limits["process_rss"]), {"most_bytes"}, "total: the limit that was kept")
    lib.equal((limits["is_terminated"], limits["is_killed"]), (False, False), "total: no killing")
    lib.check(b'"peak_kib"' in profiled.done.stdout, "total: the command did not go on to its end")
    lib.check(re.search(rb"^memwatch-preload: --max-total-rss=153600K passed with \d+K after "
                        rb"\d+\.\d+ s, largest: pid \d+ \(.*rss_burst", profiled.note, re.M),
              f"total: note {profiled.note!r}")
    lib.check(re.search(r"limit of total RSS, 150.0 MiB: passed", profiled.report),
              "total: not in the report")
    lib.check(re.search(r"limit of process RSS, 1.0 GiB: kept", profiled.report),
              "total: the limit that was kept is not in the report")


def passed_by_process():
    profiled = lib.Profiled([BURST, "1", "2", "96"], "--max-process-rss=64MiB")
    lib.equal(profiled.done.status, 11, "process: status")
    breach = limits_of(profiled)["process_rss"]
    children = [image.pid for image in profiled.profile.images[:2]]
    lib.check(breach["pid"] in children, f"process: {breach} is none of {children}")


def kept():
    profiled = lib.Profiled(["sh", "-c", "exit 3"], "--max-total-rss=1T", "--max-process-rss=1G",
                            "--kill-on-limit")
    lib.equal(profiled.done.status, 3, "kept: status")


KILLED = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN) if sys.argv[1] == "ignore" else None
        memory = bytearray(b"x") * (128 << 20)
    time.sleep(600)
time.sleep(600)
"""


def killed(manner):
    """All processes end, also those in sessions of their own, and the report is there."""
    begin = time.monotonic()
    profiled = lib.Profiled(["/usr/bin/python3", "-c", KILLED, manner],
                            "--max-total-rss=100M", "--kill-on-limit", "--wait-all")
    lib.equal(profiled.done.status, 10, f"killed, {manner}: status")
    lib.check(time.monotonic() - begin < 300, f"killed, {manner}: it went on")
    limits = limits_of(profiled)
    lib.equal((limits["is_terminated"], limits["is_killed"]), (True, manner == "ignore"),
              f"killed, {manner}: how")
    for image in profiled.profile.images:
        lib.check(not os.path.exists(f"/proc/{image.pid}"), f"killed: {image.pid} is alive")
        lib.check(image.signal in (signal.SIGTERM, signal.SIGKILL) or image.row["end"] == "killed",
                  f"killed: ended by {image.row['end']} {image.row['end_value']}")


def complaints():
    for option, words in (("--max-total-rss=1.5.5G", "is not a size"), ("--max-total-rss=0", "1..1024T"),
                          ("--max-process-rss=-1", "is not a size"), ("--max-process-rss=9X", "9X"),
                          ("--kill-on-limit", "needs --max-total-rss or --max-process-rss")):
        done = lib.run([lib.LAUNCHER, option, "true"])
        lib.equal(done.status, 2, f"{option}: status")
        lib.equal(done.stderr.count(b"\n"), 1, f"{option}: lines")
        lib.check(words.encode() in done.stderr, f"{option}: {done.stderr!r}")


LINE = rb"\r\x1b\[K\d+\.\d s  \d+ process(?:es)?  RSS [\d.]+ \wi?B"


def progress():
    lib.need("stty")
    argv = [str(lib.LAUNCHER), "--run-dir", str(lib.fresh("run")), "--no-report", "--", "sh", "-c",
            "sleep 1; echo done"]
    seen = lib.on_terminal(argv)
    lib.check(re.search(LINE, seen), f"progress: no line in {seen!r}")
    lines = re.findall(rb"\x1b\[K([^\r\x1b]*)", seen)
    lib.check(all(b"\n" not in line for line in lines if line.startswith(b"0.")),
              f"progress: more than a line: {seen!r}")
    after = seen[seen.rindex(b"done"):]
    lib.check(b"\r\x1b[K" in after and not re.search(LINE, after), f"progress: not erased: {after!r}")
    narrow = lib.on_terminal(argv[:2] + [str(lib.fresh("run"))] + argv[3:], columns=30)
    for line in re.findall(LINE + rb"[^\r\x1b]*", narrow):
        lib.check(len(line) <= 29 + 4, f"progress: wider than 30 columns: {line!r}")
    quiet = lib.on_terminal(argv[:1] + ["-q"] + argv[1:2] + [str(lib.fresh("run"))] + argv[3:])
    lib.equal(quiet, b"done\r\n", "progress: with --quiet")
    raw = lib.on_terminal(argv[:2] + [str(lib.fresh("run"))] + argv[3:-1] +
                      ["stty raw -echo; sleep 1; stty sane; echo done"])
    before = raw[:raw.rindex(b"done")]
    lib.check(len(re.findall(LINE, before)) <= 1, f"progress: on a raw terminal: {raw!r}")
    piped = lib.run([argv[0], "--run-dir", lib.fresh("run"), *argv[3:]])
    lib.check(b"\r" not in piped.stderr, f"progress: in a pipe: {piped.stderr!r}")


def main():
    tests = [passed_total, passed_by_process, kept, complaints, progress]
    for test in lib.possible(tests, passed_total):
        print(test.__name__, flush=True)
        test()
    if lib.adopts_orphans():
        killed("obey")
        killed("ignore")
    else:
        print("note: no child subreapers here; the end of all processes not tried")
    lib.finish()


if __name__ == "__main__":
    sys.exit(main())
