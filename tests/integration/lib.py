"""lib.py - what the integration tests share: run a command with and without the profiler, read
its report, compare. A test is a plain script: it exits 0, 1 with "FAIL: ..." lines, or 77 with
"skip: cause". MEMWATCH_BUILD names the build tree (ctest sets it).
"""

import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MEMWATCH_BUILD", SOURCE / "build")).resolve()
LAUNCHER = BUILD / "bin/memwatch-preload"
REPORTER = BUILD / "bin/memwatch-report"
SHIM = BUILD / "lib/libmemwatch-preload.so"
TIMEOUT_S = 300

_failures = []
_scratch = tempfile.TemporaryDirectory(prefix="memwatch-test-")
scratch = pathlib.Path(_scratch.name)


def fail(text):
    """Note a failure and go on: one run shows all that is wrong."""
    print("FAIL:", text)
    _failures.append(text)


def check(condition, text):
    if not condition:
        fail(text)
    return bool(condition)


def equal(got, expected, what):
    return check(got == expected, f"{what}: got {got!r}, expected {expected!r}")


def skip(cause):
    print("skip:", cause)
    sys.exit(77)


def need(program):
    """Path of a program, or skip the test."""
    return shutil.which(program) or skip(f"no {program} here")


def finish():
    print(f"{len(_failures)} failures" if _failures else "ok")
    sys.exit(1 if _failures else 0)


def workload(name, level="O0"):
    return str(BUILD / "workloads" / level / name)


def fresh(name):
    """A path in the scratch directory that does not exist yet."""
    return pathlib.Path(tempfile.mkdtemp(prefix=name + "-", dir=scratch)) / name


Done = collections.namedtuple("Done", "status stdout stderr")


def run(argv, env=None, **more):
    """Run to the end; status is negative for a death by signal, as subprocess has it."""
    more.setdefault("stdin", subprocess.DEVNULL)
    if "input" in more:
        del more["stdin"]
    done = subprocess.run([str(word) for word in argv], env=env, timeout=TIMEOUT_S, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    return Done(done.returncode, done.stdout, done.stderr)


def shell_status(status):
    """What a shell, and the launcher, make of a subprocess status: 128+N for a signal."""
    return 128 - status if status < 0 else status


class Profiled:
    """A command run under the launcher: its output, the report and the profile."""

    def __init__(self, argv, *options, env=None, **more):
        self.directory = fresh("run")
        report, profile = fresh("report"), fresh("profile")
        self.done = run([LAUNCHER, "--run-dir", self.directory, "--report", report,
                         f"--json={profile}", *options, "--", *argv], env=env, **more)
        self.report = report.read_text(errors="replace") if report.exists() else ""
        self.profile = Profile(profile) if profile.exists() else None

    def must_have_profile(self):
        if self.profile is None:
            fail(f"no profile was written; status {self.done.status}, "
                 f"stderr {self.done.stderr[-500:]!r}")
            finish()
        return self.profile


def compare_runs(argv, *options, env=None, what=None, same_output=True, **more):
    """Run plainly and profiled; status and both outputs must be the same bytes."""
    plain = run(argv, env=env, **more)
    profiled = Profiled(argv, *options, env=env, **more)
    what = what or " ".join(str(word) for word in argv)[:70]
    equal(profiled.done.status, shell_status(plain.status), f"{what}: status")
    if same_output:
        equal(profiled.done.stdout, plain.stdout, f"{what}: stdout")
        equal(profiled.done.stderr, plain.stderr, f"{what}: stderr")
    return plain, profiled


def with_truth(argv, *options, env=None, **more):
    """Run a workload under the profiler; its books (one a process that printed) and profile."""
    truth = fresh("truth")
    env = dict(env or os.environ, TRUTH_FILE=str(truth))
    profiled = Profiled(argv, *options, env=env, **more)
    if not truth.exists():
        fail(f"{argv}: wrote no truth; status {profiled.done.status}, "
             f"stderr {profiled.done.stderr[-500:]!r}")
        finish()
    books = [json.loads(line) for line in truth.read_text().splitlines()]
    return books, profiled


def memusage_peak(command):
    """What glibc's memusage says of a command's heap."""
    done = run(["memusage", *command])
    text = re.sub(rb"\x1b\[[0-9;]*m", b"", done.stderr).decode(errors="replace")
    match = re.search(r"heap peak: (\d+)", text)
    if not match:
        fail(f"memusage said nothing of {command}: {text[-300:]!r}")
    return int(match.group(1)) if match else -1


def bare_name(function):
    """shop::make_many<int>(unsigned long) -> make_many: what __func__ says."""
    name = re.sub(r"\{lambda\([^)]*\)#\d+\}::", "", function or "")
    name = re.sub(r"<lambda\([^)]*\)>", "operator()", name)
    while re.search(r"<[^<>]*>", name) and "operator<" not in name:
        name = re.sub(r"<[^<>]*>", "", name)
    name = name.replace("operator()", "operator@")
    name = name.split("(")[0].split("::")[-1].split(" ")[-1]
    return name.replace("operator@", "operator()").split(".")[0]
