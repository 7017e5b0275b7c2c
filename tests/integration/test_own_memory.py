#!/usr/bin/python3
"""What the profiler says of its own memory is what the kernel says: the program reads its own
/proc/self/smaps at its end, once bare and once profiled. Then what that memory may cost.
"""

import re

import lib

KIB = 1024
MIB = 1024 * KIB
# What can differ between two looks: pages of the object that are in the page cache, but not in
# this process; what the loader needs to know one object more; rules counted in full.
SLACK = 48 * KIB


def resident(output, what):
    """(dump, object, anonymous) in bytes as the program printed them."""
    found = re.fullmatch(rb"dump (\d+) object (\d+) anonymous (\d+)\n", output)
    if not lib.check(found, f"{what}: printed {output!r}"):
        lib.finish()
    return [int(number) for number in found.groups()]


def measure(*arguments):
    """(own bytes by smaps, the process's row, the whole profile)"""
    command = [lib.BUILD / "workloads/rss_own", *map(str, arguments)]
    what = " ".join(map(str, arguments))
    bare = resident(lib.run(command).stdout, what)
    profiled = lib.Profiled(command)
    profile = profiled.must_have_profile()
    dump, shim, anonymous = resident(profiled.done.stdout, what)
    seen, row = dump + shim + anonymous - bare[2], profile.processes[0].row
    told = row["own_rss_bytes"]
    print(f"{what}: {seen} bytes by smaps, {told} told")
    lib.check(seen - SLACK <= told <= seen + SLACK, f"{what}: smaps has {seen}, told {told}")
    lib.check(told <= row["rss_peak_bytes"], f"{what}: {told} of RSS {row['rss_peak_bytes']}")
    lib.equal(profile.data["overhead"]["max_rss_bytes"], told, f"{what}: the largest")
    return seen, row, profiled


def small_processes():
    seen, _, profiled = measure("sites", 1)
    lib.check(seen <= MIB // 2, f"a process that allocates once: {seen} bytes")
    lib.check(re.search(r"RSS\s+includes\s+our\s+own\s+memory", profiled.report),
              "the report says what RSS includes")
    lib.check(re.search(r"our\s+own\s+memory:\s+[0-9.]+\s+KiB\s+touched", profiled.report),
              "the report says what is touched")


def blocks():
    """An eighth of the heap, which is a slot of 4 bytes for 32 bytes that malloc hands out at
    least: of ordinary blocks less than a quarter of what the program asked for; of the smallest,
    which take twice that in malloc, a quarter and a little."""
    for n, size, most in ((300000, 100, 0.15), (100000, 1000, 0.13), (1000000, 16, 0.27)):
        seen, row, _ = measure("blocks", n, size)
        limit = most * row["heap_peak"]["total_bytes"] + 2 * MIB
        lib.check(seen <= limit, f"{n} blocks of {size}: {seen} bytes, allowed {limit}")


def sites():
    few = measure("sites", 1000)[0]
    many, row, _ = measure("sites", 9000)
    # Pages of the dump are not read from disk: that would be hundreds.
    from_disk = row["measured"]["major_faults"]
    lib.check(from_disk < 100, f"{from_disk} faults from disk")
    each = (many - few) / 8000
    lib.check(each <= 1024, f"a stack of its own: {each} bytes")


def threads():
    one, many = measure("idle", 1)[0], measure("idle", 201)[0]
    each = (many - one) / 200
    # Some threads begin arenas of malloc, with a page of the live table each.
    lib.check(each <= 17 * KIB, f"an idle thread: {each} bytes")
    few, row = measure("short", 10)[:2]
    lib.check(row["n_threads"] <= 12, f"10 short threads: {row['n_threads']} blocks")
    many, row = measure("short", 10000)[:2]
    lib.check(row["n_threads"] <= 40, f"10,000 short threads: {row['n_threads']} blocks")
    lib.check(many <= few + 40 * 17 * KIB, f"10,000 short threads: {many} bytes, 10: {few}")


def main():
    if lib.emulator():
        lib.skip(f"smaps has the pages of {lib.emulator()} among the program's")
    small_processes()
    blocks()
    sites()
    threads()
    lib.finish()


main()
