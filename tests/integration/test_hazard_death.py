#!/usr/bin/python3
"""Killed at random moments, by the kernel for want of memory, by loss of power: what had been
recorded is reported, and adds up. (test_die.py: every way in which a program ends itself.)
"""

import os
import pathlib
import shutil
import struct

import hazards
import lib
from hazards import times

DIE = lib.workload("hazard_die", "O2")
CGROUPS = pathlib.Path("/sys/fs/cgroup")


def killed():
    """Each block was counted in a file as soon as malloc had returned it: the report may know of
    one more, which was in progress, and of no other number.
    """
    n = times(100, 1000)
    books = lib.fresh("books")
    books.mkdir()
    profile = lib.Profiled([DIE, "storm", n, books]).must_have_profile()
    images = {image.pid: image for image in profile.images if image.row["end"] == "killed"}
    n_compared = 0
    for book in books.iterdir():
        data = book.read_bytes()
        pid, n_made, n_freed = struct.unpack_from("<3Q", data) if data else (0, 0, 0)
        if pid == 0:
            continue # killed before it knew its own name
        if not lib.check(pid in images, f"killed: {pid} is not in the report"):
            continue
        row, n_compared = images[pid].row, n_compared + 1
        heap = row["all"].get("heap", {"allocated_blocks": 0, "freed_blocks": 0})
        for name, count in (("allocated_blocks", n_made), ("freed_blocks", n_freed)):
            lib.check(count <= heap[name] <= count + 1,
                      f"killed: {pid}: {name} {heap[name]}, in truth {count}")
    lib.check(n_compared >= n // 2, f"killed: only {n_compared} of {n} had begun")
    lib.equal(hazards.losses(profile), {}, "killed: lost")


def memory_group():
    """A new memory cgroup of 64 MiB, of either version; None where that cannot be had."""
    for top, limit in (("memory", "memory.limit_in_bytes"), (".", "memory.max")):
        group = CGROUPS / top / f"memwatch-test-{os.getpid()}"
        try:
            group.mkdir()
            (group / limit).write_text(str(64 << 20))
            for swap in ("memory.memsw.limit_in_bytes", "memory.swap.max"):
                if (group / swap).exists():
                    (group / swap).write_text(str(64 << 20) if "limit" in swap else "0")
            return group
        except OSError as error:
            print(f"note: no memory cgroup at {group}: {error}")
            if group.exists():
                group.rmdir()
    return None


def out_of_memory():
    """In a memory cgroup, without us in it."""
    group = memory_group()
    if not group:
        return
    try:
        script = f"echo $$ > {group}/cgroup.procs && exec {DIE} hog 200"
        plain = lib.run(["sh", "-c", script])
        profiled = lib.Profiled(["sh", "-c", script])
    finally:
        group.rmdir()
    lib.equal(plain.status, -9, "out of memory: alone")
    lib.equal(profiled.done.status, 137, "out of memory: status")
    lib.equal(profiled.done.stdout, plain.stdout, "out of memory: output")
    hog = max(profiled.must_have_profile().images, key=lambda image: image.peak_heap_bytes)
    lib.equal(hog.signal, 9, "out of memory: its end")
    lib.check(32 << 20 < hog.peak_heap_bytes < 64 << 20,
              f"out of memory: peak {hog.peak_heap_bytes}")
    lib.check_sums(profiled.profile)


def power_cut():
    """The dump ends at any of its pages: what is before the cut adds up, or is refused."""
    profiled = lib.Profiled([lib.workload("truth_threads", "O2")])
    data = (profiled.directory / "run.mwd").read_bytes()
    copy = lib.fresh("cut")
    shutil.copytree(profiled.directory, copy)
    n_reported = 0
    for end in range(0, len(data), 4096):
        (copy / "run.mwd").write_bytes(data[:end])
        json = lib.fresh("json")
        done = lib.run([lib.REPORTER, f"--json={json}", copy])
        lib.check(done.status in (1, 2), f"cut at {end}: status {done.status} hides it")
        lib.check(done.stderr or b"damaged" in done.stdout or b"incomplete" in done.stdout
                  or b"cut" in done.stdout or done.status == 1, f"cut at {end}: not told")
        if json.exists() and json.stat().st_size:
            n_reported += 1
            adds_up(lib.Profile(json), f"cut at {end}")
    lib.check(n_reported > len(data) // 4096 // 2, f"cut: only {n_reported} of "
                                                  f"{len(data) // 4096} salvaged")


def adds_up(profile, what):
    for klass in lib.CLASSES:
        for name in ("allocated_bytes", "allocated_blocks", "freed_bytes"):
            total = profile.data["totals"]["all"].get(klass, {}).get(name, 0)
            rest = profile.data["totals"]["unattributed"].get(klass, {}).get(name, 0)
            lines = sum(line["owned"].get(klass, {}).get(name, 0) for line in profile.data["lines"])
            lib.equal(lines + rest, total, f"{what}: {klass} {name}")


def main():
    killed()
    out_of_memory()
    power_cut()
    lib.finish()


main()
