#!/usr/bin/python3
"""The text report: its parts in their order, its width, its colours, its short forms, its options;
rendered by the launcher and again by memwatch-report.
"""

import os
import re

import lib

ESCAPE = "\x1b["
SOURCE_ROW = re.compile(r"^ *(\d+) (.{12}) (.{12})  (.{10})   (.*)$", re.MULTILINE)


def rendered(directory, *options, env=None):
    done = lib.run([lib.REPORTER, *options, directory], env=dict(os.environ, **(env or {})))
    lib.equal(done.status, 0, f"memwatch-report {options}: {done.stderr[-200:]!r}")
    return done.stdout.decode()


def order(text, *words):
    """The words appear in this order, whatever their case."""
    at = 0
    for word in words:
        match = re.compile(word, re.IGNORECASE).search(text, at)
        if not lib.check(match, f"the report does not show {word!r} after position {at}"):
            return
        at = match.end()


def parts(profiled):
    text = rendered(profiled.directory, "--width", "80")
    order(text, "truth_tree", "heap", "rss", "process", "truth_tree", "peak", r"red|blue",
          r"truth_tree\.c:\d+", "unattributed", "not followed", "lost", "overhead|own")
    for line in text.splitlines(): # source text and a file's name are as wide as they are
        is_free = SOURCE_ROW.match(line) or line.startswith("Filename: ")
        lib.check(len(line) <= 80 or is_free, f"wider than 80 columns: {line!r}")
    lib.check(ESCAPE not in text, "colours in a pipe")
    lib.check(ESCAPE in rendered(profiled.directory, "--color=always"), "no colours at all")
    lib.check(ESCAPE not in rendered(profiled.directory, env={"NO_COLOR": "1"}), "NO_COLOR")


def line_table(profiled):
    text = rendered(profiled.directory, "--function", "^blue$")
    header = "Line #    Mem usage    Increment  Occurrences   Line Contents"
    lib.check(header in text.splitlines(), f"no line {header!r}")
    lib.check("=" * 61 in text.splitlines(), "no rule of 61 =")
    source = (lib.SOURCE / "workloads/truth_tree.c").read_text().splitlines()
    rows = SOURCE_ROW.findall(text)
    lib.check(rows, "no rows of the line table")
    for number, *_cells, contents in rows:
        lib.equal(contents.rstrip(), source[int(number) - 1].rstrip(), f"source line {number}")
    allocating = [row for row in rows if "T_CALLOC" in row[4]]
    lib.equal(len(allocating), 1, "rows of the allocating line")
    for row in allocating:
        lib.equal(row[3].strip(), "5", "occurrences of calloc in all processes")
        lib.check(row[1].strip().endswith("MiB") and row[2].strip().endswith("MiB"), f"{row}")


def short_forms(profiled):
    full = rendered(profiled.directory)
    for option in ("--full-report=no", "--peak-only"):
        text = rendered(profiled.directory, option)
        lib.check(len(text) < len(full), f"{option} is not shorter")
        rows = [line.split() for line in text.splitlines()]
        found = [row for row in rows if len(row) == 4 and row[1] == "red" and row[3] == "MiB" and
                 row[0].endswith("workloads/truth_tree.c")]
        lib.equal(len(found), 1, f"{option}: lines 'file red peak MiB'")


def options():
    for program in (lib.LAUNCHER, lib.REPORTER):
        done = lib.run([program, "--version"])
        lib.check(re.match(rb"\S+ \d+\.\d+", done.stdout) and done.status == 0, f"{program} version")
        done = lib.run([program, "--help"])
        lib.check(b"--json" in done.stdout and done.status == 0, f"{program} help")
        lib.check(max(map(len, done.stdout.decode().splitlines())) <= 100, f"{program} help width")
        done = lib.run([program, "--no-such-option"])
        lib.check(done.status != 0 and b"no-such-option" in done.stderr and
                  done.stderr.count(b"\n") == 1, f"{program}: unknown option: {done}")
        done = lib.run([program])
        lib.check(done.status != 0 and done.stderr.count(b"\n") <= 2, f"{program}: nothing: {done}")
    bad = lib.run([lib.REPORTER, "--function", "(", lib.scratch])
    lib.check(bad.status not in (0, 1) and bad.stderr.count(b"\n") == 1, f"bad regex: {bad}")


def merged(profiled):
    """Several run directories in one report."""
    other = lib.Profiled([lib.workload("truth_peak"), "hills"],
                         env=dict(os.environ, TRUTH_FILE="/dev/null"))
    text = lib.run([lib.REPORTER, profiled.directory, other.directory]).stdout.decode()
    lib.check("truth_peak" in text and "truth_tree" in text, "two runs in one report")


def progress(directory):
    """A bar on a terminal that fills up and is gone before the report; nowhere else."""
    lib.need("stty")
    step = rb"reading symbols \[(#*)(\.*)\] (\d+)/(\d+)"
    seen = lib.on_terminal([lib.REPORTER, directory])
    steps = re.findall(step, seen)
    if not lib.check(steps, f"progress: no bar in {seen[:200]!r}"):
        return
    lib.equal({len(done) + len(left) for done, left, _, _ in steps}, {30}, "progress: width of the bar")
    lib.equal([int(row[2]) for row in steps], sorted(int(row[2]) for row in steps), "progress: goes forward")
    lib.equal(steps[-1][:3], (b"#" * 30, b"", steps[-1][3]), "progress: full at the end")
    report = seen.index(b"memwatch-preload: ")
    lib.check(b"reading" not in seen[:report].rsplit(b"\r\x1b[K", 1)[1], f"progress: not erased: {seen[:report]!r}")
    lib.check(b"\x1b[K" not in seen[report:], "progress: in the report")
    for line in re.findall(rb"\x1b\[K([^\r\x1b]*)", lib.on_terminal([lib.REPORTER, directory], columns=40)[:report]):
        lib.check(len(line) <= 39, f"progress: wider than 40 columns: {line!r}")
    for what, text in (("-q", lib.on_terminal([lib.REPORTER, "-q", directory])),
                       ("raw", lib.on_terminal([lib.REPORTER, directory], setting="raw")),
                       ("pipe", lib.run([lib.REPORTER, directory]).stderr)):
        lib.check(b"reading" not in text, f"progress: {what}: {text[:200]!r}")
    bad = lib.on_terminal([lib.REPORTER, directory, "/nowhere"])
    lib.check(re.search(rb"\r\x1b\[Kmemwatch-report: /nowhere", bad), f"progress: a complaint: {bad[:300]!r}")


def partial_stacks():
    """Only truth_deep calls deeper than what is recorded."""
    deep, tree = lib.workload("truth_deep"), lib.workload("truth_tree")
    env = dict(os.environ, TRUTH_FILE="/dev/null")
    for command, is_there in ((f"{tree}; {deep} 600; {tree}", True), (f"{tree}; true", False)):
        profiled = lib.Profiled(["sh", "-c", command], env=env)
        blocks = profiled.must_have_profile().data["totals"]["partial_stacks"].get("heap", {}).get("allocated_blocks", 0)
        lib.equal(blocks > 0, is_there, f"partial stacks: {blocks} blocks of {command}")
        text = " ".join(rendered(profiled.directory).split())
        said = re.findall(r"partial stacks [^;]*, (\d+) blocks; mostly (\w+)", text)
        lib.equal(said, [(str(blocks), "truth_deep")] if is_there else [], "partial stacks: whose")


def main():
    profiled = lib.Profiled([lib.workload("truth_tree")],
                            env=dict(os.environ, TRUTH_FILE="/dev/null"))
    lib.check(profiled.report == rendered(profiled.directory),
              "the launcher's report is not memwatch-report's")
    parts(profiled)
    line_table(profiled)
    short_forms(profiled)
    options()
    merged(profiled)
    partial_stacks()
    progress(profiled.directory)
    lib.finish()


main()
