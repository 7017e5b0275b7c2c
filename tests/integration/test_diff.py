#!/usr/bin/python3
"""memwatch-report diff: nothing between two runs of one program wherever it was loaded; the one
line that changed between two builds, although all lines moved; budgets, as CI sees them.
"""

import json
import os
import shutil
import xml.etree.ElementTree

import lib

PROGRAM = """#include <stdlib.h>
{filler}static char *keep[4];
__attribute__((noinline)) static void grow(void)
{{
    keep[0] = malloc(1000);
    keep[1] = malloc({bytes});
    keep[2] = malloc(3000);
}}
int main(void)
{{
    grow();
    free(keep[2]);
    return 0;
}}
"""


def diff(*arguments, env=None):
    return lib.run([lib.REPORTER, "diff", *arguments], env=env or dict(os.environ, GITHUB_ACTIONS=""))


def record(argv):
    directory = lib.fresh("run")
    done = lib.run([lib.LAUNCHER, "-q", "--no-report", "--run-dir", directory, "--", *argv])
    lib.equal(done.status, 0, f"{argv}: {done.stderr[-200:]!r}")
    return directory


def baseline(directory):
    path = lib.fresh("baseline")
    done = lib.run([lib.REPORTER, "-q", "--export", f"baseline:{path}", directory])
    lib.equal(done.status, 0, f"baseline: {done.stderr!r}")
    return path


def changes(before, after):
    done = diff("--json", before, after)
    lib.equal((done.status, done.stderr), (0, b""), "diff --json")
    return json.loads(done.stdout)["changes"]


def build(name, filler, n_bytes):
    folder = lib.fresh(name)
    folder.mkdir()
    source = folder / "grow.c"
    source.write_text(PROGRAM.format(filler=filler, bytes=n_bytes))
    done = lib.run([lib.need("gcc"), "-g", "-O0", "-o", folder / "grow", source])
    lib.equal(done.status, 0, f"gcc: {done.stderr!r}")
    return folder / "grow"


def same_program():
    for program in ("truth_lines", "truth_tree", "truth_cxx"):
        first, second = record([lib.workload(program)]), record([lib.workload(program)])
        for before in (first, baseline(first)):
            done = diff("--exit-code", "--value", "total", before, second)
            lib.equal(done.status, 0, f"{program}: {done.stdout.decode()}")
            lib.check(b"no change" in done.stdout, f"{program}: {done.stdout!r}")
        rows = [row for row in changes(first, second)
                if any(row["before"][v] != row["after"][v]
                       for v in ("at-peak", "leaked", "total", "count"))]
        lib.equal(rows, [], f"{program}: changes between two runs")


def rebuilt():
    old = record([build("old", "", 2000)])
    old_file = baseline(old)
    new = record([build("new", "/* a\n * longer\n * file */\n", 2500)])
    for before in (old, old_file):
        rows = {row["kind"]: row for row in changes(before, new)
                if row["kind"] in ("line", "tree", "function") and row["name"] in ("grow", "")}
        lib.equal(set(rows), {"line", "tree", "function"}, "kinds that changed")
        line = rows["line"]
        lib.equal((line["before"]["line"], line["after"]["line"]), (6, 9), "the edited line")
        lib.equal((line["before"]["at-peak"], line["after"]["at-peak"]), (2000, 2500), "bytes")
        lib.equal(rows["tree"]["after"]["peak"] - rows["tree"]["before"]["peak"], 500, "tree")
    done = diff("--exit-code", old_file, new)
    lib.equal(done.status, 1, "--exit-code with a change")
    text = done.stdout.decode()
    lib.check("+500 B" in text and "grow.c:6->9" in text, f"the text names it: {text}")
    lib.check("grow.c:5" not in text, f"a line that only moved is shown: {text}")
    return old_file, new


def budgets(old_file, new):
    path, junit = lib.fresh("budget"), lib.fresh("junit")
    path.write_text("# kept, kept, broken, broken\ntree peak 1M\nprocess grow peak +50%\n"
                    'line "grow.c:grow" at-peak +400\ntask grow peak 5000\n'
                    "function nobody peak 1\n")
    env = dict(os.environ, GITHUB_ACTIONS="true")
    done = diff("-q", "--budget", path, "--junit", junit, old_file, new, env=env)
    lib.equal(done.status, 1, "over budget")
    said = done.stderr.decode()
    lib.check(f"{path}:4: over budget: line grow.c:9 grow 2.4 KiB at-peak, limit 2.3 KiB" in said,
              said)
    lib.check(f"{path}:5: over budget: function grow 6.3 KiB peak, limit 4.9 KiB" in said, said)
    lib.check(f"{path}:6: function nobody peak: matches nothing" in said, said)
    lib.equal(said.count("over budget"), 2, "breaches")
    suite = xml.etree.ElementTree.parse(junit).getroot()
    lib.equal((suite.get("tests"), suite.get("failures")), ("5", "2"), "JUnit")
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    lib.equal(failed, ["line grow.c:grow at-peak", "task grow peak"], "JUnit: who failed")
    notes = done.stdout.decode().splitlines()
    lib.check(any(note.startswith("::error file=") and "grow.c,line=9,title=" in note
                  for note in notes), f"annotations: {notes}")
    path.write_text("tree peak 0.5gib\n")
    lib.equal(diff("-q", "--budget", path, new).status, 0, "kept, without baseline")


def damaged(new):
    """A run of which half is gone may have kept any budget: that is said, and nothing is good."""
    half, budget = lib.fresh("half"), lib.fresh("budget")
    shutil.copytree(new, half)
    dump = half / "run.mwd"
    os.truncate(dump, dump.stat().st_size // 2 // 4096 * 4096)
    budget.write_text("tree peak 1G\n")
    for arguments in ((half, new), (new, half), ("-q", "--budget", budget, half)):
        done = diff(*arguments)
        lib.equal(done.status, 1, f"damaged: {arguments}")
        lib.check(f"memwatch-report: {half}: run.mwd is truncated: ".encode() in done.stderr,
                  f"damaged: {arguments}: {done.stderr!r}")


def mistakes(old_file, new):
    bad = lib.fresh("bad")
    for text in ("tree peak\n", "tree peak many\n", 'line "a peak 1\n', "forest peak 1\n",
                 "line x.c:1 peak 1\n", "tree peak -5\n", "tree peak 1e99T\n",
                 "tree peak 1.M\n", "tree peak 0x10\n", "tree peak +5%%\n", "tree peak 2000T\n"):
        bad.write_text("\n" + text)
        done = diff("--budget", bad, old_file, new)
        lib.equal((done.status, done.stderr.count(b"\n")), (2, 1), f"{text!r}: {done.stderr!r}")
        lib.check(done.stderr.startswith(f"memwatch-report: {bad}:2: ".encode()), done.stderr)
    bad.write_text("tree peak +5%\n")
    lib.equal(diff("--budget", bad, new).status, 2, "a relative limit without baseline")
    bad.write_text("{}")
    for arguments in ((bad, new), (new,), (new, "/nowhere"), ("--by", "tree", new, new),
                      ("--value", "much", new, new), ("--unheard-of", new, new)):
        done = diff(*arguments)
        lib.equal((done.status, done.stderr.count(b"\n")), (2, 1), f"{arguments}: {done.stderr!r}")


same_program()
old_baseline, new_run = rebuilt()
budgets(old_baseline, new_run)
damaged(new_run)
mistakes(old_baseline, new_run)
lib.finish()
