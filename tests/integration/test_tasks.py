#!/usr/bin/python3
"""Tasks: regions marked in C, C++, Python and shell scripts, against what the programs know of
themselves; functions and programs as tasks; their lines for others; budgets."""

import json
import os
import re
import shutil
import subprocess
import textwrap

import lib


def rows(profile, kind="region"):
    return {row["name"]: row for row in profile.data["tasks"] if row["kind"] == kind}


def heap(row):
    return row["all"].get("heap", {})


def compare(book, row, name, bound=0):
    """One region's books and row. BOUND: how far the process's total may be off."""
    got = heap(row)
    for counter in ("allocated_bytes", "allocated_blocks", "live_bytes"):
        lib.equal(got.get(counter, 0), book[counter], f"{name}: {counter}")
    lib.equal(row["count"], book["begun"], f"{name}: count")
    lib.equal(row["n_unfinished"], book["begun"] - book["ended"], f"{name}: unfinished")
    if bound == 0:
        lib.equal(got.get("process_peak_bytes", 0), book["at_peak_bytes"], f"{name}: own at peak")
    if book["ended"] == 0:
        return
    lib.check(abs(row["peak_bytes"] - book["peak_max_bytes"]) <= bound,
              f"{name}: peak {row['peak_bytes']}, truth {book['peak_max_bytes']}")
    mean = book["peak_sum_bytes"] // book["ended"]
    lib.check(abs(row["mean_peak_bytes"] - mean) <= bound,
              f"{name}: mean peak {row['mean_peak_bytes']}, truth {mean}")


def check_run(argv, *options, sums=True):
    books, profiled = lib.with_truth(argv, *options)
    profile = profiled.must_have_profile()
    if sums:
        lib.check_sums(profile)
    return books, profile, profiled


def test_plain(level):
    """The same regions whatever is recorded: all stacks, none, a sample of them."""
    for options in ((), ("--stacks=off",), ("--sample=4K",), ("--unwinder=libunwind",),
                    ("--full-report=no", "--sample=1M"),
                    ("--check-unwinder=1",)):
        (book,), profile, profiled = check_run(
            [lib.workload("task_regions", level), "plain"], *options)
        found = rows(profile)
        what = f"{level} {' '.join(options)}"
        lib.equal(sorted(found), sorted(book["regions"]), f"{what}: names")
        for name, region in book["regions"].items():
            compare(region, found[name], f"{what} {name}")
        lib.equal(profile.data["tasks_unbalanced"], book["unbalanced"], f"{what}: unbalanced")
        lib.equal(profile.peak_heap_bytes, book["peak"], f"{what}: peak")
        moments = [span for span in profile.data["spans"] if span["is_instant"]]
        lib.equal([moment["name"] for moment in moments], ["parsed"] * 4, f"{what}: moments")
        spans = [span for span in profile.data["spans"] if not span["is_instant"]]
        lib.equal(len(spans), sum(region["ended"] for region in book["regions"].values()),
                  f"{what}: instances")
        for span in spans:
            lib.check(span["start_seconds"] <= span["end_seconds"], f"{what}: {span}")
        if "--check-unwinder=1" in options:
            lib.check(profile.data["stacks"]["checked"] > 5, "stacks are compared")
            lib.equal(profile.data["stacks"]["mismatched"], 0, "stacks that differ")
    unfinished = found["unfinished"]
    lib.check(unfinished["n_unfinished"] == 1 and unfinished["elapsed_seconds"] > 0,
              "an instance that the end of the process ends")
    lib.check("Tasks\n" in profiled.report, "a table of them")


def test_stacks():
    """A region stands around the stacks in it, and lines are what they are without regions."""
    _, profile, _ = check_run([lib.workload("task_regions"), "plain"])
    functions, lines = profile.data["functions"], profile.data["lines"]
    outermost = {functions[lines[site["stack"][-1]]["function"]]["name"]
                 for site in profile.data["sites"]}
    lib.check({"[task load]", "[task free]"} <= outermost, f"outermost frames: {outermost}")
    inner = [[functions[lines[line]["function"]]["name"] for line in site["stack"]][-2:]
             for site in profile.data["sites"]]
    lib.check(["[task parse]", "[task load]"] in inner, f"a region in a region: {inner}")
    for line in lines:
        name = functions[line["function"]]["name"]
        lib.check(not (name.startswith("[task") and line["owned"]), f"{name} owns bytes")


def test_threads(level):
    for options in ((), ("--stacks=off",), ("--sample=2K",)):
        (book,), profile, _ = check_run(
            [lib.workload("task_regions", level), "threads"], *options)
        found = rows(profile)
        # Thread stacks' TLS is part of the heap, not of the books.
        bound = profile.peak_error_bytes() + 32768
        for name, region in book["regions"].items():
            compare(region, found[name], f"threads {level} {options} {name}", bound)
        lib.equal(found["abandoned"]["n_unfinished"], 2 + 10, "regions of threads that are gone")


def test_stopped(level):
    for options in ((), ("--stacks=off",)):
        (book,), profile, _ = check_run(
            [lib.workload("task_regions", level), "stopped"], *options)
        found = rows(profile)
        for name, region in book["regions"].items():
            compare(region, found[name], f"stopped {options} {name}", 32768)


def test_fork():
    books, profile, _ = check_run([lib.workload("task_regions"), "fork"])
    found = rows(profile)
    books = {book["role"]: book for book in books}
    compare(books["fork"]["regions"]["parent"], found["parent"], "fork: parent")
    child = books["child"]["regions"]["child"]
    lib.equal(heap(found["child"])["allocated_bytes"], child["allocated_bytes"], "fork: child")
    lib.equal(profile.data["tasks_unbalanced"], 1, "the child ended what its parent began")


def test_exec():
    books, profile, _ = check_run([lib.workload("task_regions"), "exec"])
    found = rows(profile)
    lib.equal(found["before exec"]["n_unfinished"], 1, "exec leaves a region unfinished")
    lib.equal(found["before exec"]["peak_bytes"], 4000, "and its peak is known")
    for name, region in books[1]["regions"].items():
        compare(region, found[name], f"after exec: {name}")


def test_limits():
    (book,), profile, _ = check_run([lib.workload("task_regions"), "limits"], sums=False)
    found = rows(profile)
    compare(book["regions"]["often"], found["often"], "limits: often")
    lib.equal(found["deep"]["count"], 32, "regions in regions")
    named = sum(name.startswith("name ") for name in found)
    lib.check(2000 < named <= 3072, f"{named} names of 5000")
    lib.equal(len([span for span in profile.data["spans"] if span["is_instant"]]), 1024, "moments")
    lib.equal(profile.data["tasks_unbalanced"], book["unbalanced"], "limits: unbalanced")
    lost = profile.data["losses"]["regions"]
    lib.check(lost > 0, "regions that were not followed are counted")


def test_cxx():
    profiled = lib.Profiled([lib.workload("task_raii")])
    lib.equal(profiled.done.status, 0, "C++: status")
    found = rows(profiled.must_have_profile())
    lib.equal({name: (row["count"], row["n_unfinished"]) for name, row in found.items()},
              {"outer": (1, 0), "exception": (3, 0), "return": (1, 0)}, "C++: regions")
    lib.equal(heap(found["return"])["allocated_bytes"], 20000, "C++: return")
    lib.equal(heap(found["return"])["live_bytes"], 0, "C++: freed after its region")
    lib.check(heap(found["exception"])["allocated_bytes"] >= 3 * 30000, "C++: exception")


def test_outside():
    """Without the profiler all of it does nothing."""
    for mode in ("plain", "threads"):
        lib.equal(lib.run([lib.workload("task_regions"), mode], env={"TRUTH_FILE": "/dev/null"}),
                  (0, b"", b""), f"outside: {mode}")
    source = lib.fresh("header") / ".." / "use.c"
    source = source.resolve()
    source.write_text('#include "preload/memwatch.h"\n#include <dlfcn.h>\n#include <stdlib.h>\n'
                      'static void *volatile kept;\n'
                      'int main(void) { memwatch_task_begin("it"); free(kept = malloc(777));\n'
                      ' memwatch_task_end("it"); return 0; }\n')
    for flags in ([], ["-no-pie", "-fno-pie"], ["-static"], ["-x", "c++", "-std=c++98"],
                  ["-O2", "-flto"]):
        program = source.with_suffix("")
        done = lib.run(["gcc", "-Wall", "-Wextra", "-Werror", f"-I{lib.SOURCE}", *flags, source,
                        "-o", program])
        if not lib.check(done.status == 0, f"{flags}: {done.stderr}"):
            continue
        lib.equal(lib.run([program]), (0, b"", b""), f"{flags}: outside")
        found = rows(lib.Profiled([program]).must_have_profile())
        if "-static" not in flags:
            lib.equal(found.get("it", {}).get("peak_bytes"), 777, f"{flags}: peak")


PYTHON = """
    import sys
    sys.path.insert(0, sys.argv[1])
    import memwatch
    with memwatch.task("python"):
        block = bytearray(1 << 20)
        with memwatch.task("inner"):
            more = bytearray(3 << 20)
            del more
    memwatch.instant("done")
"""


def test_python():
    code = textwrap.dedent(PYTHON)
    where = lib.SOURCE / "examples/tasks"
    command = [lib.need("python3"), "-c", code, where]
    lib.equal(lib.run(command), (0, b"", b""), "Python outside")
    profile = lib.Profiled(command).must_have_profile()
    found = rows(profile)
    lib.equal(sorted(found), ["inner", "python"], "Python: regions")
    own, inner = (heap(found[name])["allocated_bytes"] for name in ("python", "inner"))
    lib.check(inner >= 3 << 20, "Python: inner")
    lib.check(own >= inner + (1 << 20), "Python: with what is in it")
    lib.check(found["python"]["peak_bytes"] >= 4 << 20, "Python: peak")


SHELL = """
    set -e
    mark() { "$LAUNCHER" mark "$@"; }
    mark begin 'whole, job'
    mark begin step; "$HOLD"; mark end step
    (mark begin step; "$HOLD"; mark end step)
    mark instant middle
    mark end nothing
    mark end 'whole, job'
    mark begin open
"""


def test_shell():
    hold = [lib.workload("truth_peak"), "hills"]
    script = lib.fresh("hold")
    script.write_text(f"#!/bin/sh\nexec {hold[0]} {hold[1]}\n")
    script.chmod(0o755)
    env = dict(os.environ, LAUNCHER=str(lib.LAUNCHER), HOLD=str(script), TRUTH_FILE="/dev/null")
    profiled = lib.Profiled(["sh", "-c", textwrap.dedent(SHELL)], env=env)
    profile = profiled.must_have_profile()
    found = rows(profile, "mark")
    lib.equal({name: (row["count"], row["n_unfinished"]) for name, row in found.items()},
              {"whole, job": (1, 0), "step": (2, 0), "open": (1, 1)}, "shell: marks")
    one = max(image.peak_heap_bytes for image in profile.images if image.name == "truth_peak")
    for name in ("whole, job", "step"):
        lib.check(found[name]["peak_bytes"] >= one,
                  f"shell: {name} has the exact peak of a process in it: {found[name]}, {one}")
    lib.check(found["step"]["peak_bytes"] <= profile.peak_heap_bytes, "shell: not above the tree's")
    lib.equal(profile.data["tasks_unbalanced"], 1, "shell: unbalanced")
    lib.check(found["step"]["elapsed_seconds"] <= found["whole, job"]["elapsed_seconds"],
              "shell: elapsed")
    lib.check("step (mark)" in profiled.report, "shell: in the text")
    moments = [mark["name"] for mark in profile.data["marks"] if mark["is_instant"]]
    lib.equal(moments, ["middle"], "shell: moments")

    env.pop("MEMWATCH_RUN_DIR", None)
    for words in (["begin", "x"], ["begin"], ["start", "x"], ["end", ""]):
        done = lib.run([lib.LAUNCHER, "mark", *words], env=env)
        lib.equal((done.status, done.stdout, done.stderr.count(b"\n")), (2, b"", 1),
                  f"mark {words} outside a run")


def test_many_marks():
    """Shells at the same time: no line is torn."""
    code = 'for i in 1 2 3 4 5; do for j in 1 2 3 4 5 6 7 8; do ' \
           '"$LAUNCHER" mark begin "$1 $i" ; "$LAUNCHER" mark end "$1 $i"; done; done'
    both = f"sh -c '{code}' a a & sh -c '{code}' b b & wait"
    profiled = lib.Profiled(["sh", "-c", both], env=dict(os.environ, LAUNCHER=str(lib.LAUNCHER)))
    found = rows(profiled.must_have_profile(), "mark")
    lib.equal({name: (row["count"], row["n_unfinished"]) for name, row in found.items()},
              {f"{who} {i}": (8, 0) for who in "ab" for i in range(1, 6)}, "marks of two shells")


def test_views():
    """Tasks in the trace of the job over time, and a table by task."""
    profiled = lib.Profiled([lib.workload("task_regions"), "plain"],
                            env=dict(os.environ, TRUTH_FILE="/dev/null"))
    data = profiled.must_have_profile().data
    trace = lib.fresh("trace")
    lib.run([lib.REPORTER, "-q", "--export", f"trace:{trace}", profiled.directory])
    events = json.loads(trace.read_text())["traceEvents"]
    spans = {(span["name"], round(span["start_seconds"] * 1e6)) for span in data["spans"]}
    found = {(event["name"], round(event["ts"])) for event in events if "peak_bytes" in
             event.get("args", {}) and event["ph"] in "Xi"}
    lib.equal(len(found & spans), len(spans), f"instances in the trace: {found ^ spans}")
    text = lib.run([lib.REPORTER, "--by", "task", "--fields", "total", "-n", "0",
                    profiled.directory]).stdout.decode()
    names = {line[12:].strip() for line in text.splitlines()[1:]}
    lib.equal(names, {"load", "parse", "again", "inner", "free", "unfinished", "(no task)", "sum"},
              "--by task: the innermost")


def test_pattern():
    profiled = lib.Profiled([lib.workload("task_regions"), "plain"], "--task",
                            "^(work|parse|task_regions|recurse)$",
                            env=dict(os.environ, TRUTH_FILE="/dev/null"))
    profile = profiled.must_have_profile()
    lib.equal(sorted((row["kind"], row["name"]) for row in profile.data["tasks"]),
              [("function", "recurse"), ("function", "work"), ("process", "task_regions"),
               ("region", "parse")], "--task")
    work = rows(profile, "function")["work"]
    image = profile.images[0]
    lib.equal(work["peak_bytes"], image.peak_heap_bytes, "a function as a task: its peak")
    lib.equal(rows(profile, "process")["task_regions"]["peak_bytes"], image.peak_heap_bytes,
              "a program as a task: its peak")
    lib.check("work()" in profiled.report, "--task in the text")
    done = lib.run([lib.LAUNCHER, "--task", "[[x", "true"])
    lib.equal((done.status, done.stderr.count(b"\n")), (2, 1), "--task with a bad pattern")


def test_budget():
    profiled = lib.Profiled([lib.workload("task_regions"), "plain"],
                            env=dict(os.environ, TRUTH_FILE="/dev/null"))
    peak = rows(profiled.must_have_profile())["parse"]["peak_bytes"]
    for limit, status in ((peak, 0), (peak - 1, 1)):
        budget = lib.fresh("budget")
        budget.write_text(f"task parse peak {limit}\ntask 'no such' total 0\n".replace("'", '"'))
        done = lib.run([lib.REPORTER, "diff", "--budget", budget, profiled.directory])
        lib.equal(done.status, status, f"budget of a task: {done.stdout!r} {done.stderr!r}")


def test_lines():
    """COMPSs' one-liners, the file they are appended to, and mprof's records."""
    shared, mprof, out = lib.fresh("shared"), lib.fresh("it.dat"), lib.fresh("job7.out")
    shared.write_text("before\n")
    env = dict(os.environ, TRUTH_FILE="/dev/null", COMPSS_PROFILING_FILE=str(shared))
    directory, text = lib.fresh("run"), lib.fresh("text")
    with open(out, "wb") as stdout:
        done = subprocess.run([lib.LAUNCHER, "--run-dir", directory, "--task-lines=new", "-o", text,
                               f"--mprof={mprof}", "--", lib.workload("task_regions"), "plain"],
                              env=env, stdout=stdout, stderr=subprocess.PIPE, check=False)
    lib.equal(done.returncode, 0, f"--task-lines: {done.stderr!r}")
    lines = text.read_text().splitlines()
    number = r"\d+(\.\d+)?"
    parse = [line for line in lines if " parse " in line]
    lib.equal(len(parse), 4, "a line an instance")
    for line in parse:
        lib.check(re.fullmatch(rf"\d+\.\d{{7}} job7 /\S+/task_regions parse {number} \d+ \d+ "
                               rf"{number} MiB", line), f"a line of COMPSs: {line}")
    lib.check(any(re.search(r" unfinished .* nan nan ", line) for line in lines), "unfinished")
    appended = shared.read_text()
    lib.equal(appended, "before\n" + text.read_text(), "COMPSS_PROFILING_FILE: lines")

    env.pop("COMPSS_PROFILING_FILE")
    old = lib.run([lib.REPORTER, "--task-lines=old", "-p", "4", directory], env=env).stdout.decode()
    peaks = dict(line.rsplit(" ", 3)[1:3] for line in old.splitlines())
    profile = json.loads(lib.run([lib.REPORTER, "--json", directory], env=env).stdout)
    lib.equal(peaks, {task["name"].replace(" ", "_"): f"{task['peak_bytes'] / 2**20:.4f}"
                      for task in profile["tasks"]}, "file function peak MiB")

    env["COMPSS_PROFILING_FILE"] = str(lib.fresh("tables"))
    lib.run([lib.REPORTER, "-q", "-f", "^work$", directory], env=env)
    with open(env["COMPSS_PROFILING_FILE"], encoding="utf-8") as tables:
        table = tables.read()
    lib.check(table.startswith("Filename: ") and "Occurrences" in table, f"a table: {table!r}")

    functions = [line.split() for line in mprof.read_text().splitlines() if line[:5] == "FUNC "]
    lib.equal(sum(words[1] == "parse" for words in functions), 4, "FUNC records")
    for words in functions:
        lib.check(len(words) == 7 and float(words[3]) <= float(words[5]), f"FUNC: {words}")
    reader = shutil.which("mprof") or shutil.which("python3-mprof")
    if reader:
        said = lib.run([reader, "peak", "--func", "parse", mprof])
        lib.check(said.status == 0 and b"MiB" in said.stdout, f"mprof peak --func: {said}")


for level in ("O0", "O2"):
    test_plain(level)
    test_threads(level)
    test_stopped(level)
test_stacks()
test_fork()
test_exec()
test_limits()
test_cxx()
test_outside()
test_python()
test_shell()
test_many_marks()
test_views()
test_pattern()
test_budget()
test_lines()
lib.finish()
