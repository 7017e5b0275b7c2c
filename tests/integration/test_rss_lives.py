#!/usr/bin/python3
"""The RSS peak of each process is its own, to the page: of children that live milliseconds, of
small children of a large parent, along exec chains, of orphans and daemons, and where several
processes had one pid. Oracle: each process reads its VmHWM as its last act (workloads/rss_*.c).
"""

import json
import os

import lib
import rss

LIVES = rss.workload("rss_lives")
PID_TAKEN = 98 # as it says itself
MIB = 1 << 20


def fan_out():
    """88 children in 3 s, each alive for 14 ms: all are there, none with another's peak."""
    plain = lib.run([rss.workload("rss_fan_out")])
    profiled = lib.Profiled([rss.workload("rss_fan_out")])
    lib.equal((profiled.done.status, profiled.done.stderr), (plain.status, b""), "fan-out: end")
    children = json.loads(profiled.done.stdout)["children"]
    lib.equal(len(children), 88, "fan-out: children")
    lib.equal(len(profiled.must_have_profile().images), 89, "fan-out: images")
    rss.check_books(profiled, children)
    for child in children:
        # The kernel keeps VmHWM by counters of each CPU: up to 64 pages less than was held.
        lib.check(0 <= child["held_kib"] - child["vm_hwm_kib"] <= 4 * 64 * os.cpu_count(),
                  f"fan-out: the child's own readings do not fit: {child}")


def spawned():
    """A parent of 300 MiB: its children have their own peak, not its."""
    books, profiled = lib.with_truth([LIVES, "spawn", "300"])
    profile = profiled.must_have_profile()
    lib.equal(profiled.done.status, 0, "spawn: status")
    lib.equal(sorted(book["who"] for book in books),
              ["after", "fork", "parent", "posix_spawn", "vfork"], "spawn: books")
    rss.check_books(profiled, books)
    trues = [image for image in profile.images if image.name == "true"]
    lib.equal(len(trues), 3, "spawn: images of /bin/true")
    for image in trues:
        lib.check(MIB <= image.row["rss_peak_bytes"] <= 4 * MIB,
                  f"spawn: /bin/true has {image.row['rss_peak_bytes']} bytes")
        for row in rss.program_rows_of(profiled, image.pid):
            lib.check(row["max_rss_kib"] <= 4096, f"spawn: /bin/true in run.json: {row}")


def chain():
    """One process, five programs, one after the other: each image has its own peak."""
    books, profiled = lib.with_truth([LIVES, "chain", "40", "5", "60", "1", "20"])
    profile = profiled.must_have_profile()
    lib.equal(profiled.done.status, 7, "chain: status")
    lib.equal(len({book["pid"] for book in books}), 1, "chain: pids")
    ends = [image.row["end"] for image in profile.images]
    lib.equal(sorted(ends), ["exec"] * 5 + ["exit"], "chain: how the images ended")
    rss.check_books(profiled, books)


def late():
    """A program that is held up between its exec and its first event: one row, its own peak."""
    books, profiled = lib.with_truth([LIVES, "late", "400", "16"])
    profiled.must_have_profile()
    if profiled.done.status == 77:
        print("note: no ptrace here; a late first event not tried")
        return
    lib.equal(profiled.done.status, 0, "late: status")
    lib.equal(sorted(book["who"] for book in books), ["late", "root"], "late: books")
    rss.check_books(profiled, books)
    for book in books:
        lib.equal(len(rss.rows_of(profiled, book["pid"])), 1, f"late: rows of {book['who']}")


def orphans():
    """Parents gone before their children end: orphan (the root waits) and daemon (it does not)."""
    books, profiled = lib.with_truth([LIVES, "orphan", "100", "24"])
    profiled.must_have_profile()
    lib.equal(profiled.done.status, 5, "orphan: status")
    lib.equal(sorted(book["who"] for book in books), ["orphan", "root"], "orphan: books")
    rss.check_books(profiled, books)
    books, profiled = lib.with_truth([LIVES, "daemon", "300", "24"], "--wait-all")
    profiled.must_have_profile()
    lib.equal(profiled.done.status, 5, "daemon, --wait-all: status")
    lib.equal(sorted(book["who"] for book in books), ["daemon", "root"], "daemon: books")
    rss.check_books(profiled, books)
    lib.check(rss.run_json(profiled)["duration_seconds"] >= 0.3,
              "daemon, --wait-all: the run ended before it")


def abandoned():
    """A daemon without --wait-all: the run ends with its root, says who goes on, and the daemon
    is left alone."""
    truth, end = lib.fresh("truth"), lib.fresh("end")
    profiled = lib.Profiled([LIVES, "daemon", "1", "24", str(end)],
                            env=dict(os.environ, TRUTH_FILE=str(truth)))
    lib.equal(profiled.done.status, 5, "daemon: status")
    profile = profiled.must_have_profile()
    lib.equal(rss.run_json(profiled).get("still_running"), 1, "daemon: still_running")
    end.touch()
    books = rss.wait_for_books(truth, 2)
    lib.equal(sorted(book["who"] for book in books), ["daemon", "root"],
              "daemon: it went on to its end")
    rss.check_books(profiled, [book for book in books if book["who"] == "root"])
    daemon = next((book["pid"] for book in books if book["who"] == "daemon"), 0)
    images = rss.images_of(profile, daemon)
    lib.equal(len(images), 1, "daemon: images")
    for image in images:
        lib.check(image.row["end"] in ("running", "unknown"),
                  f"daemon: it had not ended, the report says {image.row['end']}")
        lib.check(not image.row["is_rss_exact"], "daemon: cannot be exact yet")


def reused():
    """Twelve processes that had the same pid, in a pid namespace where we choose it; also when
    they come so fast that the kernel's start times, of 10 ms, are the same."""
    if not can_choose_pids():
        print("note: no pid namespace here; reuse of pids not tried")
        return
    n_children = 12
    for gap_ms in (50, 0):
        for _ in range(8):
            books, profiled = lib.with_truth([LIVES, "reuse", str(n_children), str(gap_ms)],
                                             prefix=NAMESPACE)
            # The launcher's one thread, which begins when the run is 40 ms old, is from the same
            # numbers, and can come between a choice and its fork.
            if profiled.done.status != PID_TAKEN:
                break
            print("note: reuse: somebody else got the pid; once more")
        lib.equal(len(profiled.must_have_profile().images), 1 + n_children, "reuse: images")
        lib.equal(profiled.done.status, 0, "reuse: status")
        lib.equal(len(books), n_children, "reuse: books")
        lib.equal(len({book["pid"] for book in books}), 1, "reuse: pids")
        rss.check_books(profiled, books)


# sh stays pid 1: the launcher must not be, whose children's orphans go to pid 1.
NAMESPACE = ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", '"$0" "$@"; exit $?']


def can_choose_pids():
    try:
        done = lib.run([*NAMESPACE, LIVES, "reuse", "2", "0"],
                       env=dict(os.environ, TRUTH_FILE="/dev/null"))
    except OSError:
        return False
    return done.status == 0


def main():
    tests = [fan_out, spawned, chain, late, orphans, abandoned, reused]
    if not lib.adopts_orphans():
        print("note: no child subreapers here; orphans not tried")
        tests = [test for test in tests if test not in (orphans, abandoned)]
    for test in lib.possible(tests, spawned):
        test()
    lib.finish()


main()
