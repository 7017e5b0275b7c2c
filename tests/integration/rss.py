"""rss.py - what the RSS tests share: the books of workloads/rss_*.c, where they are in the report,
and the launcher in a pid namespace or on a terminal of its own.
"""

import csv
import json
import time

import lib

PAGE_BYTES = 4096
YOUNG_S = 0.05 # of a process, when it is sampled densely (preload/README.md)
DENSE_S = 0.005 # the sampler's own cost included
COPY_S = 0.1 # who lives longer between fork and exec has a row of its own


def workload(name):
    return str(lib.BUILD / "workloads" / name)


def read_books(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def wait_for_books(path, n_books, timeout_s=30):
    """The books as soon as so many processes wrote theirs."""
    end = time.monotonic() + timeout_s
    while len(read_books(path)) < n_books and time.monotonic() < end:
        time.sleep(0.005)
    return read_books(path)


def images_of(profile, pid):
    return [image for image in profile.images if image.pid == pid]


def check_peak(image, vm_hwm_kib, what):
    """The report has what the process itself read as its VmHWM at its end, within one page."""
    got = image.row["rss_peak_bytes"]
    lib.check(got is not None and abs(got - vm_hwm_kib * 1024) <= PAGE_BYTES,
              f"{what}: RSS peak {got} in the report, the process read {vm_hwm_kib * 1024}")
    lib.check(image.row["is_rss_exact"], f"{what}: not marked as exact")


def run_json(profiled):
    return json.loads((profiled.directory / "run.json").read_text())


def rows_of(profiled, pid):
    """The launcher's rows of a pid, one a process image, in order of time."""
    return sorted((row for row in run_json(profiled)["processes"] if row["pid"] == pid),
                  key=lambda row: row["first_seen_elapsed_ns"])


def program_rows_of(profiled, pid):
    """The same without those of a child that took long from fork to exec on a busy machine: until
    then it is a copy of its parent, and has what that has."""
    return [row for row in rows_of(profiled, pid) if "image" in row or
            row["last_seen_elapsed_ns"] - row["first_seen_elapsed_ns"] < COPY_S * 1e9]


def samples_of(profiled, name="samples.csv"):
    with open(profiled.directory / name, newline="") as file:
        return list(csv.DictReader(file))


def was_seen(profiled, truth, what):
    """Whether two samples began while all of a burst held their memory: then the first of them saw
    all of it. If not, run.json must say that one came late; and no pause between samples is longer
    than it says."""
    run = run_json(profiled)
    sampler, start_ns = run["sampler"], run["start_monotonic_ns"]
    late_s = sampler["most_late_seconds"]
    period_s = max(run["interval_ms"] / 1e3, sampler["longest_interval_seconds"] + 0.001)
    at = [int(row["elapsed_ns"]) + start_ns for row in samples_of(profiled)]
    pause_s = max((after - before for before, after in zip(at, at[1:])), default=0) / 1e9
    lib.check(pause_s <= period_s + late_s, f"{what}: {pause_s} s between samples, {sampler}")
    for begin, end in truth["together_ns"]:
        if sum(begin <= moment <= end for moment in at) >= 2:
            return True
    is_young = all(child["alive_us"] / 1e6 < YOUNG_S for child in truth["children"])
    if is_young:
        begin, end = min(truth["together_ns"], key=lambda window: window[1] - window[0])
        lib.check(late_s >= (end - begin) / 2e9 - DENSE_S,
                  f"{what}: no two samples while all held their memory, and {sampler}")
    print(f"note: {what}: the machine is busy, a sample came {late_s} s late; bounds only")
    return False


def check_books(profiled, books):
    """Each book's process image is in the report and in run.json with its peak. Several books of
    one pid are those of its images in order of time: exec, or a pid that was used again. Images
    of a pid beyond its books had none to write."""
    for pid in {book["pid"] for book in books}:
        mine = [book for book in books if book["pid"] == pid]
        images = sorted(images_of(profiled.profile, pid),
                        key=lambda image: image.row["start_seconds"])
        rows = program_rows_of(profiled, pid)
        # In the order in which they came to be; the launcher may have seen them in another.
        rows.sort(key=lambda row: row.get("image", 0))
        lib.equal(len(rows), len(images), f"rows of run.json with pid {pid}")
        if not lib.check(len(images) >= len(mine), f"{len(images)} images with pid {pid}"):
            continue
        for book, image, row in zip(mine, images, rows):
            what = f"{book.get('who', 'child')}, pid {pid}"
            check_peak(image, book["vm_hwm_kib"], what)
            lib.equal((row["max_rss_kib"], row["is_exact"]),
                      (image.row["rss_peak_bytes"] // 1024, True), f"{what}: in run.json")
