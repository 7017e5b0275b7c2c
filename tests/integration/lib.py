"""lib.py - what the integration tests share: run a command with and without the profiler, read
its report, compare. A test is a plain script: it exits 0, 1 with "FAIL: ..." lines, or 77 with
"skip: cause". MEMWATCH_BUILD names the build tree (ctest sets it).
"""

import collections
import contextlib
import json
import mmap
import os
import pathlib
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import dump

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MEMWATCH_BUILD", SOURCE / "build")).resolve()
LAUNCHER = BUILD / "bin/memwatch-preload"
REPORTER = BUILD / "bin/memwatch-report"
SHIM = BUILD / "lib/libmemwatch-preload.so"
# Before ctest ends the whole test, so that it is known which command it was.
TIMEOUT_S = int(os.environ.get("MEMWATCH_TEST_SECONDS", 300)) * 4 // 5

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


def n_failures():
    return len(_failures)


def equal(got, expected, what):
    return check(got == expected, f"{what}: got {got!r}, expected {expected!r}")


def skip(cause):
    """What is left cannot be tried here. A failure before it is still one."""
    if _failures:
        print("note: the rest is left out:", cause)
        finish()
    print("skip:", cause)
    sys.exit(77)


def need(program):
    """Path of a program, or skip the test."""
    return shutil.which(program) or skip(f"no {program} here")


def has(program, what):
    """Whether a program that a part of a test needs is here; a note says so where it is not."""
    found = shutil.which(program)
    if not found:
        print(f"note: no {program} here; {what} not tried")
    return found


def finish():
    print(f"{len(_failures)} failures" if _failures else "ok")
    sys.exit(1 if _failures else 0)


def wipes_on_fork():
    """Whether MADV_WIPEONFORK does what it says. qemu-user accepts it and does nothing."""
    page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    page[0] = 1
    page.madvise(18)
    child = os.fork()
    if child == 0:
        os._exit(page[0])
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def emulator():
    """What others see in /proc in place of this program: qemu-user, say. None: the program."""
    mine = os.readlink("/proc/self/exe") # this one qemu answers itself
    seen = run(["readlink", f"/proc/{os.getpid()}/exe"]).stdout.decode().strip()
    return None if seen == mine else os.path.basename(seen)


def need_real_proc(what):
    """Skip the test where /proc tells of an emulator."""
    if name := emulator():
        skip(f"{what} from /proc, which has {name} there")


def possible(tests, *of_proc):
    """TESTS without those OF_PROC, whose truth is in /proc, where that has an emulator in it."""
    if not (name := emulator()):
        return tests
    for test in of_proc:
        print(f"note: {test.__name__} not tried: /proc has {name} and its memory there")
    return [test for test in tests if test not in of_proc]


def adopts_orphans():
    """Whether a process can become its orphans' parent. Under qemu-user it cannot."""
    return subprocess.run([sys.executable, "-c", "import ctypes, sys; "
                           "sys.exit(ctypes.CDLL(None).prctl(36, 1, 0, 0, 0) != 0)"],
                          check=False).returncode == 0


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
        more["stdin"] = subprocess.PIPE
    timeout = more.pop("timeout", TIMEOUT_S)
    given = more.pop("input", None)
    words = [os.fspath(word) if isinstance(word, bytes) else str(word) for word in argv]
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          **more) as child:
        try:
            out, err = child.communicate(given, timeout)
        except subprocess.TimeoutExpired:
            fail(f"not done after {timeout} s: {' '.join(map(os.fsdecode, words))}")
            end_of_patience(child.pid)
            finish()
    return Done(child.returncode, out, err)


def descendants(pid):
    """PID and all below it, as /proc has them."""
    found = [pid]
    for parent in found:
        for task in pathlib.Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(word) for word in task.read_text().split()]
    return found


def end_of_patience(pid):
    """Tell what PID and its descendants are doing, and end them."""
    all_of_them = descendants(pid)
    for one in all_of_them:
        try:
            tell_of(one)
        except OSError as error:
            print(f"note: {one}: {error}")
    for one in all_of_them:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def tell_of(pid):
    words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    waits_in = pathlib.Path(f"/proc/{pid}/wchan").read_text()
    print(f"note: {pid} {state} {waits_in}: {words}", flush=True)
    if state == "R" and shutil.which("gdb"):
        subprocess.run(["gdb", "-p", str(pid), "-batch", "-ex", "bt 30"], check=False, timeout=60,
                       stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def on_terminal(argv, columns=100, setting="sane"):
    """What a terminal, set by stty, gets to see of a command."""
    child, terminal = pty.fork()
    if child == 0:
        subprocess.run(["stty", setting, "cols", str(columns)], check=False)
        os.execv(argv[0], [str(word) for word in argv])
    seen = b""
    try:
        while piece := os.read(terminal, 4096):
            seen += piece
    except OSError:
        pass
    os.waitpid(child, 0)
    os.close(terminal)
    return seen


def shell_status(status):
    """What a shell, and the launcher, make of a subprocess status: 128+N for a signal."""
    return 128 - status if status < 0 else status


class Profiled:
    """A command run under the launcher: its output, the report and the profile. PREFIX is a
    command that runs the launcher."""

    def __init__(self, argv, *options, env=None, prefix=(), **more):
        self.directory = fresh("run")
        report, profile = fresh("report"), fresh("profile")
        self.done = run([*prefix, LAUNCHER, "--run-dir", self.directory, "--report", report,
                         f"--json={profile}", *options, "--", *argv], env=env, **more)
        # The launcher's own last lines are not the command's.
        self.note = re.search(rb"(?:^memwatch-preload: .*\n)*\Z", self.done.stderr, re.M).group()
        self.done = self.done._replace(
            stderr=self.done.stderr[:len(self.done.stderr) - len(self.note)])
        self.report = report.read_text(errors="replace") if report.exists() else ""
        self.profile = Profile(profile) if profile.exists() else None

    def must_have_profile(self):
        if self.profile is None:
            fail(f"no profile was written; status {self.done.status}, "
                 f"stderr {self.done.stderr[-500:]!r}")
            finish()
        return self.profile


class Process:
    """One element of the JSON's processes: a program image, or what only the launcher saw."""

    def __init__(self, row):
        self.row, self.pid, self.is_followed = row, row["pid"], row["is_followed"]
        self.name = row.get("program", "")
        self.peak_heap_bytes = row["heap_peak"]["total_bytes"] if self.is_followed else 0
        self.at_tree_peak_bytes = row.get("at_tree_heap_peak_bytes", 0)
        self.inherited_freed_bytes = row.get("inherited_freed_bytes", 0)
        self.n_threads = row.get("n_threads", 0)
        self.exit_status = row["end_value"] if row["end"] == "exit" else None
        self.signal = row["end_value"] if row["end"] == "signal" else None


class Profile:
    """The JSON report."""

    def __init__(self, path):
        self.data = data = json.loads(path.read_text())
        self.processes = [Process(row) for row in data["processes"]]
        self.images = [process for process in self.processes if process.is_followed]
        self.peak_heap_bytes = sum(run["heap_peak"]["bytes"] for run in data["runs"])
        self.not_followed = [(row["program"], row["reason"]) for row in data["not_followed"]]
        self.lines = collections.defaultdict(list)
        for line in data["lines"]:
            function = data["functions"][line["function"]]
            self.lines[bare_name(function["name"]), line["line"]].append(line)

    def counters(self, function, line, klass="heap", part="owned"):
        """Sums at FUNCTION (as __func__ says it), LINE: "owned" is what the report's tables count
        there, each byte once; "through" is every stack that passes. None = no such line."""
        found = [row[part][klass] for row in self.lines.get((function, line), ())
                 if klass in row[part]]
        if not found:
            return None
        return {name: sum(row[name] for row in found) for name in found[0]}

    def peak_error_bytes(self):
        """How far the tree's peak may be off, as the report states it: threads hold back changes
        of one batch each, and images do if there are others. Never beyond what that allows."""
        stated = self.data["totals"]["at_tree_heap_peak"]["bound_bytes"]
        n_holders = sum(image.n_threads if image.n_threads > 1 else 0 for image in self.images)
        n_holders += len(self.images) if len(self.images) > 1 else 0
        check(stated <= n_holders * max(4096, self.peak_heap_bytes // 1024),
              f"the report states a bound of {stated} bytes for {n_holders} threads and images")
        return stated

    def in_flight_bytes(self):
        """A block a thread, which it takes or gives back while another finds the peak: counted at
        its line, not in the total yet, or the reverse. Where blocks of a place are alike."""
        sites = [site["counters"] for site in self.data["sites"] if site["class"] == "heap"]
        largest = max((site["allocated_bytes"] // site["allocated_blocks"] + 1 for site in sites
                       if site["allocated_blocks"]), default=0)
        return largest * sum(image.n_threads for image in self.images)


CLASSES = ("heap", "anon", "file")


def check_sums(profile):
    """At each peak: lines + unattributed = total, for each class; and the totals' own check."""
    data = profile.data
    counters = ("allocated_bytes", "allocated_blocks", "freed_bytes", "live_bytes",
                "process_peak_bytes", "tree_peak_bytes", "tree_peak_blocks", "rss_peak_bytes")
    for klass in CLASSES:
        for name in counters:
            total = data["totals"]["all"].get(klass, {}).get(name, 0)
            lines = sum(line["owned"].get(klass, {}).get(name, 0) for line in data["lines"])
            rest = data["totals"]["unattributed"].get(klass, {}).get(name, 0)
            unstacked = data["totals"]["unstacked"].get(klass, {}).get(name, 0)
            images = sum(image.row["all"].get(klass, {}).get(name, 0) for image in profile.images)
            sites = sum(site["counters"][name] for site in data["sites"] if site["class"] == klass)
            equal(lines + rest + unstacked, total,
                  f"sum of lines, unattributed and unstacked: {klass} {name}")
            equal(images, total, f"sum of images: {klass} {name}")
            equal(sites + unstacked, total, f"sum of sites: {klass} {name}")
    slack = profile.peak_error_bytes()
    at_peak = data["totals"]["at_tree_heap_peak"]
    in_flight = profile.in_flight_bytes()
    check(abs(at_peak["difference_bytes"]) <= slack + min(in_flight, at_peak["in_flight_bytes"]),
          f"the tree's peak and the sum at it differ by {at_peak['difference_bytes']} > {slack}")
    parts = ("lines_bytes", "unattributed_bytes", "unstacked_bytes", "difference_bytes")
    equal(sum(at_peak[part] for part in parts), profile.peak_heap_bytes,
          "lines + unattributed + unstacked + difference at the tree's heap peak")
    for image in profile.images:
        check(image.peak_heap_bytes <= profile.peak_heap_bytes + slack,
              f"{image.name}, {image.pid}: its peak {image.peak_heap_bytes} is above the tree's "
              f"{profile.peak_heap_bytes}")
        peak = image.row["heap_peak"]
        equal(sum(peak[part] for part in parts), peak["total_bytes"], f"{image.name}: its peak")
        lines = sum(line["bytes"] for line in image.row["peak_lines"])
        equal(lines, peak["lines_bytes"], f"{image.name}: lines at its peak")
        bound = image.n_threads * max(4096, peak["total_bytes"] // 1024)
        check(abs(peak["difference_bytes"]) <= (bound + in_flight if image.n_threads > 1 else 0),
              f"{image.name}: peak and sum at it differ by {peak['difference_bytes']}")
    for name, count in data["losses"].items():
        if name != "torn_bytes": # space that a process claimed and did not use
            equal(count, 0, f"lost: {name}")


def check_against_dump(profiled, had_threads=False):
    """The report's totals are those of the dump as an independent reader adds them up."""
    book = dump.Dump(profiled.directory / "run.mwd")
    data = profiled.profile.data
    images = list(book.images.values())
    equal(len(profiled.profile.images), len(images), "images in report and dump")
    equal(profiled.profile.peak_heap_bytes, book.heap_peak, "tree peak in report and dump")
    for klass in CLASSES:
        sums = [image.sums(klass) for image in images]
        for name in sums[0] if sums else ():
            want = sum(one[name] for one in sums)
            counter = "process_peak_bytes" if name == "at_peak_bytes" else name
            got = data["totals"]["all"].get(klass, {}).get(counter, 0)
            equal(got, want, f"report and dump: {klass} {counter}")
        for image in images:
            one = image.sums(klass)
            error = one["allocated_bytes"] - one["freed_bytes"] - image.live[klass]
            bound = image.n_threads * max(4096, image.peak[klass] // 1024)
            check(abs(error) <= (bound if image.n_threads > 1 or had_threads else 0),
                  f"pid {image.pid}: {klass}: live bytes of records and total differ by {error}")


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
    name = (function or "").replace("operator()", "operator@").split(".")[0]
    for pattern in (r"\([^()]*\)", r"<[^<>]*>", r"\{[^{}]*\}"):
        while re.search(pattern, name):
            name = re.sub(pattern, "", name)
    name = name.removesuffix(" const").split("::")[-1].split(" ")[-1]
    return name.replace("operator@", "operator()")
