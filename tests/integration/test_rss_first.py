#!/usr/bin/python3
"""What happens at once must not be missed: a fork whose child has all of its parent's memory and is
gone before the next sample is due (workloads/rss_fork.c, which reads what both hold), and commands
that end before the launcher looks for the first time.
"""

import json

import lib
import rss

N_FORKS, N_FORKS_MISSED, N_ROUNDS = 8, 2, 3
N_COMMANDS = 40


def forked(later_ms):
    """One run of rss_fork. Return: whether its peak was found."""
    what = f"fork after {later_ms} ms"
    command = [rss.workload("rss_fork"), *map(str, (180, 140, 90, later_ms, 8))]
    profiled = lib.Profiled(command, "-i", "35")
    profiled.must_have_profile()
    lib.equal((profiled.done.status, profiled.done.stderr), (0, b""), f"{what}: end")
    truth = json.loads(profiled.done.stdout)
    lib.check(truth["peak_kib"] > truth["before_kib"] * 1.1, f"{what}: no peak at all, {truth}")
    found_kib, truth_kib = rss.run_json(profiled)["tree"]["rss_lower_kib"], truth["peak_kib"]
    lib.check(found_kib <= truth_kib * 1.02, f"{what}: peak {found_kib} KiB, truth {truth_kib}")
    return found_kib >= truth_kib * 0.98


def forks():
    """Wherever in the sampler's beat it comes: by chance a sample finds one in four. On a machine
    that was busy, again."""
    for _ in range(N_ROUNDS):
        found = [forked(150 + 5 * i) for i in range(N_FORKS)]
        if found.count(False) <= N_FORKS_MISSED:
            return
        print(f"note: forks: peaks found: {found}")
    lib.check(False, f"forks: {N_ROUNDS} times more than {N_FORKS_MISSED} of {N_FORKS} peaks missed")


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
