#!/usr/bin/python3
"""--export heaptrack, read by heaptrack_print: its totals and each of its stacks, at the peak, leaked
and counted, are those of the JSON report.
"""

import collections
import re

import lib

VALUES = {"peak": "tree_peak_bytes", "leaked": "live_bytes", "allocations": "allocated_blocks"}
UNITS = {"B": 1, "K": 1000, "M": 1000 ** 2, "G": 1000 ** 3}


def heaptrack_print(path, *options):
    done = lib.run([lib.need("heaptrack_print"), "--disable-builtin-suppressions", "-f", path, *options])
    lib.equal(done.status, 0, f"heaptrack_print: {done.stderr[-300:]!r}")
    lib.check(b"failed" not in done.stderr + done.stdout, f"heaptrack_print: {done.stderr[-300:]!r}")
    return done.stdout.decode()


def from_main(names):
    """heaptrack leaves out what is outside of main, or of what calls it, but not in every stack."""
    outermost = next((name for name in ("main", "__libc_start_main") if name in names), None)
    return tuple(names[names.index(outermost):] if outermost else names)


def stacks(path, cost):
    """{(function, ...): weight}, outermost first."""
    out, found = lib.fresh("stacks"), collections.Counter()
    heaptrack_print(path, "-t0", "-F", out, "--flamegraph-cost-type", cost)
    for line in out.read_text().splitlines():
        stack, weight = line.rsplit(" ", 1)
        # "main (main.c)"; what has no symbol is "module+0x1234" here, "[module]" there
        names = [re.sub(r" \([^()]*\.[^()]*\)$", "", name) for name in stack.split(";") if name]
        names = [re.sub(r"^(\S+)\+0x[0-9a-f]+$", r"[\1]", name) for name in names]
        if int(weight):
            found[from_main(names)] += int(weight)
    return found


def expected(data, counter):
    found = collections.Counter()
    for site in data["sites"]:
        if site["class"] == "heap" and site["counters"][counter]:
            names = [data["functions"][data["lines"][line]["function"]]["name"] for line in site["stack"]]
            while names and re.match(r"operator new(\[\])?\(unsigned long\)$", names[0]):
                names.pop(0) # as heaptrack does
            found[from_main(names[::-1])] += site["counters"][counter]
    return found


def summary(path):
    """(calls, temporary, peak, leaked) as printed; sizes with their unit and three digits."""
    text = heaptrack_print(path)
    calls, temporary = (int(re.search(rf"^{what}: (\d+) ", text, re.M).group(1)) for what in
                        ("calls to allocation functions", "temporary memory allocations"))
    peak, leaked = (re.search(rf"^{what}: (\S+)$", text, re.M).group(1) for what in
                    ("peak heap memory consumption", "total memory leaked"))
    return calls, temporary, peak, leaked


def is_printed_as(number, text):
    digits, unit = re.match(r"([\d.]+)([BKMG]?)$", text).groups()
    return abs(number - float(digits) * UNITS[unit or "B"]) <= 0.0051 * UNITS[unit or "B"]


def check_summary(path, heap, peak, what):
    calls, temporary, printed_peak, printed_leaked = summary(path)
    lib.equal((calls, temporary), (heap["allocated_blocks"], 0), f"{what}: calls, temporary")
    lib.check(is_printed_as(heap[peak], printed_peak), f"{what}: peak {heap[peak]}, {printed_peak}")
    lib.check(is_printed_as(heap["live_bytes"], printed_leaked), f"{what}: {heap['live_bytes']}, {printed_leaked}")


def merged(*command):
    what = " ".join(str(word).split("/")[-1] for word in command)
    profiled = lib.Profiled(command)
    data = profiled.must_have_profile().data
    path = lib.fresh("heaptrack")
    done = lib.run([lib.REPORTER, "-q", "--export", f"heaptrack:{path}", profiled.directory])
    lib.equal((done.status, done.stderr), (0, b""), what)
    check_summary(path, data["totals"]["all"]["heap"], "tree_peak_bytes", what)
    for cost, counter in VALUES.items():
        lib.equal(stacks(path, cost), expected(data, counter), f"{what}: {cost}")
    return profiled


def each_process(profiled):
    """A file for each, at its own peak; an exec'd program has another one."""
    base = lib.fresh("heaptrack")
    done = lib.run([lib.REPORTER, "-q", "--per-process", "--export", f"heaptrack:{base}", profiled.directory])
    lib.equal((done.status, done.stderr), (0, b""), "--per-process")
    images = [image for image in profiled.profile.images if image.row["all"].get("heap", {}).get("allocated_blocks")]
    files = sorted(base.parent.glob(base.name + ".*"))
    lib.equal(len(files), len(images), "a file a process")
    seen = collections.Counter()
    for image in sorted(profiled.profile.images, key=lambda image: image.row["start_seconds"]):
        seen[image.pid] += 1
        if image in images:
            path = f"{base}.{image.pid}" + (f".{seen[image.pid]}" if seen[image.pid] > 1 else "")
            check_summary(path, image.row["all"]["heap"], "process_peak_bytes", path)


def mistakes(directory):
    """Leaks of processes that did not live at the same time, more than ever was live: that is no
    run of one process."""
    done = lib.run([lib.REPORTER, "-q", "--export", f"heaptrack:{lib.fresh('heaptrack')}", directory])
    lib.equal((done.status, done.stderr.count(b"\n")), (2, 1), f"leaks above the peak: {done.stderr!r}")
    lib.check(b"--per-process" in done.stderr, f"leaks above the peak: {done.stderr!r}")


for level in ("O0", "O2"):
    merged(lib.workload("truth_lines", level))
    merged(lib.workload("truth_cxx", level))
merged(lib.workload("truth_peak"), "sawtooth")
merged(lib.workload("waste"), "alone")
program = lib.workload("truth_lines")
each_process(merged("sh", "-c", f"{program} & {program} & {program}; wait"))
many = lib.Profiled([lib.workload("truth_tree")])
mistakes(many.directory)
each_process(many)
lib.finish()
