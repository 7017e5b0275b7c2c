#!/usr/bin/python3
"""Processes made in every dangerous way (workloads/hazard_fork.c, hazard_exec.c): none hangs, none
is lost, all are in the report.
"""

import os
import time

import hazards
import lib
from hazards import same, times

FORK, EXEC = "hazard_fork", "hazard_exec"


def images_of(profiled, name):
    return [image for image in profiled.must_have_profile().images if image.name == name]


def forks():
    """8 threads allocate all the time: whatever is locked or half done at a fork stays so."""
    n = times(200, 1000)
    for level in hazards.LEVELS if hazards.IS_LONG else ("O2",):
        profiled = same([lib.workload(FORK, level), "threads", "8", n], wanted=0,
                        is_lossless=False)
        # The parent; each child; the children of a quarter of them.
        want = 1 + n + n // 4
        lib.equal(len(images_of(profiled, FORK)), want, "threads: images")
        lib.equal(hazards.losses(profiled.profile), {}, "threads: lost")


def odd_forks():
    for level in hazards.LEVELS:
        program = lib.workload(FORK, level)
        same([program, "handler", times(200, 2000)], wanted=0, is_lossless=False)
        n = times(80, 800)
        profiled = same([program, "raw", n], wanted=0)
        if lib.wipes_on_fork():
            # Each child allocated 1000 and 2000 bytes under its own pid, after its vfork.
            peaks = [image.peak_heap_bytes for image in images_of(profiled, FORK)[1:]]
            lib.check(len(peaks) == n and min(peaks) >= 2000,
                      f"raw: {len(peaks)} images of {n} children, peaks {sorted(peaks)[:5]}")
        same([program, "vfork", "4", times(40, 400)], wanted=0)
        same([program, "spawn", "4", times(20, 200)], wanted=0)


def trees():
    program = lib.workload(FORK, "O2")
    n = 500
    profiled = same([program, "live", n], wanted=0)
    profile = profiled.must_have_profile()
    lib.equal(len(profile.images), 1 + n, "live: images")
    lib.check(profile.peak_heap_bytes >= n * 10000, f"live: peak {profile.peak_heap_bytes}")


def wait_for(path):
    for _ in range(1000):
        if path.exists():
            return path.read_text()
        time.sleep(0.02)
    return "nothing"


def daemons():
    program = lib.workload(FORK, "O2")
    texts = []
    for options in (None, [], ["--wait-all"]):
        file = lib.fresh("daemon")
        done = (lib.run([program, "daemon", file]) if options is None else
                lib.Profiled([program, "daemon", file], *options))
        texts.append(wait_for(file))
    # Who its parent is depends on which of them ran first.
    texts = [text.split(" and parent")[0] for text in texts]
    lib.equal(texts[1:], texts[:1] * 2, "what a daemon writes")
    # It closed what descriptors there were, and then used them for files of its own.
    lib.equal(len(images_of(done, FORK)), 3, "daemon: images, when waited for")
    lib.check_sums(done.profile)


def execs():
    for level in hazards.LEVELS:
        program = lib.workload(EXEC, level)
        same([program, "bad"], n=times(1, 20), wanted=0)
        # No sums: threads that die in the middle of an event have counted half of it.
        profiled = same([program, "thread"], n=times(10, 200), wanted=0, is_lossless=False)
        lib.equal(hazards.losses(profiled.must_have_profile()), {}, "exec from a thread: lost")
        for how, n in (("empty", 200), ("env", 60), ("own", 60), ("system", 30)):
            profiled = same([program, "chain", n, how], wanted=0)
            lib.equal(len(images_of(profiled, EXEC)), n + 1, f"chain {how}: images")
        same([program, "systems", "32"], n=times(2, 50), wanted=0)
        cancelled = [lib.run([*prefix, program, "cancelled", lib.fresh("shell")])
                     for prefix in ((), (lib.LAUNCHER, "-q", "--no-report", "--run-dir", lib.fresh("run"), "--"))]
        lib.equal(cancelled[1], cancelled[0], "a thread cancelled in system()")
        lib.equal(cancelled[0].stdout, b"cancelled; child gone; SIGINT default, SIGQUIT default\n", "alone")


def preloads():
    """LD_PRELOAD as set by others: before us, by the program, twice by a shell."""
    show = 'echo "$LD_PRELOAD" | tr " " ":" | tr ":" "\\n" | grep -vc memwatch'
    same(["sh", "-c", f'LD_PRELOAD="$LD_PRELOAD:$LD_PRELOAD" sh -c \'{show}; true\''],
         env=dict(os.environ, LD_PRELOAD="libm.so.6"))
    same(["sh", "-c", 'export LD_PRELOAD="libm.so.6 $LD_PRELOAD"; sh -c "true; true"'])
    same(["sh", "-c", "LD_PRELOAD=/not/there.so true; true"])
    same(["env", "-i", "env", "-i", "sh", "-c", "env -i true; echo $?"])


def main():
    forks()
    odd_forks()
    trees()
    daemons()
    execs()
    preloads()
    lib.finish()


main()
