#!/usr/bin/python3
"""The peak of the tree in a burst: four children hold 64 MiB each, together for 20 ms. Oracle:
each reads its RSS while all hold all of it (workloads/rss_burst.c). The peak is within 2 %
whenever in the beat of the sampler the burst comes, unless the sampler came late and says so; the
upper bound always, since it is made of what the processes told of themselves. Also of a crowd, of
which many are born and gone between two looks.
"""

import json
import os

import lib
import rss


def burst(start_ms, *options, children=4, mib=64, hold_ms=20):
    """One burst, and its bounds. Return: the run; the burst's own books; what to call it."""
    what = f"burst of {children} after {start_ms} ms {' '.join(options)}"
    command = [rss.workload("rss_burst"), *map(str, (1, children, mib, hold_ms, 350, start_ms))]
    profiled = lib.Profiled(command, *options)
    profiled.must_have_profile()
    lib.equal((profiled.done.status, profiled.done.stderr), (0, b""), f"{what}: end")
    truth = json.loads(profiled.done.stdout)
    lib.equal(len(truth["children"]), children, f"{what}: children")
    lib.equal(len(profiled.profile.images), 1 + children, f"{what}: images")
    lib.equal(len(rss.run_json(profiled)["processes"]), 1 + children, f"{what}: rows of run.json")
    rss.check_books(profiled, truth["children"])
    tree = rss.run_json(profiled)["tree"]
    lower_kib, upper_kib, truth_kib = tree["rss_lower_kib"], tree["rss_upper_kib"], truth["peak_kib"]
    # VmHWM may be 64 pages a CPU short (workloads/README.md), samples are not.
    slack_kib = max(truth_kib // 50, 256 * os.cpu_count() * children)
    lib.check(lower_kib <= truth_kib + 64, f"{what}: lower bound {lower_kib}, truth {truth_kib}")
    lib.check(abs(upper_kib - truth_kib) <= slack_kib,
              f"{what}: upper bound {upper_kib}, truth {truth_kib}")
    return profiled, truth, what


def main():
    # Seven moments in a beat of 20 ms.
    for start_ms in range(200, 221, 3):
        profiled, truth, what = burst(start_ms)
        peak_kib = profiled.profile.data["runs"][0]["rss_peak"]["bytes"] // 1024
        truth_kib = truth["peak_kib"]
        is_close = abs(peak_kib - truth_kib) <= truth_kib // 50
        was_seen = rss.was_seen(profiled, truth, what)
        lib.check(is_close or not was_seen,
                  f"{what}: peak {peak_kib} KiB, truth {truth_kib} KiB")
    burst(600, "-i", "500")
    burst(600, "-i", "60000")
    for options in ((), ("-i", "60000")):
        burst(300, *options, children=48, mib=8, hold_ms=1)
    lib.finish()


main()
