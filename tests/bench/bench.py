#!/usr/bin/python3
"""bench.py - measures every case under every tool, interleaved, and writes tables, JSON and chart.

Called by run.sh, which builds first. For each case all tools take turns, beginning with another
one each time, so that a slow minute of the machine hits all of them.
"""

import argparse
import datetime
import fnmatch
import json
import os
import pathlib
import platform
import sys

import cases
import chart
import goals
import measure
import summary
import tables
import tools

SLOW_NS = 30_000_000_000  # a slow tool's time in one case after which two measurements do
SOURCE = pathlib.Path(__file__).resolve().parents[2]


def options(arguments):
    parser = argparse.ArgumentParser(prog="tests/bench/run.sh", description=__doc__.splitlines()[0],
                                     allow_abbrev=False)
    parser.add_argument("--build", type=pathlib.Path, default=SOURCE / "build",
                        help="where the project is built (default: build/)")
    parser.add_argument("--out", type=pathlib.Path, help="where results go (default: BUILD/bench-out)")
    parser.add_argument("--quick", action="store_true",
                        help="small inputs and short loops: does it work? Figures are not to quote")
    parser.add_argument("--repeat", type=int, metavar="N",
                        help="measurements of each (default: 5; 2 with --quick)")
    parser.add_argument("--only", default="*", metavar="NAMES",
                        help="cases, comma-separated, with * and ?: 'tight-*,cc1'")
    parser.add_argument("--tools", default="*", metavar="NAMES", help="tools, in the same way")
    parser.add_argument("--list", action="store_true", help="list cases and tools, run nothing")
    parser.add_argument("--from", dest="source", type=pathlib.Path, metavar="FILE",
                        help="measure nothing: tables and chart of this JSON file once more")
    chosen = parser.parse_args(arguments)
    if chosen.repeat is None:
        chosen.repeat = 2 if chosen.quick else 5
    if chosen.repeat < 1:
        parser.error(f"--repeat={chosen.repeat}: not a number of measurements")
    chosen.build = chosen.build.resolve()
    chosen.out = (chosen.out or chosen.build / "bench-out").resolve()
    try:
        chosen.out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        parser.exit(2, f"bench: --out={chosen.out}: no directory can be there: {problem.strerror}\n")
    return chosen


def choose(things, names, what):
    """Those whose name fits one of the comma-separated patterns; each pattern must fit one."""
    patterns = names.split(",")
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(thing.name, pattern) for thing in things):
            sys.exit(f"bench: no {what} '{pattern}' (see --list)")
    return [thing for thing in things
            if any(fnmatch.fnmatchcase(thing.name, pattern) for pattern in patterns)]


def machine():
    cpu = "unknown processor"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(":", 1)[1].strip()
            break
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "libc": " ".join(platform.libc_ver()), "load": os.getloadavg()[0]}


def why_not(case, tool):
    """Why @tool does not run @case by design, or None."""
    if case.only and tool.name not in case.only:
        return "too slow or too large for this case"
    if case.kind not in tool.kinds:
        return "does not follow children" if case.kind in ("tree", "storm") else "not for this"
    if tool.only_small and not case.is_small:
        return "a hundred times slower: small cases only"
    return None


def has_enough(tool, runs, chosen):
    """Is this tool measured often enough here? Only those that are compared in the README are
    always repeated as asked: some of the others take a minute for what takes a second."""
    if tool.is_core or not runs:
        return False
    if chosen.quick:
        return True
    is_slow = tool.only_small or sum(run["wall_ns"] for run in runs) > SLOW_NS
    return len(runs) >= 2 and is_slow


def warm_up(case, chosen, scratch):
    """Once without figures, so that the first measurement does not wait for the disk."""
    if case.kind != "loop":
        measure.run_once(chosen.build / "bench/bench_runner", case, tools.bare(), scratch)


def measure_case(case, chosen_tools, chosen, record):
    """Fills record["runs"] and record["skipped"] of one case."""
    fitting = []
    for tool in chosen_tools:
        reason = why_not(case, tool)
        if reason:
            record["skipped"][tool.name] = reason
        else:
            fitting.append(tool)
    scratch = chosen.out / "scratch"
    warm_up(case, chosen, scratch)
    for turn in range(chosen.repeat):
        first = turn % len(fitting) if fitting else 0
        for tool in fitting[first:] + fitting[:first]:
            runs = record["runs"].setdefault(tool.name, [])
            if tool.name in record["skipped"] or has_enough(tool, runs, chosen):
                continue
            try:
                runs.append(measure.run_once(chosen.build / "bench/bench_runner", case, tool,
                                             scratch))
            except (measure.Failed, OSError) as problem:
                record["skipped"][tool.name] = f"FAILED: {problem}"
                print(f"    {tool.name} failed: {problem}", file=sys.stderr)


def save(result, chosen):
    """Writes results.json, tables.md and chart.svg; returns the tables."""
    medians = summary.Summary(result)
    text = tables.render(medians, goals.check(medians))
    (chosen.out / "results.json").write_text(json.dumps(result, indent=1) + "\n")
    (chosen.out / "tables.md").write_text(text)
    (chosen.out / "chart.svg").write_text(chart.draw(medians))
    return text


def run_all(chosen, chosen_cases, chosen_tools):
    missing = {tool.name: tool.missing() for tool in chosen_tools}
    chosen_tools = [tool for tool in chosen_tools if not missing[tool.name]]
    result = {"format": 1, "date": datetime.date.today().isoformat(), "machine": machine(),
              "repeat": chosen.repeat, "quick": chosen.quick,
              "tools": {tool.name: tool.title for tool in chosen_tools},
              "missing_tools": {name: why for name, why in missing.items() if why}, "cases": []}
    if result["machine"]["load"] > 0.5:
        print("warning: something else runs on this machine; figures will be off", file=sys.stderr)
    work = cases.Workspace(chosen.build, SOURCE, chosen.out / "inputs", chosen.quick)
    work.inputs.mkdir(parents=True, exist_ok=True)
    for i, case in enumerate(chosen_cases, 1):
        print(f"[{i}/{len(chosen_cases)}] {case.name}", file=sys.stderr, flush=True)
        record = {"name": case.name, "kind": case.kind, "pattern": case.pattern, "unit": case.unit,
                  "runs": {}, "skipped": {}}
        try:
            case.prepare(case, work)
            measure_case(case, chosen_tools, chosen, record)
        except cases.Missing as reason:
            record["skipped"]["all"] = str(reason)
        except measure.Failed as problem:  # without any profiler
            record["skipped"]["all"] = f"FAILED: {problem}"
        result["cases"].append(record)
        save(result, chosen)  # a run that is interrupted keeps what it has
    return result


def has_failure_of_ours(result):
    ours = ("all", "peak", "full", "off", "sample")
    return any(case["skipped"].get(tool, "").startswith("FAILED")
               for case in result["cases"] for tool in ours)


def main(arguments):
    chosen = options(arguments)
    chosen_cases = choose(cases.all_cases(), chosen.only, "case")
    chosen_tools = choose(tools.all_tools(chosen.build), chosen.tools, "tool")
    if chosen.list:
        print("cases:", *(case.name for case in chosen_cases), sep="\n  ")
        print("tools:", *(f"{t.name:10} {t.missing() or t.title}" for t in chosen_tools),
              sep="\n  ")
        return 0
    if chosen.source:
        try:
            result = json.loads(chosen.source.read_text())
        except (OSError, ValueError) as problem:
            sys.exit(f"bench: {chosen.source}: {problem}")
    else:
        result = run_all(chosen, chosen_cases, chosen_tools)
    print(save(result, chosen))
    print(f"==> {chosen.out}: results.json, tables.md, chart.svg")
    return 1 if has_failure_of_ours(result) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
