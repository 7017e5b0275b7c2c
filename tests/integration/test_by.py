#!/usr/bin/python3
"""One table of the user's choice (--by, --fields, --sort, --top), and call trees: every kind of
row adds up to the JSON report's totals, whatever is cut off; rows are in order.
"""

import collections
import re

import lib

KINDS = ("line", "function", "stack", "process", "command", "module", "task", "class")
FIELDS = {"total": "allocated_bytes", "count": "allocated_blocks", "leaked": "live_bytes",
          "freed": "freed_bytes", "at-peak": "tree_peak_bytes", "blocks": "tree_peak_blocks"}


def report(*options):
    done = lib.run([lib.REPORTER, "--width", "200", *options, profiled.directory])
    lib.equal((done.status, done.stderr), (0, b""), f"{options}")
    return done.stdout.decode().splitlines()


def counts(*options):
    """(heading, [(number, name)...], sum) of a table with one column of blocks."""
    rows = [re.match(r" *(-?\d+)  (.*)$", line).groups() for line in report(*options)[1:]]
    numbers = [(int(number), name) for number, name in rows]
    return numbers[:-1], numbers[-1]


def tables():
    total = data.data["totals"]["all"]["heap"]["allocated_blocks"]
    for kind in KINDS:
        for options in (("-n", "0"), ("-n", "2")):
            rows, last = counts("--by", kind, "--fields", "count", *options)
            lib.equal(last, (total, "sum"), f"--by {kind} {options}: sum")
            lib.equal(sum(number for number, _ in rows), total, f"--by {kind} {options}: rows")
            shown = [number for number, name in rows if not name.startswith("... and ")]
            lib.equal(shown, sorted(shown, reverse=True), f"--by {kind}: order")
    rows, _ = counts("--by", "process", "--fields", "count", "-n", "0")
    by_pid = {int(name.split()[0]): number for number, name in rows}
    for image in data.images:
        blocks = image.row["all"].get("heap", {}).get("allocated_blocks", 0)
        lib.equal(by_pid.get(image.pid, 0), blocks, f"--by process: {image.pid}")
    rows, _ = counts("--by", "line", "--fields", "count", "-n", "0")
    blue = sum(number for number, name in rows if name.startswith("blue  truth_tree.c:"))
    lib.equal(blue, data.counters("blue", BLUE_LINE)["allocated_blocks"], "--by line: blue")
    head = report("--by", "class", "--fields", ",".join(FIELDS))[0]
    lib.equal(len(re.split(r"\s{2,}", head.strip())), len(FIELDS) + 1, f"columns: {head}")
    first = report("--by", "line", "--sort", "leaked", "--fields", "count,leaked")[1]
    lib.check("red  truth_tree.c" in first, f"--sort leaked: {first}")


def trees():
    for direction, root, leaf in (("top-down", "main", "blue"), ("bottom-up", "blue", "main")):
        lines = report("--export", direction, "--value", "count")
        whole = data.data["totals"]["all"]["heap"]["allocated_blocks"]
        lib.equal(int(lines[0].split()[1]), whole, f"{direction}: the whole")
        text = "\n".join(lines)
        lib.check(re.search(rf" {root} \(.*(\n.*)+ {leaf} \(", text), f"{direction}: {text}")


def threshold():
    """Branches from the threshold on, at each depth the heaviest first; 0 has all."""
    for direction in ("top-down", "bottom-up"):
        n_lines = []
        for percent in ("0", "1", "20.5", "100"):
            lines = report("--export", direction, "--value", "count", "--threshold", percent)
            n_lines.append(len(lines))
            last = {}
            for line in lines[1:]:
                share, count, indent, name = re.match(r" *([\d.]+)% +(\d+)   ( *)(.*)$", line).groups()
                if re.match(r"\.\.\. \d+ smaller$", name):
                    lib.check(percent != "0", f"{direction} {percent}: {line}")
                    continue
                lib.check(float(share) + 0.05 >= float(percent), f"{direction} {percent}: {line}")
                last = {depth: n for depth, n in last.items() if depth <= len(indent)}
                lib.check(int(count) <= last.get(len(indent), 1 << 62), f"{direction} {percent}: order: {line}")
                last[len(indent)] = int(count)
        lib.equal(n_lines, sorted(n_lines, reverse=True), f"{direction}: lines by threshold")
        lib.check(n_lines[0] > n_lines[2], f"{direction}: {n_lines}")


def neighbours(name):
    """{(mark, name): allocations} of a function, from the stacks of the JSON report."""
    book = collections.Counter()
    for site in data.data["sites"]:
        if site["class"] != "heap":
            continue
        names = [data.data["functions"][data.data["lines"][line]["function"]]["name"] for line in site["stack"]]
        if name not in names:
            continue
        inner, outer = names.index(name), len(names) - 1 - names[::-1].index(name)
        caller = names[outer + 1] if outer + 1 < len(names) else "(nobody known)"
        callee = names[inner - 1] if inner else "(allocated here)"
        count = site["counters"]["allocated_blocks"]
        for key in (("", name), ("<", caller), (">", callee)):
            book[key] += count
    return {key: count for key, count in book.items() if count}


def callers():
    for name in ("blue", "main", "_start"):
        want, got = neighbours(name), {}
        lines = report("--callers", f"^{name}$", "-n", "0")
        for line in lines[2:]:
            numbers, mark, shown = re.match(r"(.*\d)  (?:  ([<>]) )?(\S.*)$", line).groups()
            got[mark or "", shown.split("  ")[0]] = int(numbers.split()[-1])
        lib.equal(got, want, f"--callers {name}")
        for mark in "<>":
            lib.equal(sum(count for key, count in got.items() if key[0] == mark), got["", name],
                      f"--callers {name}: {mark} adds up")
    lib.check("no function" in report("--callers", "^nobody$")[0], "--callers of nothing")
    lib.check(len(report("--callers", ".", "-n", "1")) < len(report("--callers", ".", "-n", "3")), "--callers --top")


def mistakes():
    for options, word in ((("--by", "colour"), b"colour"), (("--by", "line", "--fields", "x"), b"x"),
                          (("--by", "line", "--sort", ""), b"--sort"), (("--callers", "("), b"--callers"),
                          (("--threshold", "101"), b"101"), (("--threshold", "nan"), b"nan"),
                          (("--by", "line", "--fields", ",".join(["count"] * 9)), b"--fields")):
        done = lib.run([lib.REPORTER, *options, profiled.directory])
        lib.equal((done.status, done.stderr.count(b"\n")), (2, 1), f"{options}: {done.stderr!r}")
        lib.check(word in done.stderr, f"{options}: {done.stderr!r}")


profiled = lib.Profiled([lib.workload("truth_tree")])
data = profiled.must_have_profile()
BLUE_LINE = next(line for (name, line) in data.lines if name == "blue" and
                 data.counters("blue", line))
tables()
trees()
threshold()
callers()
mistakes()
lib.finish()
