#!/usr/bin/python3
"""smoke.py BUILD_DIR - does the benchmark work? It asserts no time, but that every part is there.

A loop, a storm of threads and one of processes are measured as in the shortest benchmark, then
JSON, tables and chart are looked at, and what wrong options and failing programs give.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import xml.dom.minidom

HERE = pathlib.Path(__file__).resolve().parent
CASES, TOOLS = ("tight-20", "handover-20-t2", "true-storm"), ("bare", "pass", "peak", "full")


def bench(*arguments):
    return subprocess.run([sys.executable, HERE / "bench.py", "--build", sys.argv[1], *arguments],
                          capture_output=True, text=True)


def check_results(out):
    result = json.loads((out / "results.json").read_text())
    assert list(result["tools"]) == list(TOOLS), result["tools"]
    assert [case["name"] for case in result["cases"]] == list(CASES)
    for case in result["cases"]:
        assert not case["skipped"], case["skipped"]
        for tool in TOOLS:
            runs = case["runs"][tool]
            assert len(runs) == 2, (case["name"], tool)
            for run in runs:
                assert run["wall_ns"] > 0 and run["cpu_ns"] > 0 and run["target_kib"] > 0, run
                assert case["kind"] != "loop" or run["events"] > 0, run
                assert tool in ("peak", "full") or run["written_bytes"] == 0, run
        assert all(run["written_bytes"] > 0 and run["helper_kib"] > 0
                   for tool in ("peak", "full") for run in case["runs"][tool]), case["name"]
    return result


def check_rendered(out):
    text = (out / "tables.md").read_text()
    for words in ("tight-20 (pair)", "true-storm", "## Goals", "--quick: not to quote"):
        assert words in text, words
    chart = xml.dom.minidom.parse(str(out / "chart.svg"))
    bars = chart.getElementsByTagName("rect")
    assert len(bars) >= 3 + 3 * 2, f"{len(bars)} bars"
    before = (out / "chart.svg").read_bytes()
    again = bench("--out", str(out / "again"), "--from", str(out / "results.json"))
    assert again.returncode == 0, again.stderr
    assert (out / "again/chart.svg").read_bytes() == before
    assert (out / "again/tables.md").read_text() == text


def check_complaints(out):
    for arguments, words in ((("--only", "tigth-20"), "no case 'tigth-20'"),
                             (("--tools", "heapstack"), "no tool 'heapstack'"),
                             (("--from", "/does/not/exist"), "/does/not/exist"),
                             (("--out", "/dev/null"), "--out=/dev/null")):
        wrong = bench("--out", str(out), *arguments)
        assert wrong.returncode != 0 and words in wrong.stderr, (arguments, wrong.stderr)
        assert "Traceback" not in wrong.stderr, wrong.stderr
    build = pathlib.Path(sys.argv[1])
    failing = subprocess.run([build / "bench/bench_runner", out / "figures", "10", "NAME=value",
                              "/bin/sh", "-c", 'exit "${#NAME}"'])
    assert failing.returncode == 0
    assert json.loads((out / "figures").read_text())["status"] == len("value")
    endless = subprocess.run([build / "bench/bench_runner", out / "figures", "1", "sleep", "60"],
                             capture_output=True, text=True)
    assert endless.returncode == 124 and "no end within 1 s" in endless.stderr


def main():
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory)
        done = bench("--quick", "--out", str(out), "--only", ",".join(CASES),
                     "--tools", ",".join(TOOLS))
        assert done.returncode == 0, done.stderr
        result = check_results(out)
        check_rendered(out)
        check_complaints(out)
    print(f"{len(result['cases'])} cases under {len(TOOLS)} tools: figures, tables and chart")


if __name__ == "__main__":
    main()
