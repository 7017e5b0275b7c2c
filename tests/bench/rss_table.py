#!/usr/bin/python3
"""rss_table.py [--build DIR] [--repeat N] [--from FILE] [--out FILE] - what samplers of RSS see of
short-lived processes, and what memwatch-preload does: the README's table. About four minutes.

Two workloads that print their own truth (workloads/rss_*.c): fan-out, 88 children alive for 14 ms
each; burst, four children that hold 64 MiB each, together for 20 ms, at another moment each turn.
All methods take turns. Since sampling is luck, the least and the most of all turns are shown. On
a busy machine children live longer, which helps samplers: below the table is how long.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TICKS = os.sysconf("SC_CLK_TCK")
# Of one turn: the truth, and what was seen of it. None: this method does not tell.
Seen = collections.namedtuple("Seen", "children largest_child_kib tree_peak_kib")


def seen_by_sampler(out):
    result = json.loads(out.read_text())
    return Seen(len(result["children_kib"]), max(result["children_kib"], default=0),
                result["tree_peak_kib"])


def seen_by_mprof(out):
    """MEM is the sum with -C; CHLD lines name children. pid 0 is its mark for a race it lost."""
    tree_mib, children = 0.0, {}
    for line in out.read_text().splitlines():
        words = line.split()
        if words[0] == "MEM":
            tree_mib = max(tree_mib, float(words[1]))
        elif words[0] == "CHLD" and words[1] != "0":
            children[words[1]] = max(children.get(words[1], 0.0), float(words[2]))
    return Seen(len(children), int(1024 * max(children.values(), default=0)), int(1024 * tree_mib))


def seen_by_time(out):
    """The largest single process that was waited for, the command itself included."""
    return Seen(None, int(out.read_text().split()[-1]), None)


class Ours:
    def __init__(self, build):
        self.build = build

    def command(self, out):
        return [self.build / "bin/memwatch-preload", "-q", "--no-report", "--run-dir", out, "--"]

    def seen(self, out):
        done = subprocess.run([self.build / "bin/memwatch-report", "--json", out], check=True,
                              stdout=subprocess.PIPE)
        profile = json.loads(done.stdout)
        children = [row["rss_peak_bytes"] // 1024 for row in profile["processes"]
                    if row["parent"] is not None]
        return Seen(len(children), max(children), profile["runs"][0]["rss_peak"]["bytes"] // 1024)


def methods(build):
    """Title -> (words before the command, reader of what they left), by a path for results."""
    ours, time, mprof = Ours(build), shutil.which("time"), shutil.which("mprof") or shutil.which(
        "python3-mprof")
    found = {}
    for interval_ms, note in ((500, ", memwatch's default"), (100, ""), (20, ""), (10, "")):
        found[f"sampler, {interval_ms} ms{note}"] = (
            lambda out, ms=interval_ms: [sys.executable, HERE / "rss_sampler.py", str(ms), out],
            seen_by_sampler)
    if mprof:
        found["mprof run -C -M, 100 ms"] = (
            lambda out: [mprof, "run", "-C", "-M", "-o", out], seen_by_mprof)
    if time:
        found["GNU time"] = (lambda out: [time, "-f", "%M", "-o", out], seen_by_time)
    found["memwatch-preload"] = (ours.command, ours.seen)
    return found


def own_cpu_seconds(process):
    """CPU of a process alone, without the children it waited for; read when it has ended."""
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    stat = pathlib.Path(f"/proc/{process.pid}/stat").read_text()
    user, system = stat[stat.rindex(")") + 2:].split()[11:13]
    return (int(user) + int(system)) / TICKS


def truth_of(stdout):
    """The books are the line of JSON; mprof prints lines of its own."""
    line = next(line for line in stdout.splitlines() if line.startswith(b'{"children"'))
    books = json.loads(line)
    return {"children": len(books["children"]), "tree_peak_kib": books.get("peak_kib"),
            "alive_us": statistics.median(child["alive_us"] for child in books["children"]),
            "largest_child_kib": max(child["vm_hwm_kib"] for child in books["children"])}


def measure(method, command, directory):
    out = directory / "out"
    words, seen = method
    process = subprocess.Popen([*words(out), *command], stdout=subprocess.PIPE, cwd=directory)
    stdout = process.stdout.read()
    cpu_seconds = own_cpu_seconds(process)
    if process.wait() != 0:
        sys.exit(f"rss_table: {words(out)[0]}: status {process.returncode}")
    return {"truth": truth_of(stdout), "seen": seen(out)._asdict(), "cpu_seconds": cpu_seconds}


def span(values):
    """Least and most, as one text."""
    texts = list(dict.fromkeys(map(str, (min(values), max(values)))))
    return "-".join(texts)


def percent(turns, key):
    """How much of the truth was seen."""
    values = [round(100 * turn["seen"][key] / turn["truth"][key]) for turn in turns]
    return span(values) + " %"


def mib(turns, key):
    values = [round(turn["seen"][key] / 1024, 1) for turn in turns]
    return span(values) + " MiB"


def table(results):
    lines = ["| | fan-out: children seen | largest child | burst: peak of the tree | of the truth "
             "| its CPU, s |", "|---|--:|--:|--:|--:|--:|"]
    for title, by_workload in results.items():
        fan_out, burst = by_workload["fan-out"], by_workload["burst"]
        cells = ["-"] * 4
        if fan_out[0]["seen"]["children"] is not None:
            cells[0] = (span([turn["seen"]["children"] for turn in fan_out]) +
                        f" of {fan_out[0]['truth']['children']}")
        cells[1] = percent(fan_out, "largest_child_kib")
        if burst[0]["seen"]["tree_peak_kib"] is not None:
            cells[2:] = mib(burst, "tree_peak_kib"), percent(burst, "tree_peak_kib")
        cpu = span([round(turn["cpu_seconds"], 2) for turn in fan_out + burst])
        lines.append(f"| {title} | {' | '.join(cells)} | {cpu} |")
    for name in ("fan-out", "burst"):
        alive = [turn["truth"]["alive_us"] for turns in results.values() for turn in turns[name]]
        lines.append(f"\n{name}: children were alive for {statistics.median(alive) / 1000:.1f} ms "
                     "(median)")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parents[1] / "build")
    parser.add_argument("--repeat", type=int, default=5, help="turns (default: 5)")
    parser.add_argument("--out", type=pathlib.Path, help="keep every measurement here, as JSON")
    parser.add_argument("--from", dest="source", type=pathlib.Path,
                        help="measure nothing: the table of such a file once more")
    chosen = parser.parse_args()
    if chosen.source:
        print(table(json.loads(chosen.source.read_text())))
        return
    build = chosen.build.resolve() / "workloads"
    found = methods(chosen.build.resolve())
    results = {title: {"fan-out": [], "burst": []} for title in found}
    for turn in range(chosen.repeat):
        start_ms = 200 + 110 * turn
        workloads = {"fan-out": [build / "rss_fan_out"],
                     "burst": [build / "rss_burst", *map(str, (1, 4, 64, 20, 350, start_ms))]}
        for title, method in found.items():
            for name, command in workloads.items():
                with tempfile.TemporaryDirectory(prefix="memwatch-rss-") as directory:
                    results[title][name].append(
                        measure(method, command, pathlib.Path(directory)))
    if chosen.out:
        chosen.out.write_text(json.dumps(results, indent=1))
    print(table(results))


if __name__ == "__main__":
    main()
