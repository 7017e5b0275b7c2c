#!/usr/bin/python3
"""rss_sampler.py INTERVAL_MS RESULT COMMAND... - what a sampler of process trees sees: at fixed
times, all descendants of the command and their RSS. Plain and fair: it begins at once, keeps its
beat, walks only the job (not all of /proc), tells processes of one pid apart by their start.

RESULT gets JSON: the highest sum, and of each process but the first the highest RSS seen.
"""

import json
import os
import subprocess
import sys
import time

PAGE_KIB = os.sysconf("SC_PAGESIZE") // 1024


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError: # gone
        return b""


def descendants(root):
    """Pids of the job, the root first; each is looked up once."""
    pids = [root]
    for pid in pids:
        try:
            tasks = os.listdir(f"/proc/{pid}/task")
        except OSError:
            continue
        for task in tasks:
            pids += map(int, read(f"/proc/{pid}/task/{task}/children").split())
    return pids


def sample(root, peaks):
    """Note each process's RSS in @peaks. Return: their sum in KiB."""
    sum_kib = 0
    for pid in descendants(root):
        statm, stat = read(f"/proc/{pid}/statm").split(), read(f"/proc/{pid}/stat")
        rss_kib = int(statm[1]) * PAGE_KIB if statm else 0
        if not rss_kib or not stat:
            continue
        sum_kib += rss_kib
        key = f"{pid}@{stat[stat.rindex(b')') + 2:].split()[19].decode()}"
        if pid != root:
            peaks[key] = max(peaks.get(key, 0), rss_kib)
    return sum_kib


def main():
    interval_s, result, command = float(sys.argv[1]) / 1000, sys.argv[2], sys.argv[3:]
    peaks, most_kib, next_s = {}, 0, time.monotonic()
    with subprocess.Popen(command) as job:
        while job.poll() is None:
            most_kib = max(most_kib, sample(job.pid, peaks))
            # A beat that was missed is left out, not made up for.
            next_s = max(next_s + interval_s, time.monotonic())
            try:
                job.wait(max(0, next_s - time.monotonic()))
            except subprocess.TimeoutExpired:
                pass
    with open(result, "w", encoding="ascii") as file:
        json.dump({"tree_peak_kib": most_kib, "children_kib": list(peaks.values())}, file)
    return job.returncode


if __name__ == "__main__":
    sys.exit(main())
