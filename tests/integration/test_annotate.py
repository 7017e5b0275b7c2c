#!/usr/bin/python3
"""A whole source file with its numbers (--annotate), and the columns of --wide: every line as the
program's own books have it, each stack once at a line however many functions are there; the
layout without --wide untouched; which file is meant, or a line that names the candidates.
"""

import re

import lib

HEAD = "Line #    Mem usage    Increment  Occurrences   "
WIDE = "   Allocated   Freed here      At peak       Blocks  Share  "
SIZE = r"( {12}| *-?[\d.]+ MiB)"
ROW = re.compile(rf"^ *(\d+) {SIZE} {SIZE}  (.{{10}})   (.*)$")
WIDE_ROW = re.compile(rf"^{SIZE} {SIZE} {SIZE} (.{{12}}) ([ \d.]{{5}}[% ])  (.*)$")

TWO_ON_A_LINE = """#include <stdlib.h>
#define TWO(outer, inner) \\
    __attribute__((noinline)) static void *inner(void) { return malloc(1000); } \\
    __attribute__((noinline)) static void *outer(void) { return inner(); }
TWO(first, second)
__attribute__((noinline)) void *deep(int n)
{
    void *here = n ? deep(n - 1) : malloc(300); void *more = malloc(7); free(more); return here;
}
void *other(void);
int main(void)
{
    free(first());
    free(deep(5));
    free(other());
    return 0;
}
"""
OTHER = """#include <stdlib.h>
void *other(void)
{
    return calloc(2, 50);
}
"""


def report(directory, *options):
    return lib.run([lib.REPORTER, *options, directory])


def n_bytes(cell):
    """"0.000095367 MiB" -> 100: nine decimals tell every byte."""
    cell = cell.strip()
    return round(float(cell.removesuffix(" MiB")) * 2**20) if cell else None


def rows_of(text, is_wide):
    """Line number -> (usage, increment, occurrences, wide columns or None, source)."""
    rows = {}
    for line in text.splitlines():
        match = ROW.match(line)
        if not match:
            continue
        number, usage, increment, occurrences, rest = match.groups()
        wide = WIDE_ROW.match(rest) if is_wide else None
        lib.check(bool(wide) == is_wide, f"no wide columns: {line!r}")
        columns = None
        if wide and wide[1].strip():
            columns = (*map(n_bytes, wide.groups()[:3]), int(wide[4]), float(wide[5][:-1]))
        rows[int(number)] = (n_bytes(usage), n_bytes(increment),
                             int(occurrences) if occurrences.strip() else None, columns,
                             wide[6] if wide else rest)
    return rows


def annotated(directory, name, *options):
    done = report(directory, "--annotate", name, "--precision", "9", *options)
    lib.equal((done.status, done.stderr), (0, b""), f"--annotate {name}")
    return done.stdout.decode()


def books_and_table(level):
    """Of lines that allocate or free themselves; all others lead to them."""
    books, profiled = lib.with_truth([lib.workload("truth_lines", level)])
    source = (lib.SOURCE / "workloads/truth_lines.c").read_text().splitlines()
    narrow = annotated(profiled.directory, "workloads/truth_lines.c")
    wide = annotated(profiled.directory, "truth_lines.c", "--wide")
    lib.check(HEAD + "Line Contents" in narrow.splitlines(), "the standard head")
    lib.check("=" * 61 in narrow.splitlines(), "the standard rule")
    lib.check(HEAD + WIDE + "Line Contents" in wide.splitlines(), "the wide head")
    lib.check("Increment: allocated minus freed" in narrow, "what the columns are")
    plain, rows = rows_of(narrow, False), rows_of(wide, True)
    lib.equal([row[4] for row in rows.values()], source, "the whole file")
    lib.equal({number: (*row[:3], row[4]) for number, row in rows.items()},
              {number: (*row[:3], row[4]) for number, row in plain.items()},
              "--wide changes nothing else")
    whole = books[0]["peak_heap_bytes"]
    for line in books[0]["lines"]:
        usage, increment, occurrences, columns, _ = rows[line["line"]]
        what = f"{level}, line {line['line']}"
        lib.equal(columns and columns[:4],
                  (line["allocated_bytes"], line["freed_here_bytes"], line["at_peak_bytes"],
                   line["at_peak_blocks"]), f"{what}: wide")
        lib.equal(increment, line["allocated_bytes"] - line["freed_here_bytes"], f"{what}: change")
        lib.equal(occurrences, line["allocated_blocks"] or line["freed_here_blocks"],
                  f"{what}: occurrences")
        lib.equal(usage, line["max_total_bytes"], f"{what}: usage")
        lib.check(abs(columns[4] - 100 * line["at_peak_bytes"] / whole) <= 0.051, f"{what}: share")
    # All that the program did is under a line of main.
    first = next(number for number, text in enumerate(source, 1) if text == "int main(void)")
    main = [row[3] for number, row in rows.items() if number > first and row[3]]
    for column, name in enumerate(("allocated_bytes", "freed_here_bytes", "at_peak_bytes",
                                   "at_peak_blocks")):
        lib.equal(sum(row[column] for row in main), sum(line[name] for line in books[0]["lines"]),
                  f"{level}: main's {name}")


def function_tables():
    """The tables of --function have the same columns."""
    books, profiled = lib.with_truth([lib.workload("truth_lines")])
    done = report(profiled.directory, "--function", "^neighbours$", "--wide", "-p", "9")
    rows = rows_of(done.stdout.decode().split("Filename:")[1].split("\n\n\n")[0], True)
    for line in books[0]["lines"]:
        if line["function"] == "neighbours":
            lib.equal(rows[line["line"]][3][:2],
                      (line["allocated_bytes"], line["freed_here_bytes"]), f"{line['line']}")
    peak_only = lib.Profiled([lib.workload("truth_lines")], "--peak-only")
    text = annotated(peak_only.directory, "truth_lines.c", "--wide")
    lib.check("   Freed " in text and "Freed here" not in text, "without stacks of frees")
    by_launcher = lib.Profiled([lib.workload("truth_lines")], "--annotate", "truth_lines.c",
                               "--wide")
    lib.equal(by_launcher.report, report(by_launcher.directory, "--annotate", "truth_lines.c",
                                         "--wide").stdout.decode(), "the launcher's")


def once_a_line():
    """Two functions of one line, recursion, a file of the same name elsewhere."""
    folder = lib.fresh("two")
    for name, text in (("a/same.c", TWO_ON_A_LINE), ("b/same.c", OTHER)):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
    done = lib.run([lib.need("gcc"), "-g", "-O0", "-o", "two", "a/same.c", "b/same.c"], cwd=folder)
    lib.equal(done.status, 0, f"gcc: {done.stderr!r}")
    run = lib.Profiled([folder / "two"]).directory
    rows = rows_of(annotated(run, "a/same.c", "--wide"), True)
    line = {text: number for number, text in enumerate(TWO_ON_A_LINE.splitlines(), 1)}
    lib.equal(rows[line["TWO(first, second)"]][3][0], 1000, "two functions of one line")
    deep = next(number for text, number in line.items() if "deep(n - 1)" in text)
    lib.equal((rows[deep][3][0], rows[deep][2]), (300 + 6 * 7, 7), "recursion")
    lib.equal(rows_of(annotated(run, f"{folder}/b/same.c"), False)[4][1], 100, "by its path")
    lib.equal(rows_of(annotated(run, "./b/same.c"), False)[4][1], 100, "from here")
    (folder / "b/same.c").unlink()
    text = annotated(run, "b/same.c")
    lib.check("not on disk" in text and list(rows_of(text, False)) == [4], f"no source: {text}")
    mistakes(run, folder)


def mistakes(run, folder):
    both = [f"{folder}/{name}/same.c" for name in "ab"]
    for name, named in (("same.c", both), ("c/same.c", both), ("ame.c", both[:1]), ("", []),
                        ("nothing.c", both)):
        done = report(run, "--annotate", name)
        lib.equal((done.status, done.stdout, done.stderr.count(b"\n")), (2, b"", 1),
                  f"--annotate {name}: {done.stderr!r}")
        for path in named:
            lib.check("/".join(path.split("/")[-2:]) in done.stderr.decode(),
                      f"--annotate {name} does not name {path}: {done.stderr!r}")
    done = report(run, "--annotate", "a/same.c", "--by", "line")
    lib.equal((done.status, done.stderr.count(b"\n")), (2, 1), "--annotate and --by")
    off = lib.Profiled([folder / "two"], "--stacks=off").directory
    done = report(off, "--annotate", "a/same.c")
    lib.check(done.status == 2 and b"no source lines" in done.stderr, f"stacks off: {done}")


for at_level in ("O0", "O2"):
    books_and_table(at_level)
function_tables()
once_a_line()
lib.finish()
