"""measure.py - runs one command under one tool once and says what it took.

Everything goes through bench_runner (load/runner.c): wall, CPU of the tree, peak RSS by process.
A loop prints its own figures. For a server the client's time counts instead of the server's life.
"""

import json
import os
import pathlib
import shutil
import subprocess

TIMEOUT_S = 900


class Failed(Exception):
    """The command did not do its work; the text says what and how."""


def written_bytes(directory):
    """What the tool left in its directory, in allocated blocks: holes of sparse files are free."""
    return sum(path.lstat().st_blocks * 512 for path in directory.rglob("*") if path.is_file())


def last_line(path):
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def json_line(text):
    lines = [line for line in text.splitlines() if line.startswith("{")]
    if not lines:
        raise Failed("no figures in the output")
    return json.loads(lines[-1])


def environment():
    """Ours without anything that would make a profiler of the runner or of the bare case."""
    return {**{key: value for key, value in os.environ.items()
               if key not in ("LD_PRELOAD", "MALLOC_CONF", "HEAPPROFILE")
               and not key.startswith("MEMWATCH_")}, "LC_ALL": "C.UTF-8"}


def peaks(raw, helpers):
    """(peak KiB of the largest target process, of the largest helper).

    wait4's maximum is exact, but of all processes; it is the target's unless a helper is larger.
    """
    sampled = {name: kib for name, kib in raw["peaks_kib"].items() if name != "bench_runner"}
    helper = max((kib for name, kib in sampled.items() if name in helpers), default=0)
    target = max((kib for name, kib in sampled.items() if name not in helpers), default=0)
    return (raw["peak_kib"] if raw["peak_kib"] > helper else target), helper


def run_with_client(command, client, out, stderr):
    """Starts the server, drives it with the client, which ends it. Returns the client's figures."""
    with subprocess.Popen(command, env=environment(), cwd=out, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=stderr) as server:
        done = subprocess.run(client, capture_output=True, text=True, timeout=TIMEOUT_S)
        if done.returncode != 0:
            server.terminate()
            raise Failed(f"the client: {done.stderr.strip().splitlines()[-1:]}")
    return server.returncode, done.stdout


def run_command(command, case, out, stderr):
    if case.client:
        return run_with_client(command, case.client, out, stderr)
    keep = subprocess.PIPE if case.kind == "loop" else subprocess.DEVNULL
    done = subprocess.run(command, env=environment(), cwd=out, stdin=subprocess.DEVNULL, stdout=keep,
                          stderr=stderr, text=True)
    return done.returncode, done.stdout or ""


def run_once(runner, case, tool, scratch):
    """One measurement: a dict of wall_ns, cpu_ns, target_kib, helper_kib, written_bytes, and for a
    loop events. Raises Failed. @scratch is emptied before and after."""
    shutil.rmtree(scratch, ignore_errors=True)
    out = pathlib.Path(scratch) / "out"
    out.mkdir(parents=True)
    if case.before:
        subprocess.run(case.before, check=True, stdout=subprocess.DEVNULL)
    argv, additions = tool.wrap(case.kind, case.argv, str(out))
    figures, said = out.parent / "figures.json", out.parent / "stderr"
    additions = {**case.env, **additions}
    command = [str(runner), str(figures), str(TIMEOUT_S),
               *(f"{name}={value}" for name, value in additions.items()), *argv]
    with open(said, "w", encoding="utf-8") as stderr:
        status, stdout = run_command(command, case, out, stderr)
    if status != 0:
        raise Failed(last_line(said))
    raw = json.loads(figures.read_text())
    if raw["status"] != 0:
        raise Failed(f"status {raw['status']}: {last_line(said)}")
    target_kib, helper_kib = peaks(raw, tool.helpers)
    result = {"wall_ns": raw["wall_ns"],
              "cpu_ns": 1000 * (raw["user_us"] + raw["system_us"]),
              "target_kib": target_kib, "helper_kib": helper_kib,
              "written_bytes": written_bytes(out)}
    if case.kind == "loop" or case.client:
        result.update(json_line(stdout))
    shutil.rmtree(scratch, ignore_errors=True)
    return result
