#!/usr/bin/python3
"""Jobs that put part of themselves into pid namespaces: each program is one row, under the pid that
is seen from outside, with its own peak; whatever the numbers inside are.

The oracle for pids is the kernel: each process reads /proc/self by way of a descriptor of the
outer /proc, which no namespace of its own changes.
"""

import collections
import json
import os
import subprocess
import sys

import lib
import rss

LIVES = rss.workload("rss_lives")
INSIDE = ["unshare", "--pid", "--fork", "--mount-proc"]
# Peaks that differ, so that a mixed up row is seen.
TREE = r"""
import os, subprocess, sys, threading
lives, mib = sys.argv[1], int(sys.argv[2])
def run(*words): # whoever keeps books needs the descriptor of /proc
    subprocess.run([lives, *map(str, words)], close_fds=False)
held = bytearray(b"x") * (mib << 20)
run("chain", mib + 1, mib + 9, mib + 3)
beside = [threading.Thread(target=run, args=("spawn", mib + i)) for i in range(3)]
[thread.start() for thread in beside], [thread.join() for thread in beside]
run("orphan", 30, mib + 2)
"""
TREE_BOOKS = 3 + 3 * 5 + 2


def profiled_inside(argv, *options, statuses=(0,), env=None):
    """Books with outer pids, and the run."""
    truth = lib.fresh("truth")
    proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
    env = dict(os.environ, TRUTH_FILE=str(truth), PROC_FD=str(proc), **(env or {}))
    try:
        profiled = lib.Profiled(argv, *options, env=env, pass_fds=[proc])
    finally:
        os.close(proc)
    lib.check(profiled.done.status in statuses,
              f"{argv[:6]}: status {profiled.done.status}, {profiled.done.stderr[-300:]!r}")
    profiled.must_have_profile()
    return rss.read_books(truth), profiled


def rows(profiled):
    return rss.run_json(profiled)["processes"]


def check_whole(profiled, what):
    """Nothing counts as not followed, no row twice, sums add up."""
    profile = profiled.profile
    lib.equal(profile.not_followed, [], f"{what}: not followed")
    lib.equal([row.pid for row in profile.processes if not row.is_followed], [],
              f"{what}: rows without image")
    for image, n in collections.Counter(row.get("image") for row in rows(profiled)).items():
        lib.check(image is not None and n == 1, f"{what}: {n} rows of the image at {image}")
    lib.check_sums(profile)
    lib.check_against_dump(profiled)


def check_seen(profiled, books, what):
    """Of who lived long enough to be seen from outside, pid and peak are those of its book."""
    known = {row["pid"] for row in rows(profiled)}
    seen = [book for book in books if book["pid"] in known]
    rss.check_books(profiled, seen)
    # A program that was gone before is there, too: its peak under a pid that is not known.
    nameless = [image.row["rss_peak_bytes"] // 1024 for image in profiled.profile.images
                if image.pid == 0]
    for book in books:
        if book["pid"] not in known:
            lib.check(book["vm_hwm_kib"] in nameless,
                      f"{what}: {book} is neither under its pid nor without")
    n_nameless = sum(row["pid"] == 0 for row in rows(profiled))
    lib.equal(sum(image.pid == 0 for image in profiled.profile.images), n_nameless,
              f"{what}: rows without pid in report and run.json")
    return seen


def long_lives():
    """A tree whose processes are held for long enough: all have their pid, an exec chain is one."""
    books, profiled = profiled_inside([*INSIDE, LIVES, "orphan", "200", "24"], statuses=(5,))
    lib.equal(sorted(book["who"] for book in books), ["orphan", "root"], "orphan: books")
    check_whole(profiled, "orphan")
    lib.equal(len(check_seen(profiled, books, "orphan")), 2, "orphan: seen")
    pause = "sleep 0.1; "
    script = f"{pause}'{LIVES}' leaf one 20; {pause}'{LIVES}' chain 5 30 7; exit $?"
    books, profiled = profiled_inside([*INSIDE, "sh", "-c", script], statuses=(7,))
    check_whole(profiled, "chain")
    check_seen(profiled, books, "chain")
    links = [book for book in books if book["who"].startswith("link")]
    lib.equal(len({book["pid"] for book in links}), 1, "chain: pids")
    chain = [row for row in rows(profiled) if row["pid"] == links[0]["pid"]]
    first = min(row["exec_generation"] for row in chain)
    lib.equal([row["exec_generation"] - first
               for row in sorted(chain, key=lambda row: row["image"])],
              list(range(4)), "chain: generations of three links and the last")


def trees():
    """Several threads that fork and spawn; the same heap totals as without the namespace."""
    program = [sys.executable, "-I", "-S", "-c", TREE, LIVES, "12"]
    n_without, n_inside = [], []
    for n, prefix in ((n_without, []), (n_inside, INSIDE)):
        books, profiled = profiled_inside([*prefix, *program])
        check_whole(profiled, f"tree, {prefix[:1]}")
        check_seen(profiled, books, f"tree, {prefix[:1]}")
        lives = [image.row["all"].get("heap", {}).get("allocated_bytes", 0)
                 for image in profiled.profile.images if image.name == "rss_lives"]
        n += sorted(lives)
        lib.equal(len(books), TREE_BOOKS, f"tree, {prefix[:1]}: books")
    lib.equal(n_inside, n_without, "tree: heap of each process, inside and without")


def side_by_side(n=3):
    """Namespaces at the same time: the same pids inside, not mixed up. And one in another."""
    inside = " ".join(INSIDE)
    script = " & ".join(f"{inside} '{sys.executable}' -I -S -c \"$TREE\" '{LIVES}' {10 + 20 * i}"
                        for i in range(n)) + "; wait"
    books, profiled = profiled_inside(["sh", "-c", script], env={"TREE": TREE})
    check_whole(profiled, "side by side")
    check_seen(profiled, books, "side by side")
    lib.equal(len(books), n * TREE_BOOKS, "side by side: books")
    namespaces = {row["pid_namespace"] for row in rows(profiled) if "pid_namespace" in row}
    lib.equal(len(namespaces), n, "side by side: namespaces")
    lib.equal(sum(row.get("namespace_pid") == 1 for row in rows(profiled)
                  if row["exec_generation"] == 0), n, "side by side: firsts")
    nested = [*INSIDE, *INSIDE, *INSIDE, "sh", "-c", f"sleep 0.1; '{LIVES}' leaf deep 40; exit 3"]
    books, profiled = profiled_inside(nested, statuses=(3,))
    check_whole(profiled, "nested")
    lib.equal(len(check_seen(profiled, books, "nested")), 1, "nested: books")


def killed():
    """SIGKILL of the first in a namespace ends all in it: they are reported as killed, with all
    that they had."""
    script = (f"'{LIVES}' hold 3 16 & for i in $(seq 500); do "
              '[ "$(wc -l < "$TRUTH_FILE" 2>/dev/null)" = 4 ] && break; sleep 0.05; done; '
              "sleep 0.2; sleep 100")
    outer = "for i in $(seq 2000); do [ -s \"$TRUTH_FILE\" ] && " \
            '[ "$(wc -l < "$TRUTH_FILE")" = 4 ] && break; sleep 0.02; done; sleep 0.2; ' \
            "kill -9 $(cat /proc/$!/task/$!/children); wait; sleep 0.1"
    books, profiled = profiled_inside(
        ["sh", "-c", f"{' '.join(INSIDE)} sh -c \"$SCRIPT\" & {outer}"], env={"SCRIPT": script})
    check_whole(profiled, "killed")
    lib.equal(len(books), 4, "killed: books")
    # The process was a copy of its shell before; the JSON has the largest first.
    by_pid = {image.pid: image for image in reversed(profiled.profile.images)}
    inside = {row["pid"] for row in rows(profiled) if "pid_namespace" in row}
    for book in books:
        image = by_pid.get(book["pid"])
        if not lib.check(image, f"killed: {book} is not in the report"):
            continue
        lib.equal(image.row["end"], "killed", f"killed: end of {book}")
        lib.check(image.row["all"]["anon"]["live_bytes"] >= 16 << 20,
                  f"killed: {book} held 16 MiB, the report says {image.row['all']}")
        lib.check(abs(image.row["rss_peak_bytes"] // 1024 - book["vm_hwm_kib"]) < 1024,
                  f"killed: {book}, RSS {image.row['rss_peak_bytes']}")
    lib.check({book["pid"] for book in books} <= inside, "killed: they were inside")
    first = [row for row in rows(profiled) if row.get("namespace_pid") == 1]
    for row in first:
        lib.equal(by_pid[row["pid"]].row["end"], "killed", "killed: the first")


def short_lives(n=60):
    """Namespaces and processes that come and go: each once, whatever of them was seen outside, and
    no other process for one of them."""
    script = f"for i in $(seq {n}); do /bin/true; done; for i in 1 2 3 4 5; do " \
             f"{' '.join(INSIDE)} /bin/true; done; sh -c 'kill -9 $$'; '{LIVES}' leaf last 3"
    books, profiled = profiled_inside([*INSIDE, "sh", "-c", script])
    check_whole(profiled, "short")
    check_seen(profiled, books, "short")
    trues = [image for image in profiled.profile.images if image.name == "true"]
    lib.equal(len(trues), n + 5, "short: /bin/true")
    lib.equal({image.row["end"] for image in trues}, {"exit"}, "short: ends")
    nameless = [row for row in rows(profiled) if row["pid"] == 0]
    for row in nameless:
        lib.check(row["namespace_pid"] > 0 and row["pid_namespace"] > 0, f"short: {row}")
    lib.check(all(row["pid"] >= 0 for row in profiled.profile.data["processes"]), "short: pids")
    lost = [image.row["command"] for image in profiled.profile.images
            if image.row["end"] in ("unknown", "running")]
    lib.equal(lost, [], "short: nobody is left without an end")
    print(f"note: {len(nameless)} of {len(profiled.profile.images)} gone before they were seen")


def unfollowed():
    """What is not followed inside is one row, too, by whichever way it was started."""
    source, static = lib.fresh("static.c"), lib.fresh("static")
    source.write_text("#include <unistd.h>\nint main(int argc, char **argv)\n"
                      "{ usleep(argc > 1 ? 80000 : 0); return argv[0] == 0; }\n")
    if lib.run(["gcc", "-static", "-o", static, source]).status:
        print("note: no static programs here; those not tried")
        return
    code = ("import os, subprocess, sys\n"
            "for words in [sys.argv[1:], sys.argv[1:2]] * 3:\n"
            "    os.waitpid(os.posix_spawn(words[0], words, os.environ), 0)\n"
            "    subprocess.run(words)\n"
            "    os.system(words[0])\n")
    _, profiled = profiled_inside([*INSIDE, sys.executable, "-I", "-S", "-c", code, str(static),
                                   "long"])
    found = [row for row in profiled.profile.processes if not row.is_followed]
    lib.equal(len(found), 18, f"unfollowed: {[(row.pid, row.row['command']) for row in found]}")


STATIC_FIRST = r"""
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void in_child(void)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		return;
	_exit(waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ? 99 : WEXITSTATUS(status));
}
int main(int argc, char **argv)
{
	if (unshare(CLONE_NEWPID) != 0)
		return 77;
	in_child();
	in_child();
	in_child();
	execv(argv[argc > 1], argv + 1);
	return 98;
}
"""


def static_first():
    """The first ones in a namespace are not followed: nothing inside tells where it is but pids."""
    source, static = lib.fresh("first.c"), lib.fresh("first")
    source.write_text(STATIC_FIRST)
    if lib.run(["gcc", "-static", "-o", static, source]).status:
        print("note: no static programs here; those not tried")
        return
    script = f"'{LIVES}' leaf small 3; sleep 0.1; '{LIVES}' leaf large 30; exit 4"
    books, profiled = profiled_inside([static, "/bin/sh", "-c", script], statuses=(4,))
    lib.equal(len(books), 2, "static first: books")
    check_seen(profiled, books, "static first")
    unfollowed_rows = [row.row["command"] for row in profiled.profile.processes
                       if not row.is_followed]
    lib.equal(len(unfollowed_rows), 3, f"static first: {unfollowed_rows}")
    lib.check(all(static.name in command for command in unfollowed_rows),
              f"static first: {unfollowed_rows}")
    shell = [image for image in profiled.profile.images if image.name == "sh"]
    lib.check(shell and shell[0].pid > 0, f"static first: {[image.pid for image in shell]}")


def marks():
    """The same name, marked by shells that are both 1 inside: each end is its own beginning's."""
    place = lib.fresh("turns")
    place.mkdir()
    mark = f"'{lib.LAUNCHER}' mark"
    await_turn = "for i in $(seq 3000); do [ -e '{0}' ] && break; sleep 0.01; done; "
    turn = [f"{place}/{i}" for i in range(3)]
    early = (f"{mark} begin work; : > '{turn[0]}'; {await_turn.format(turn[1])}"
             f"{mark} end work; : > '{turn[2]}'")
    late = (f"{await_turn.format(turn[0])}{mark} begin work; : > '{turn[1]}'; "
            f"{await_turn.format(turn[2])}{mark} end work; :")
    _, profiled = profiled_inside(
        ["sh", "-c", f"{' '.join(INSIDE)} sh -c \"$EARLY\" & {' '.join(INSIDE)} sh -c \"$LATE\"; "
                     "wait"], env={"EARLY": early, "LATE": late})
    found = sorted(profiled.profile.data["marks"], key=lambda found: found["start_seconds"])
    if not lib.check(len(found) == 2, f"marks: {found}"):
        return
    lib.check(found[0]["end_seconds"] < found[1]["end_seconds"], f"marks: crossed: {found}")
    shells = [row["pid"] for row in rows(profiled) if row.get("namespace_pid") == 1]
    for one in found:
        lib.check(one["shell_pid"] in shells, f"marks: shell {one['shell_pid']}, not of {shells}")
    lib.check(found[0]["shell_pid"] != found[1]["shell_pid"], "marks: two shells")


def sandboxes():
    """bubblewrap's: its own first process is cut off from us, and its programs may have no /proc."""
    if not lib.has("bwrap", "its sandboxes"):
        return
    bwrap = ["bwrap", "--dev-bind", "/", "/", "--unshare-pid"]
    if lib.run([*bwrap, "true"]).status:
        print("note: no sandbox permitted here; bubblewrap's not tried")
        return
    script = (f"for i in 1 2 3; do /bin/true; '{LIVES}' leaf small 3; done; sleep 0.1; "
              f"'{LIVES}' leaf large 30; exit 4")
    for kind in ["--proc", "/proc"], ["--tmpfs", "/proc"]:
        what = f"bwrap {kind[0]}"
        # Who reads its own VmHWM needs a /proc.
        inside = script if kind[0] == "--proc" else (
            "for i in 1 2 3; do /bin/true; sleep 0.1; done; exit 4")
        books, profiled = profiled_inside([*bwrap, *kind, "sh", "-c", inside], statuses=(4,))
        profile = profiled.profile
        lib.equal(profile.not_followed, [], f"{what}: not followed")
        programs = collections.Counter(
            image.name for image in profile.images if image.row["end"] != "exec")
        expected = {"true": 3, "sleep": 3}
        if kind[0] == "--proc":
            expected = {"true": 3, "rss_lives": 4, "sleep": 1}
        lib.check(expected.items() <= programs.items(), f"{what}: {programs}, not {expected}")
        if kind[0] == "--proc":
            lib.equal(len(books), 4, f"{what}: books")
            check_seen(profiled, books, what)
        shells = [image for image in profile.images if image.name == "sh"]
        lib.check(shells and shells[0].pid > 0, f"{what}: {[shell.pid for shell in shells]}")


def other_user():
    """Nobody special, in a user namespace of its own."""
    command = ["unshare", "--user", "--map-root-user", *INSIDE[1:]]
    user = [] if os.getuid() else ["setpriv", "--reuid", "65534", "--clear-groups"]
    place = lib.scratch / "open"
    place.mkdir()
    os.chmod(lib.scratch, 0o711)
    os.chmod(place, 0o777)
    if lib.run([*user, *command, lib.LAUNCHER, "--version"], cwd=place).status:
        print("note: no user namespaces here, or our files are out of others' reach; not tried")
        return
    truth = place / "truth"
    script = f"sleep 0.1; '{LIVES}' leaf large 30; exit 3"
    done = lib.run([*user, lib.LAUNCHER, "--run-dir", place / "run", "--report", place / "report",
                    f"--json={place / 'json'}", *command, "sh", "-c", script], cwd=place,
                   env=dict(os.environ, TRUTH_FILE=str(truth)))
    lib.equal(done.status, 3, f"other user: {done.stderr[-300:]!r}")
    profile = lib.Profile(place / "json")
    lib.equal(profile.not_followed, [], "other user: not followed")
    book = rss.read_books(truth)[0] # with its pid inside
    leaf = [image for image in profile.images if image.name == "rss_lives"]
    lib.equal(len(leaf), 1, "other user: images")
    rss.check_peak(leaf[0], book["vm_hwm_kib"], "other user")
    lib.check(leaf[0].pid > book["pid"], f"other user: pid {leaf[0].pid}, inside {book['pid']}")


def main():
    try:
        permitted = subprocess.run([*INSIDE, "true"], check=False, capture_output=True)
    except FileNotFoundError:
        lib.skip("no unshare here")
    if permitted.returncode:
        lib.skip(f"no pid namespace here: {permitted.stderr.decode().strip()}")
    lib.need_real_proc("pids and RSS")
    for test in (long_lives, trees, side_by_side, killed, short_lives, unfollowed, static_first,
                 marks, sandboxes, other_user):
        test()
    lib.finish()


main()
