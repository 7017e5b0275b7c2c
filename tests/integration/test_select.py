#!/usr/bin/python3
"""--process and --module: a program of known numbers with a library of known numbers, run twice
below a shell. What is shown has the numbers that it has without them; what is not is one row; every
table still adds up to the whole.
"""

import json
import re

import lib

PROGRAM = """#include <stdlib.h>
#include <string.h>
void *part_make(int n);
static void *own(int n)
{
    return malloc(n);
}
int main(int argc, char **argv)
{
    int n = strcmp(argv[1], "big") == 0 ? 3 : 1;
    for (int i = 0; i < n; i++) {
        own(100000);
        part_make(30000);
    }
    free(part_make(7));
    return argc - 2;
}
"""
PART = """#include <stdlib.h>
static void *part_inner(int n)
{
    return malloc(n);
}
void *part_make(int n)
{
    return part_inner(n);
}
"""
KINDS = ("line", "function", "stack", "process", "command", "module", "task", "class")
PROCESSES, MODULES = "not shown: other processes", "not shown: other modules"
# (bytes, blocks) live at the end, and allocated
OWN = {"big": (300000, 3), "small": (100000, 1)}
PART_LIVE = {"big": (90000, 3), "small": (30000, 1)}


def build():
    folder = lib.fresh("parts")
    folder.mkdir()
    (folder / "prog.c").write_text(PROGRAM)
    (folder / "part.c").write_text(PART)
    for command in (["-shared", "-fPIC", "-o", "libpart.so", "part.c"],
                    ["-o", "prog", "prog.c", "-L.", "-lpart", "-Wl,-rpath,$ORIGIN"]):
        done = lib.run([lib.need("gcc"), "-g", "-O0", *command], cwd=folder)
        lib.equal(done.status, 0, f"gcc: {done.stderr!r}")
    return folder


def report(*options):
    done = lib.run([lib.REPORTER, "--width", "200", "-n", "0", *options, run])
    lib.equal((done.status, done.stderr), (0, b""), f"{options}")
    return done.stdout.decode()


def table(kind, *options):
    """({name: (leaked bytes, allocations)}, the last row): equal names are added up."""
    text = report("--by", kind, "--fields", "live_blocks,count,blocks", *options)
    rows, names = {}, []
    for line in text.splitlines()[1:]:
        *numbers, name = re.match(r" *(-?\d+) +(-?\d+) +(-?\d+)  (.*)$", line).groups()
        numbers = tuple(map(int, numbers))
        names.append(name)
        rows[name] = tuple(map(sum, zip(rows.get(name, (0, 0, 0)), numbers)))
    lib.equal(names[-1], "sum", f"{kind} {options}: the last row")
    return rows, rows.pop("sum")


def tables():
    selections = {("--process", r"prog big$"): {PROCESSES}, ("--module", r"libpart\.so$"): {MODULES},
                  ("--process", "big", "--module", "/prog$"): {PROCESSES, MODULES},
                  ("--process", "no such"): {PROCESSES}, ("--module", "no such"): {MODULES},
                  ("--process", "."): {PROCESSES}, ("--module", "."): {MODULES}}
    for kind in KINDS:
        everything, whole = table(kind)
        for options, rest in selections.items():
            what = f"--by {kind} {options}"
            shown, total = table(kind, *options)
            lib.equal(total, whole, f"{what}: sum")
            lib.equal(tuple(map(sum, zip(*shown.values()))), whole, f"{what}: rows")
            lib.equal({name for name in shown if name.startswith("not shown")}, rest, what)
            lib.check(set(shown) - rest <= set(everything), f"{what}: rows of before: {shown}")
            if kind in ("line", "function", "module") and "--process" not in options:
                for name in set(shown) - rest:
                    lib.equal(shown[name], everything[name], f"{what}: {name}")
            if "no such" in options:
                lib.check(set(shown) - rest <= {"[unattributed]", "(no task)", "(no module)"} or
                          all(shown[name] == (0, 0, 0) for name in set(shown) - rest),
                          f"{what}: nothing is shown: {shown}")
            if options[1:] == (".",):
                lib.equal(shown[next(iter(rest))], (0, 0, 0), f"{what}: nothing is left out")


def numbers():
    """What the programs did, and nothing else."""
    for which in ("big", "small"):
        rows, _ = table("function", "--process", f"prog {which}$")
        own, part = OWN[which][1], PART_LIVE[which][1]
        lib.equal(rows["own"][:2], (own, own), f"{which}: own")
        lib.equal(rows["part_inner"][:2], (part, part + 1), f"{which}: part_inner")
        rows, _ = table("process", "--process", f"prog {which}$", "--module", "libpart")
        mine = [row for name, row in rows.items() if name.endswith(f"prog {which}")]
        lib.equal([row[:2] for row in mine], [(part, part + 1)], f"{which}: its part")
        rows, _ = table("module", "--process", f"prog {which}$", "--module", "prog$")
        lib.equal([row[:2] for name, row in rows.items() if name.endswith("/prog")], [(own, own)],
                  f"{which}: the module")
    rows, _ = table("line", "--module", "libpart")
    lib.equal([name for name in rows if not name.startswith(("not", "["))],
              [f"part_inner  part.c:{line_of(PART, 'malloc(n)')}"], "lines of the library")
    text = report("--annotate", "part.c", "-p", "9", "--wide", "--process", "small")
    line = next(line for line in text.splitlines() if "malloc(n)" in line)
    lib.equal([round(float(cell) * 2**20) for cell in re.findall(r"(\S+) MiB", line)[2:4]],
              [30007, 0], "--annotate --process")


def line_of(source, text):
    return next(number for number, line in enumerate(source.splitlines(), 1) if text in line)


def section(text, title):
    return text.split(f"\n{title}\n")[1].split("\n\n")[0].splitlines()


def programs_of(text):
    """Program -> how many processes."""
    rows = [re.match(r"^(\S.*?)  +(\d+) ", line) for line in section(text, "Programs")]
    return {row[1]: int(row[2]) for row in rows if row}


def text_report():
    text = report("--process", "prog big$", "--module", "/prog$", "--wide")
    processes = section(text, "Processes")
    lib.equal([line for line in processes if line.endswith("prog big")] != [], True, "big is there")
    lib.check(not any(line.endswith("prog small") for line in processes), "small is not")
    lib.check(any("filtered out" in line for line in processes), "and that is said")
    lib.check("What RSS was made of" not in report("--process", "no such"), "RSS of nobody")
    everything, some = (programs_of(which) for which in (report(), text))
    lib.equal(some.pop(PROCESSES), sum(everything.values()) - some["prog"],
              f"programs add up: {everything}, {some}")
    lines = section(text, "Lines at the tree's heap peak")
    blocks = {}
    for line in lines:
        match = re.match(r" *\S+ \S+ +\d+\.\d% +(\d+)  (.*)$", line)
        if match:
            name = match[2] if match[2].startswith(("not", "sum", "unatt")) else match[2].split()[0]
            blocks[name] = blocks.get(name, 0) + int(match[1])
    lib.equal(blocks.pop("sum"), sum(blocks.values()), f"lines add up: {lines}")
    lib.check(blocks["own"] == 3 and "part_inner" not in blocks, f"lines: {lines}")
    lib.check(PROCESSES in blocks and blocks[MODULES] >= 3, f"lines: {lines}")
    functions = "\n".join(section(text, "Functions"))
    lib.check(re.search(r" own +\S*prog\.c", functions) and "part_" not in functions, functions)
    lib.check(" main " in functions and "not shown" not in functions, functions)
    tables_text = text.split("\nLine by line\n")[1]
    lib.check("prog.c" in tables_text and "part.c" not in tables_text, tables_text)


def everything_else():
    """JSON, CSV and stacks hold the same, and their sums are whole."""
    whole = json.loads(report("--json"))["totals"]["all"]["heap"]
    for options in (("--process", "prog big$"), ("--module", "libpart")):
        data = json.loads(report("--json", *options))
        lib.equal(data["totals"]["all"]["heap"], whole, f"{options}: totals")
        for name in ("allocated_bytes", "live_blocks", "tree_peak_bytes"):
            lines = sum(line["owned"]["heap"][name] for line in data["lines"]
                        if "heap" in line["owned"])
            rest = data["totals"]["unattributed"].get("heap", {}).get(name, 0)
            lib.equal(lines + rest, whole[name], f"{options}: {name} of lines")
            sites = sum(site["counters"][name] for site in data["sites"]
                        if site["class"] == "heap")
            lib.equal(sites, whole[name], f"{options}: {name} of sites")
    stacks = [line.rsplit(" ", 1) for line in
              report("--export", "collapsed", "--value", "count",
                     "--process", "prog big$").splitlines()]
    lib.equal(sum(int(n) for _, n in stacks), whole["allocated_blocks"], "stacks")
    lib.check(any(PROCESSES in stack for stack, _ in stacks), f"the rest's stack: {stacks}")
    lib.equal([int(n) for stack, n in stacks if stack.endswith(";own")], [3], "own")


def mistakes():
    for option in ("--process", "--module"):
        done = lib.run([lib.REPORTER, option, "(", run])
        lib.equal((done.status, done.stdout, done.stderr.count(b"\n")), (2, b"", 1), option)
        lib.check(option.encode() in done.stderr and b"'('" in done.stderr, f"{done.stderr!r}")
        mark = lib.fresh("mark")
        done = lib.run([lib.LAUNCHER, option, "(", "touch", mark])
        lib.equal((done.status, done.stderr.count(b"\n"), mark.exists()), (2, 1, False),
                  f"{option}: before the command starts")
    by_launcher = lib.Profiled([programs / "prog", "big"], "--module", "libpart", "--process", "x")
    lib.check(MODULES in by_launcher.report and PROCESSES in by_launcher.report, "by the launcher")
    sampled = lib.Profiled(["sh", "-c", f"{programs}/prog big; {programs}/prog small; true"],
                           "--sample", "20K").directory
    for kind in KINDS:
        for options in ((), ("--process", "big"), ("--module", "libpart")):
            done = lib.run([lib.REPORTER, "--width", "200", "-n", "0", "--by", kind, "--fields",
                            "count", *options, sampled])
            rows = [int(line.split()[0]) for line in done.stdout.decode().splitlines()[1:]]
            lib.equal(sum(rows[:-1]), rows[-1], f"sampled: {kind} {options}")
            lib.check(kind == "class" or rows[-1] >= 10, f"sampled, {kind}: {rows}")


programs = build()
run = lib.Profiled(["sh", "-c", f"{programs}/prog big; {programs}/prog small; true"]).directory
tables()
numbers()
text_report()
everything_else()
mistakes()
lib.finish()
