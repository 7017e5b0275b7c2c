#!/usr/bin/python3
"""A job that is ended from outside leaves a full report and the right status: Ctrl-C in the
foreground of a terminal, SIGTERM and SIGINT to the launcher alone, SIGKILL of every process of
the job. The job is a root and three children that hold known memory until the end. Who has not
ended 30 ms after the root is said to go on; with --wait-all there is nobody.
"""

import json
import os
import pty
import signal
import subprocess
import threading
import time

import lib
import rss

N_CHILDREN, MIB = 3, 16
JOB = [rss.workload("rss_lives"), "hold", str(N_CHILDREN), str(MIB)]


class Launched:
    """The job under the launcher, until all of it holds its memory. On a terminal: the launcher
    leads the session, and its group is in the foreground."""

    def __init__(self, *options, is_on_terminal=False):
        self.directory, self.json = lib.fresh("run"), lib.fresh("profile")
        self.report, truth = lib.fresh("report"), lib.fresh("truth")
        argv = [str(lib.LAUNCHER), "--run-dir", str(self.directory), f"--json={self.json}",
                "--report", str(self.report), *options, "--", *JOB]
        self.is_wait_all = "--wait-all" in options
        env = dict(os.environ, TRUTH_FILE=str(truth))
        self.process, self.terminal, self.child = None, None, 0
        if is_on_terminal:
            self.child, self.terminal = pty.fork()
            if self.child == 0:
                os.execve(argv[0], argv, env)
            # What it prints must go somewhere; the end of it is an error on Linux.
            threading.Thread(target=self.drain, daemon=True).start()
        else:
            self.process = subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL)
            self.child = self.process.pid
        self.books = rss.wait_for_books(truth, N_CHILDREN + 1)
        lib.equal(len(self.books), N_CHILDREN + 1, "processes that hold their memory")
        time.sleep(0.5) # what is killed is known by samples only: let there be some

    def drain(self):
        try:
            while os.read(self.terminal, 4096):
                pass
        except OSError:
            pass

    def wait(self):
        if self.process:
            return self.process.wait(timeout=lib.TIMEOUT_S)
        return os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])


def check_report(job, what, status, ends):
    """@ends: who -> how it ended, as (end, end_value)."""
    lib.equal(job.wait(), status, f"{what}: status of the launcher")
    if not lib.check(job.json.exists() and job.report.exists(), f"{what}: no report"):
        return
    profile = lib.Profile(job.json)
    lib.check_sums(profile)
    lib.equal(len(profile.images), N_CHILDREN + 1, f"{what}: images")
    run = json.loads((job.directory / "run.json").read_text())
    lib.equal((run["state"], run.get("term_signal")), ("ended", status - 128), f"{what}: run.json")
    going_on = [image for image in profile.images if image.row["end"] == "unknown"]
    lib.check(len(going_on) <= run.get("still_running", 0), # by now they may have ended
              f"{what}: {len(going_on)} images did not end, run.json has {run}")
    lib.check(not (going_on and job.is_wait_all), f"{what}: some are not waited for")
    for book in job.books:
        name = f"{what}: {book['who']}"
        images = rss.images_of(profile, book["pid"])
        if not lib.equal(len(images), 1, f"{name}: images"):
            continue
        row = images[0].row
        lib.check((row["end"], row["end_value"]) in ends[book["who"]] or
                  (book["who"] == "child" and images[0] in going_on),
                  f"{name}: ended by {row['end']} {row['end_value']}")
        # Told by the process itself, or by samples of memory that did not change any more.
        lib.check(row["rss_peak_bytes"] >= book["vm_hwm_kib"] * 1024 - rss.PAGE_BYTES,
                  f"{name}: RSS peak {row['rss_peak_bytes']}, it had {book['vm_hwm_kib']} KiB")
        lib.check(row["rss_peak_bytes"] <= (book["vm_hwm_kib"] + 1024) * 1024,
                  f"{name}: RSS peak {row['rss_peak_bytes']} of {book['vm_hwm_kib']} KiB")
        if row["end"] != "exit":
            lib.check(not row["is_rss_exact"], f"{name}: killed, but its peak is called exact")
    sum_kib = sum(book["vm_hwm_kib"] for book in job.books)
    peak_kib = profile.data["runs"][0]["rss_peak"]["bytes"] // 1024
    lib.check(abs(peak_kib - sum_kib) <= sum_kib // 50,
              f"{what}: tree's peak {peak_kib} KiB, together they had {sum_kib}")


def killed_by(*numbers):
    """Ways in which the report may say so: of processes that are not our children nobody knows
    the signal."""
    return {("signal", number) for number in numbers} | {("killed", None)}


def end_by_terminal(options):
    job = Launched(*options, is_on_terminal=True)
    os.write(job.terminal, b"\x03")
    check_report(job, " ".join(["Ctrl-C", *options]), 128 + signal.SIGINT,
                 {"root": killed_by(signal.SIGINT), "child": killed_by(signal.SIGINT)})


def end_by_kill(options):
    job = Launched(*options)
    root = next(book["pid"] for book in job.books if book["who"] == "root")
    for pid in [book["pid"] for book in job.books if book["who"] == "child"] + [root]:
        os.kill(pid, signal.SIGKILL)
    check_report(job, " ".join(["SIGKILL of all", *options]), 128 + signal.SIGKILL,
                 {"root": killed_by(signal.SIGKILL), "child": killed_by(signal.SIGKILL)})


def main():
    for options in (), ("--wait-all",):
        end_by_terminal(options)
        if options and not lib.adopts_orphans():
            print("note: no child subreapers here; --wait-all of orphans not tried")
        else:
            end_by_kill(options)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        job = Launched("--wait-all")
        os.kill(job.child, number)
        # The children see the root's end, and leave in good order.
        check_report(job, f"{number.name} to the launcher", 128 + number,
                     {"root": killed_by(number), "child": {("exit", 0)}})
    lib.finish()


main()
