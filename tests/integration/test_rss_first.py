#!/usr/bin/python3
"""What happens at once must not be missed: a fork whose child has all of its parent's memory and is
gone before the next sample is due (workloads/rss_fork.c, which reads what both hold), and commands
that end before the launcher looks for the first time.
"""

import json

import lib
import rss

N_FORKS, N_FORKS_MISSED = 8, 2
N_COMMANDS = 40
LATE_S = 0.003


def forked(later_ms):
    """One run of rss_fork. Return: whether its peak was found, or the sampler says it came late."""
    what = f"fork after {later_ms} ms"
    command = [rss.workload("rss_fork"), *map(str, (180, 140, 90, later_ms, 8))]
    profiled = lib.Profiled(command, "-i", "35")
    profiled.must_have_profile()
    lib.equal((profiled.done.status, profiled.done.stderr), (0, b""), f"{what}: end")
    truth = json.loads(profiled.done.stdout)
    lib.check(truth["peak_kib"] > truth["before_kib"] * 1.1, f"{what}: no peak at all, {truth}")
    run = rss.run_json(profiled)
    found_kib, truth_kib = run["tree"]["rss_lower_kib"], truth["peak_kib"]
    lib.check(found_kib <= truth_kib * 1.02, f"{what}: peak {found_kib} KiB, truth {truth_kib}")
    late_s = run["sampler"]["most_late_seconds"]
    if found_kib >= truth_kib * 0.98:
        return True
    print(f"note: {what}: peak {found_kib} KiB, truth {truth_kib}, a sample {late_s} s late")
    return late_s > LATE_S


def forks():
    """Wherever in the sampler's beat it comes: a chance sample finds one in four."""
    found = [forked(150 + 5 * i) for i in range(N_FORKS)]
    lib.check(found.count(False) <= N_FORKS_MISSED, f"forks: peaks found: {found}")


def short():
    """Status and start of the command are there, however short it is."""
    for i in range(N_COMMANDS):
        for program, end in (("/bin/true", ("exit_status", 0)), ("/bin/false", ("exit_status", 1))):
            directory = lib.fresh("run")
            done = lib.run([str(lib.LAUNCHER), "--no-report", "-q", f"--run-dir={directory}", program])
            lib.equal(done.status, end[1], f"{program}: status of the launcher")
            rows = json.loads((directory / "run.json").read_text())["processes"]
            lib.equal(len(rows), 1, f"{program}, run {i}: processes")
            lib.equal(rows[0].get(end[0]), end[1], f"{program}, run {i}: {end[0]}")
            lib.check(rows[0].get("start_ticks", 0) > 0, f"{program}, run {i}: no start_ticks")


def main():
    forks()
    short()
    lib.finish()


main()
