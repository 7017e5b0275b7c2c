#!/usr/bin/python3
"""--sample: the estimates of many seeds against the workload's own books.

Unbiased: the mean of the seeds' estimates is within 4 of its standard errors. Honest: the margin
that is printed is as wide as the estimates really scatter, and covers the truth about as often as
it says. Exact: totals, peaks, and blocks much larger than the distance. Seeds are fixed, so the
samples are the same every time.
"""

import collections
import csv
import math
import os
import re
import statistics

import lib

DISTANCE = 64 << 10
N_SEEDS = 24
MARGIN_SIGMAS = 1.96
# of books -> of the report; those in the second have a margin
COUNTERS = {"allocated_bytes": "allocated_bytes", "allocated_blocks": "allocated_blocks",
            "freed_bytes": "freed_bytes", "freed_here_bytes": "freed_here_bytes",
            "at_peak_bytes": "process_peak_bytes", "live_bytes": "live_bytes"}
WITH_MARGIN = ("allocated_bytes", "at_peak_bytes", "live_bytes")
# Of 24 seeds 95 % cover the truth; fewer than 18 would be once in 10,000. The variance of 24
# values is, but once in 10,000 on either side, 0.27 to 2.3 times what it should be.
LEAST_COVERED = 18
VARIANCE_RATIO = (0.27, 2.3)


def profile_of(seed):
    env = dict(os.environ, MEMWATCH_SAMPLE_SEED=str(seed))
    books, profiled = lib.with_truth([lib.workload("truth_sample")], f"--sample={DISTANCE >> 10}K",
                                     env=env)
    return books[0], profiled


def truth_of(line):
    """The books' counters of a line, and its live bytes and blocks at the end."""
    live = {f"live_{unit}": line[f"allocated_{unit}"] - line[f"freed_{unit}"]
            for unit in ("bytes", "blocks")}
    return {**line, **live}


def counters_of(profile):
    """All numbers that do not depend on when the RSS was looked at."""
    return [{name: value for name, value in site["counters"].items() if "rss" not in name}
            for site in profile.data["sites"]]


def is_mean_right(values, truth, where):
    error = statistics.stdev(values) / math.sqrt(len(values))
    mean = statistics.mean(values)
    # A byte or so: estimates are rounded to whole ones, for each size of block.
    lib.check(abs(mean - truth) <= 4 * error + 2,
              f"{where}: mean of the estimates {mean:.0f} +- {error:.0f}, truth {truth}")


def is_margin_honest(values, margins, truth, where):
    n_covered = sum(abs(value - truth) <= margin for value, margin in zip(values, margins))
    lib.check(n_covered >= LEAST_COVERED,
              f"{where}: the margin covers the truth in {n_covered} of {len(values)} runs")
    stated = statistics.mean((margin / MARGIN_SIGMAS) ** 2 for margin in margins)
    ratio = statistics.variance(values) / stated
    lib.check(VARIANCE_RATIO[0] <= ratio <= VARIANCE_RATIO[1],
              f"{where}: estimates scatter {ratio:.2f} times as much as the margin says")
    return n_covered


def compare_site(line, profiles):
    where = f"{line['function']}:{line['line']}"
    truth, rows = truth_of(line), []
    for profile in profiles:
        row = profile.counters(line["function"], line["line"])
        rows.append(row or collections.Counter()) # nothing of it was sampled: all 0
    n_covered = n_margins = 0
    for name, reported in COUNTERS.items():
        values = [row[reported] for row in rows]
        is_exact = truth[name] == 0 or line["function"] == "big"
        if is_exact:
            lib.equal(set(values), {truth[name]}, f"{where}: {name}, which needs no luck")
        else:
            is_mean_right(values, truth[name], f"{where}: {name}")
        # The margin is that of many blocks; of a single one nobody can tell.
        is_many = truth[name.replace("bytes", "blocks")] > 100 and not is_exact
        if is_many:
            lib.check(len(set(values)) > N_SEEDS // 2, f"{where}: {name}: seeds sample the same")
        if is_many and name in WITH_MARGIN:
            margins = [row[reported + "_margin"] for row in rows]
            n_covered += is_margin_honest(values, margins, truth[name], f"{where}: {name}")
            n_margins += len(values)
    return n_covered, n_margins


def compare_estimates(books, profiles):
    n_covered = n_margins = 0
    for line in books["lines"]:
        covered, margins = compare_site(line, profiles)
        n_covered, n_margins = n_covered + covered, n_margins + margins
    share = n_covered / max(n_margins, 1)
    lib.check(0.90 <= share <= 0.99, f"{share:.3f} of {n_margins} intervals cover the truth")
    print(f"{n_covered} of {n_margins} intervals cover the truth")


def compare_totals(books, profiled):
    profile = profiled.profile
    all_heap = profile.data["totals"]["all"]["heap"]
    for name in ("allocated_bytes", "allocated_blocks", "freed_bytes", "freed_blocks"):
        lib.equal(all_heap[name], sum(line[name] for line in books["lines"]), f"total {name}")
    lib.equal(profile.peak_heap_bytes, books["peak_heap_bytes"], "the tree's peak")
    lib.equal(profile.images[0].peak_heap_bytes, books["peak_heap_bytes"], "the process's peak")
    lib.check_sums(profile)
    lib.check_against_dump(profiled)
    rows = list(csv.DictReader(lib.run([lib.REPORTER, "--export=csv", profiled.directory])
                               .stdout.decode().splitlines()))
    lib.equal(sum(int(row["allocated_bytes"]) for row in rows), all_heap["allocated_bytes"], "csv")
    lib.equal(rows[-1]["function"], "[exact total minus estimates]", "csv: the last row")
    n_sampled = profile.images[0].row["sampled_blocks"]
    text = " ".join(profiled.report.split())
    lib.check(f"sampled every 64.0 KiB: stacks of {n_sampled} of {all_heap['allocated_blocks']} "
              "heap blocks" in text, "no line about the sampling")
    for row in (r"±\s*\d+(\.\d)? [KM]iB  mixed", r"exact  big", r"sum of the estimates",
                r"exact total minus estimates"):
        lib.check(re.search(row, profiled.report), f"the table has no {row!r}:\n{profiled.report}")


def other_programs():
    """Threads, forks, signals, mappings: all adds up; the parent's exact blocks are the child's."""
    for program, *arguments in (["truth_threads"], ["truth_tree"], ["truth_signals"],
                                ["truth_mappings"], ["truth_hooks"]):
        books, profiled = lib.with_truth([lib.workload(program, "O2"), *arguments], "--sample=1K")
        profile = profiled.must_have_profile()
        lib.check_sums(profile)
        lib.check_against_dump(profiled, had_threads=program == "truth_threads")
        if program == "truth_tree":
            lib.equal(profile.peak_heap_bytes, books[0]["tree_peak_heap_bytes"], "tree's peak")
        for line in books[0].get("lines", ()): # mappings always have their stack
            if line["class"] == "heap":
                continue
            got = profile.counters(line["function"], line["line"], line["class"])
            lib.equal(got["allocated_bytes"] if got else 0, line["allocated_bytes"],
                      f"{program}: {line['function']}:{line['line']} {line['class']}")


def every_block():
    """A distance of one byte samples all blocks of a few dozen bytes: nothing is an estimate."""
    books, profiled = lib.with_truth([lib.workload("truth_lines")], "--sample=1")
    profile = profiled.must_have_profile()
    lib.check_sums(profile)
    for line in books[0]["lines"]:
        if line["allocated_blocks"] and line["allocated_bytes"] // line["allocated_blocks"] > 25:
            got = profile.counters(line["function"], line["line"])
            lib.equal(got["allocated_bytes"], line["allocated_bytes"],
                      f"{line['function']}:{line['line']}")


def main():
    pairs = [profile_of(seed) for seed in range(1, N_SEEDS + 1)]
    for _books, profiled in pairs:
        profiled.must_have_profile()
    lib.check(all(books["lines"] == pairs[0][0]["lines"] for books, _ in pairs),
              "the workload is not the same every time")
    compare_estimates(pairs[0][0], [profiled.profile for _, profiled in pairs])
    compare_totals(*pairs[0])
    again = profile_of(1)[1].profile
    lib.check(counters_of(again) == counters_of(pairs[0][1].profile),
              "the same seed gives other samples")
    other_programs()
    every_block()
    lib.finish()


main()
