#!/usr/bin/python3
"""Leaks and waste: workloads/waste.c knows what it leaks, frees and moves; what is the C library's
own is what valgrind's memcheck no longer finds once it has told the library to free all it keeps.
"""

import re

import lib

LEAKED = {"first_caller": (1000, 10), "second_caller": (2000, 1)}
GROWN = (sum(n * 10 for n in range(1, 51)), 50) # what realloc was given: sizes before


def memcheck(argv, with_library):
    freeres = "no" if with_library else "yes"
    done = lib.run([lib.need("valgrind"), f"--run-libc-freeres={freeres}", f"--run-cxx-freeres={freeres}", *argv])
    found = re.search(rb"in use at exit: ([\d,]+) bytes in ([\d,]+) blocks", done.stderr)
    return tuple(int(number.replace(b",", b"")) for number in found.groups())


def pair(count):
    return count["bytes"], count["blocks"]


def sum_of(*pairs):
    return tuple(map(sum, zip(*pairs)))


def adds_up(profile):
    """leaked + library + cut off = live, in all and of each line; lines, rest = total."""
    waste, heap = profile.data["waste"], profile.data["totals"]["all"]["heap"]
    total = waste["total"]
    live = sum_of(*(pair(total[kind]) for kind in ("leaked", "library", "cut_off")))
    lib.equal(live, (heap["live_bytes"], heap["live_blocks"]), "all that is live")
    lib.equal(pair(total["churn"]), (heap["freed_bytes"], heap["freed_blocks"]), "churn")
    for kind, rows in waste["lines"].items():
        rest = [pair(waste[part][kind]) for part in ("unattributed", "unstacked")]
        lib.equal(sum_of((0, 0), *map(pair, rows), *rest), pair(total[kind]), f"lines of {kind}")
    lib.equal(sum_of((0, 0), *map(pair, waste["library"])), pair(total["library"]), "the library's own")
    for at, line in enumerate(profile.data["lines"]):
        of_line = [pair(row) for kind in ("leaked", "library", "cut_off")
                   for row in waste["lines"][kind] if row["line"] == at]
        heap = line["owned"].get("heap", {"live_bytes": 0, "live_blocks": 0})
        lib.equal(sum_of((0, 0), *of_line), (heap["live_bytes"], heap["live_blocks"]), f"line {at}")


def of_function(profile, kind, name):
    data = profile.data
    rows = [pair(row) for row in data["waste"]["lines"][kind]
            if data["functions"][data["lines"][row["line"]]["function"]]["name"] == name]
    return sum_of((0, 0), *rows)


def against_memcheck(level):
    command = [lib.workload("waste", level), "alone"]
    profile = lib.Profiled(command).must_have_profile()
    adds_up(profile)
    total = profile.data["waste"]["total"]
    lib.equal(pair(total["leaked"]), sum_of(*LEAKED.values()), f"{level}: leaked, as the program knows")
    lib.equal(pair(total["leaked"]), memcheck(command, False), f"{level}: leaked, as memcheck finds")
    lib.equal(sum_of(pair(total["leaked"]), pair(total["library"])), memcheck(command, True),
              f"{level}: with the library's own")
    lib.equal(of_function(profile, "churn", "churn"), (32000, 1000), f"{level}: churn")
    lib.equal(of_function(profile, "moved", "grow"), GROWN, f"{level}: moved")
    lib.equal(of_function(profile, "moved", "churn"), (0, 0), f"{level}: free and malloc are no realloc")
    kept = {row["what"] for row in profile.data["waste"]["library"]}
    lib.check({"stdio buffers", "locale", "time zone", "name service", "environment"} <= kept, f"{level}: {kept}")


def ends(level):
    """Children that were killed or became another program have not leaked; one that ended has."""
    profiled = lib.Profiled([lib.workload("waste", level)])
    profile = profiled.must_have_profile()
    adds_up(profile)
    waste = profile.data["waste"]
    lib.equal(pair(waste["total"]["cut_off"]), (12000, 2), f"{level}: killed and exec'd")
    lib.equal(waste["n_cut_off"], 2, f"{level}: processes cut off")
    lib.equal(pair(waste["total"]["leaked"]), (3900, 12), f"{level}: leaked")
    lib.check("loader" in {row["what"] for row in waste["library"]}, f"{level}: dlopen's")
    short = profiled.report.split("\nLeaks and waste\n")[1].split("\nNot in these numbers")[0]
    lib.check(re.search(r"^ +3\.8 KiB +12  leak ", short, re.M), f"{level}: {short}")
    lib.check(re.search(r"^ +11\.7 KiB +2  no leak: 2 processes killed", short, re.M), f"{level}: {short}")
    lib.check("(--leaks)" in short and "<" not in short, f"{level}: {short}")
    return profiled.directory


def whole(directory):
    """--leaks: all of it and the stacks, in any width, and nothing else."""
    for width in (60, 80, 200):
        text = lib.run([lib.REPORTER, "--leaks", "--width", width, directory]).stdout.decode()
        lib.equal(text.splitlines()[1], "Leaks and waste", "--leaks: first line")
        lib.check(max(map(len, text.splitlines())) <= width, f"--leaks: wider than {width}")
        words = " ".join(text.split())
        for stack in ("2.0 KiB in 1: leak < second_caller < main", "1000 B in 10: leak < first_caller < main",
                      "900 B in 1: leak < child < main", "6.8 KiB in 1: leak < child < main"):
            lib.check(stack in words, f"--leaks: no {stack} in {text}")
    one = lib.run([lib.REPORTER, "--leaks", "--top", "1", directory]).stdout.decode()
    lib.check("... and " in one and one.count("moves") == 0, f"--leaks --top 1: {one}")


def stripped(directory):
    """Without names inside the C library less is known to be its own: never more."""
    full, bare = lib.fresh("json"), lib.fresh("json")
    for path, more in ((full, ()), (bare, ("--debug-path", "/nowhere"))):
        lib.run([lib.REPORTER, f"--json={path}", "-q", *more, directory])
    full, bare = lib.Profile(full), lib.Profile(bare)
    adds_up(bare)
    lib.equal(of_function(bare, "leaked", "leak"), (3900, 12), "leaked, stripped library")
    kept = [pair(one.data["waste"]["total"]["library"]) for one in (full, bare)]
    lib.check(kept[1][0] <= kept[0][0], f"the stripped library's own: {kept}")


def selected(directory):
    """What --process and --module leave out is a row, and adds up; what it was is not told."""
    for options in (("--process", "true"), ("--process", "nobody"), ("--module", "libc"), ("--module", "nothing")):
        path = lib.fresh("json")
        lib.run([lib.REPORTER, f"--json={path}", "-q", *options, directory])
        some = lib.Profile(path)
        adds_up(some)
        done = lib.run([lib.REPORTER, "--leaks", *options, directory])
        lib.equal((done.status, done.stderr), (0, b""), f"--leaks {options}")
        lib.check(b"[not shown: other " in done.stdout, f"--leaks {options}")
        if options[1] == "nobody":
            lib.equal(pair(some.data["waste"]["total"]["moved"]), (0, 0), "moved of nobody")


def cxx():
    """What libstdc++ keeps for exceptions is nobody's leak; it is in every program."""
    profile = lib.Profiled([lib.workload("truth_cxx")]).must_have_profile()
    adds_up(profile)
    kept = {row["what"]: row["bytes"] for row in profile.data["waste"]["library"]}
    lib.check(kept.get("start-up", 0) >= 70000, f"libstdc++'s pool: {kept}")


def modes():
    for option in ("--stacks=off", "--sample=4K", "--peak-only"):
        profiled = lib.Profiled([lib.workload("waste")], option)
        profile = profiled.must_have_profile()
        waste, heap = profile.data["waste"], profile.data["totals"]["all"]["heap"]
        live = sum(waste["total"][kind]["bytes"] for kind in ("leaked", "library", "cut_off"))
        lib.equal(live, heap["live_bytes"], f"{option}: live bytes")
        done = lib.run([lib.REPORTER, "--leaks", profiled.directory])
        lib.equal((done.status, done.stderr), (0, b""), f"{option}: --leaks")


for level in ("O0", "O2"):
    against_memcheck(level)
    directory = ends(level)
whole(directory)
stripped(directory)
selected(directory)
cxx()
modes()
lib.finish()
