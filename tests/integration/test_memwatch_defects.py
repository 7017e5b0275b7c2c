#!/usr/bin/python3
"""Ten things that memwatch 0.1.0 gets wrong, each with what it does in the test's first line, and
each right here, in the same files and members.
"""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import time

import lib
import rss

LIVES = rss.workload("rss_lives")
MIB_KIB = 1024
ESCAPE = b"\x1b["


class Run:
    """The launcher's JSON and CSV of a command, as a reader of memwatch's gets them."""

    def __init__(self, command, *options, prefix=(), **more):
        self.csv = lib.fresh("csv")
        self.done = lib.run([*prefix, lib.LAUNCHER, "--quiet", "--json", "--csv", self.csv,
                             "--run-dir", lib.fresh("run"), *options, "--", *command], **more)
        self.data = json.loads(self.done.stdout[self.done.stdout.index(b'{\n  "command"'):])
        self.rows = list(csv.DictReader(self.csv.read_text().splitlines()))

    def peaks(self, name):
        """KiB of every process whose command begins so."""
        return [int(row["max_rss_kib"]) for row in self.rows if row["command"].startswith(name)]


def held(mib):
    return ["perl", "-e", f"$x = \"\\0\" x ({mib} << 20); undef $x"]


def short_lives():
    """1. 500 ms between samples miss what is short: 1 MB of 266 MB."""
    run = Run([rss.workload("rss_fan_out")], "-i", "500")
    children = json.loads(run.done.stdout.splitlines()[0])["children"]
    by_pid = {row["pid"]: int(row["max_rss_kib"]) for row in run.rows}
    lib.equal(len(children), 88, "1: children")
    for child in children:
        got = by_pid.get(str(child["pid"]))
        lib.check(got is not None and abs(got - child["vm_hwm_kib"]) <= 4,
                  f"1: child {child['pid']}: {got} KiB, it read {child['vm_hwm_kib']}")
    lib.check(run.data["max_total_rss_kib"] >= max(by_pid.values()), "1: total")


def no_trailing_sleep():
    """2. It sleeps a whole interval after the command has ended."""
    before = time.monotonic()
    run = Run(["true"], "-i", "60000")
    lib.check(time.monotonic() - before < 60, "2: true took as long as an interval")
    lib.check(run.data["duration_seconds"] < 60, f"2: duration {run.data['duration_seconds']}")


def signal_status():
    """3. A command killed by a signal is a success."""
    for number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM):
        run = Run(["sh", "-c", f"kill -{number.value} $$"])
        lib.equal(run.done.status, 128 + number, f"3: status after {number.name}")
        lib.check("exit_code" not in run.data, "3: exit_code of a killed command")
        lib.equal(run.data["runs"][0]["term_signal"], number, "3: term_signal")


def orphans():
    """4. Orphans are lost, and what outlives the root is not waited for."""
    if not lib.adopts_orphans():
        print("note: no child subreapers here; orphans not tried")
        return
    truth = lib.fresh("truth")
    run = Run([LIVES, "daemon", "300", "24"], "--wait-all",
              env=dict(os.environ, TRUTH_FILE=str(truth)))
    books = {book["who"]: book for book in rss.read_books(truth)}
    lib.equal(set(books), {"root", "daemon"}, "4: the daemon was waited for")
    by_pid = {int(row["pid"]): int(row["max_rss_kib"]) for row in run.rows}
    for who, book in books.items():
        got = by_pid.get(book["pid"])
        lib.check(got is not None and abs(got - book["vm_hwm_kib"]) <= 4,
                  f"4: {who}: {got} KiB, it read {book['vm_hwm_kib']}")


def own_names():
    """5. A child seen between fork and exec keeps its parent's name."""
    if lib.emulator():
        print(f"note: the names of processes are {lib.emulator()}'s at first; not compared")
        return
    run = Run(["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; sleep 0.01; done"])
    names = [row["command"].split()[0] for row in run.rows]
    lib.equal({name: names.count(name) for name in set(names)},
              {"sh": 1, "/bin/true": 10, "sleep": 10}, "5: rows by command")


def own_pids():
    """5. Processes with the same pid are one."""
    namespace = ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", '"$0" "$@"; exit $?']
    n_children, truth = 6, lib.fresh("truth")
    env = dict(os.environ, TRUTH_FILE=str(truth))
    if lib.run([*namespace, LIVES, "reuse", "2"], env=dict(env, TRUTH_FILE="/dev/null")).status:
        print("note: no pid namespace here; reuse of pids not tried")
        return
    run = Run([LIVES, "reuse", str(n_children)], prefix=namespace, env=env)
    books = rss.read_books(truth)
    lib.equal((len(books), len({book["pid"] for book in books})), (n_children, 1), "5: one pid")
    got = [int(row["max_rss_kib"]) for row in run.rows if int(row["pid"]) == books[0]["pid"]]
    expected = sorted((book["vm_hwm_kib"] for book in books), reverse=True)
    lib.equal(len(got), len(expected), "5: rows of the pid")
    for mine, truly in zip(got, expected):
        lib.check(abs(mine - truly) <= 4, f"5: {mine} KiB, the process read {truly}")


SHARING = ["perl", "-e", "$x = \"\\0\" x (64 << 20); for (1 .. 6) { fork or (sleep 1, exit) } "
           "1 while wait > 0"]


def shared_pages():
    """6. Pages that processes share count once for each of them, and nothing says so."""
    run = Run(SHARING, "--timeline", "/dev/null")
    point = max(run.data["timeline"], key=lambda point: point.get("pss_bytes") or 0)
    pss_kib = (point.get("pss_bytes") or 0) // 1024
    lib.check(run.data["max_total_rss_kib"] > 6 * 64 * MIB_KIB, "6: sum of RSS")
    # perl copies its string once more, so 64 or 128 MiB are there once.
    lib.check(64 * MIB_KIB <= pss_kib < 3 * 64 * MIB_KIB, f"6: PSS {pss_kib} KiB beside the sum")


def patterns_first():
    """7. A bad pattern is found after the job ran, and the profile is lost."""
    mark = lib.fresh("mark")
    done = lib.run([lib.LAUNCHER, "--exclude", "[[x", "touch", mark])
    lib.check(done.status == 2 and not mark.exists() and
              b"Invalid exclude pattern '[[x': must be valid regex" in done.stderr, f"7: {done}")


def plain_pipes():
    """8. Text in a pipe has colours."""
    done = lib.run([lib.LAUNCHER, "--format=memwatch", "--run-dir", lib.fresh("run"), "true"])
    lib.check(b"MEMORY SUMMARY" in done.stderr and ESCAPE not in done.stderr, f"8: {done.stderr}")
    done = lib.run([lib.LAUNCHER, "--json", "--run-dir", lib.fresh("run"), "true"])
    lib.check(ESCAPE not in done.stdout, "8: JSON")


def interrupted():
    """9. Ctrl-C ends it without a report."""
    for number in (signal.SIGINT, signal.SIGTERM):
        table = lib.fresh("csv")
        # As a terminal does: to every process of the group.
        job = subprocess.Popen([lib.LAUNCHER, "--format=memwatch", "--csv", table, "--run-dir",
                                lib.fresh("run"), "sh", "-c", "echo begun; sleep 60; echo end"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               start_new_session=True)
        job.stdout.readline()
        time.sleep(0.5) # for sleep to be there
        os.killpg(job.pid, number)
        output, text = job.communicate(timeout=lib.TIMEOUT_S)
        lib.equal(job.returncode, 128 + number, f"9: status after {number.name}")
        lib.equal(output, b"", "9: the command went on")
        lib.check(b"PER-PROCESS PEAKS" in text and b"sleep 60" in text, f"9: report {text}")
        lib.check('"sleep 60"' in table.read_text(), "9: CSV")


def own_processes_only():
    """10. It reads all of /proc at every sample, whoever's processes they are."""
    if not shutil.which("strace"):
        print("note: no strace here; what is read of /proc not looked at")
        return
    log = lib.fresh("strace")
    foreign = [subprocess.Popen(["sleep", "100"]) for _ in range(20)]
    done = lib.run(["strace", "-qq", "-e", "trace=open,openat", "-o", log, lib.LAUNCHER, "--quiet",
                    "--json", "--run-dir", lib.fresh("run"), "sh", "-c", "sleep 0.3; true"])
    for process in foreign:
        process.kill()
        process.wait()
    if not done.stdout or not log.exists():
        print(f"note: strace cannot trace here: {done.stderr[-200:]}")
        return
    opened = log.read_text()
    lib.check(not re.search(r'"/proc"', opened), "10: lists /proc")
    pids = {int(pid) for pid in re.findall(r'"/proc/(\d+)', opened)}
    lib.check(pids, "10: reads no process at all")
    lib.check(not pids & {process.pid for process in foreign}, "10: reads others' processes")
    own = {process["pid"] for process in json.loads(done.stdout)["processes"]}
    lib.check(own <= pids | own and len(pids - own) <= 1, f"10: {pids} read, of the job are {own}")


def main():
    for test in (short_lives, no_trailing_sleep, signal_status, orphans, own_names, own_pids,
                 shared_pages, patterns_first, plain_pipes, interrupted, own_processes_only):
        test()
    lib.finish()


main()
