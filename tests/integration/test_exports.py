#!/usr/bin/python3
"""Exports, each read by the program it is for where apt has it, and added up against the JSON
report: go tool pprof, ms_print, python's csv and json; a stack of truth_tree keeps its frames and bytes.
"""

import collections
import csv
import io
import json
import os
import re

import lib

VALUES = {"at-peak": "tree_peak_bytes", "leaked": "live_bytes", "total": "allocated_bytes",
          "count": "allocated_blocks"}


def export(directory, spec, *options):
    done = lib.run([lib.REPORTER, "--export", spec, *options, directory])
    lib.equal((done.status, done.stderr), (0, b""), f"--export {spec} {options}")
    return done.stdout


def total(profile, value):
    return profile.data["totals"]["all"]["heap"][VALUES[value]]


def stacks_of(text):
    """Collapsed stacks as every reader takes them: the last blank parts stack and weight."""
    stacks = collections.Counter()
    for line in text.decode().splitlines():
        stack, weight = line.rsplit(" ", 1)
        stacks[tuple(stack.split(";"))] += int(weight)
    return stacks


def collapsed(directory, profile):
    for value in VALUES:
        merged = stacks_of(export(directory, "collapsed", "--value", value))
        lib.equal(sum(merged.values()), total(profile, value), f"collapsed {value}: sum")
        split = stacks_of(export(directory, "collapsed", "--value", value, "--per-process"))
        together = collections.Counter()
        for stack, weight in split.items():
            together[stack[1:]] += weight
        lib.equal(together, merged, f"collapsed {value}: sum over processes")
        blue = profile.counters("blue", BLUE_LINE)[VALUES[value]]
        lib.equal(sum(w for stack, w in merged.items() if "blue" in stack[-2:]), blue,
                  f"collapsed {value}: blue")
    names = {stack[0] for stack in split}
    lib.equal(names & {f"truth_tree ({image.pid})" for image in profile.images}, names,
              "a root frame a process")


def speedscope(directory, profile):
    merged = json.loads(export(directory, "speedscope"))
    lib.equal(merged["$schema"], "https://www.speedscope.app/file-format-schema.json", "$schema")
    lib.equal(len(merged["profiles"]), len(VALUES), "speedscope: a profile a value")
    for one, value in zip(merged["profiles"], VALUES):
        lib.equal(one["endValue"], total(profile, value), f"speedscope {value}: end")
        lib.equal(sum(one["weights"]), one["endValue"], f"speedscope {value}: weights")
        lib.equal(len(one["samples"]), len(one["weights"]), f"speedscope {value}: samples")
    frames = merged["shared"]["frames"]
    lib.check(any(f["name"] == "blue" and f.get("line") == BLUE_LINE and
                  f["file"].endswith("truth_tree.c") for f in frames), "speedscope: blue's frame")
    split = json.loads(export(directory, "speedscope", "--per-process"))
    lib.equal(sum(one["endValue"] for one in split["profiles"]), total(profile, "at-peak"),
              "speedscope: sum of processes")
    for document in (merged, split):
        used = {index for one in document["profiles"] for s in one["samples"] for index in s}
        lib.check(not used or max(used) < len(document["shared"]["frames"]), "frame indices")


def pprof(directory, profile):
    path = lib.fresh("pprof")
    if not lib.has("go", "pprof"):
        return
    for options in ((), ("--per-process",)):
        export(directory, f"pprof:{path}", "-q", *options)
        raw = lib.run(["go", "tool", "pprof", "-raw", path],
                      env=dict(os.environ, HOME=str(lib.scratch))).stdout.decode()
        header = re.search(r"^(\S+/bytes.*)$", raw, re.MULTILINE).group(1)
        lib.equal([word.split("/")[0] for word in header.split()], list(VALUES), "pprof: types")
        lib.check("at-peak/bytes[dflt]" in header, f"pprof: default type: {header}")
        rows = re.findall(r"^ *(\d+) +(\d+) +(\d+) +(\d+): ", raw, re.MULTILINE)
        for at, value in enumerate(VALUES):
            lib.equal(sum(int(row[at]) for row in rows), total(profile, value),
                      f"pprof {value} {options}")
        pids = set(re.findall(r"pid:\[(\d+)\]", raw))
        lib.equal(bool(pids), bool(options), "pprof: labels")
    listing = lib.run(["go", "tool", "pprof", "-sample_index=total", "-list", "^blue$", path],
                      env=dict(os.environ, HOME=str(lib.scratch))).stdout.decode()
    lib.check(re.search(rf"MB +{BLUE_LINE}:", listing, re.MULTILINE),
              f"go tool pprof -list shows blue's line: {listing[-300:]}")


def massif(directory, profile):
    """ms_print draws it; at the peak, children add up to their parents."""
    path = lib.fresh("massif")
    export(directory, f"massif:{path}", "-q")
    if lib.has("ms_print", "the file with it"):
        printed = lib.run(["ms_print", path])
        lib.equal(printed.status, 0, f"ms_print: {printed.stderr[-200:]!r}")
        text = printed.stdout.decode()
        lib.check(re.search(r"Detailed snapshots: \[\d+ \(peak\)\]", text), "ms_print: one peak")
        lib.check(re.search(rf"blue \(truth_tree\.c:{BLUE_LINE}\)", text), "ms_print: blue's line")
    peak = path.read_text().split("heap_tree=peak\n")[1].split("#---")[0].splitlines()
    nodes = [re.match(r"( *)n(\d+): (\d+) ", row).groups() for row in peak]
    lib.equal(int(nodes[0][2]), total(profile, "at-peak"), "massif: the peak")
    for at, (indent, n, size) in enumerate(nodes):
        below = []
        for inner, _, inner_size in nodes[at + 1:]:
            if len(inner) <= len(indent):
                break
            if len(inner) == len(indent) + 1:
                below.append(int(inner_size))
        lib.equal(len(below), int(n), f"massif: children of {peak[at]}")
        lib.check(sum(below) <= int(size), f"massif: children add up: {peak[at]}")


def trace(directory, profile):
    events = json.loads(export(directory, "trace"))["traceEvents"]
    bars = [event for event in events if event["ph"] == "X"]
    lib.equal({bar["pid"] for bar in bars}, {image.pid for image in profile.images}, "trace: bars")
    lib.check(all(bar["dur"] > 0 for bar in bars), f"trace: {bars}")
    root = min(bars, key=lambda bar: bar["ts"])
    for bar in bars:
        lib.check(root["ts"] <= bar["ts"] and bar["ts"] + bar["dur"] <=
                  root["ts"] + root["dur"] + 1e5, f"trace: {bar} outside {root}")
    counters = {event["name"] for event in events if event["ph"] == "C" and event["pid"] == 0}
    lib.check({"RSS", "heap"} <= counters, f"trace: counters {counters}")
    lib.check(all(event["ph"] in "MCXi" for event in events), "trace: phases")


def as_csv(directory, profile):
    rows = list(csv.DictReader(io.StringIO(export(directory, "csv").decode())))
    for column in VALUES.values():
        lib.equal(sum(int(row[column]) for row in rows),
                  profile.data["totals"]["all"]["heap"][column], f"csv: {column}")
    lib.equal(rows[-1]["function"], "[unattributed]", "csv: the last row")


def mistakes(directory):
    for options, word in ((["--export", "svg"], b"svg"), (["--export", "csv:"], b"csv:"),
                          (["--value", "most"], b"most"),
                          (["--export", "csv:/nowhere/at/all"], b"/nowhere/at/all")):
        done = lib.run([lib.REPORTER, *options, directory])
        lib.equal(done.status, 2, f"{options}: status")
        lib.check(word in done.stderr and done.stderr.count(b"\n") == 1,
                  f"{options}: {done.stderr!r}")


profiled = lib.Profiled([lib.workload("truth_tree")])
data = profiled.must_have_profile()
BLUE_LINE = next(line for (name, line) in data.lines if name == "blue" and
                 data.counters("blue", line))
collapsed(profiled.directory, data)
speedscope(profiled.directory, data)
as_csv(profiled.directory, data)
massif(profiled.directory, data)
trace(profiled.directory, data)
mistakes(profiled.directory)
pprof(profiled.directory, data)
lib.finish()
