#!/usr/bin/python3
"""What memwatch's users know, byte by byte where its reader is a program: the members of its JSON,
its two CSV files, its text, its filters; asked for before the run, and again of the run directory.
"""

import csv
import datetime
import json
import os
import pathlib
import re
import stat
import subprocess

import lib

ESCAPE = "\x1b["
JSON_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.(\d{3}){1,3})?Z\Z")
CSV_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.(\d{3}){1,3})?\+00:00\Z")
PROCESS_CSV = "pid,ppid,command,max_rss_kib,max_rss_mib,first_seen,last_seen"
TIMELINE_CSV = "timestamp,elapsed_seconds,total_rss_kib,total_rss_mib,process_count"
# Two programs of different size, one in the background, quotes and a line feed in an argument.
COMMAND = ["sh", "-c", "sleep 0.2 & perl -e '$x = \"\\0\" x (40 << 20);' 'a \"b\"\nc'; wait; ls|cat"]


def ns_of(text, pattern=JSON_TIME):
    """Nanoseconds since 1970 of a timestamp, which must be as memwatch writes them."""
    match = pattern.match(text)
    if not lib.check(match, f"no timestamp of memwatch's: {text!r}"):
        return 0
    fraction = (match.group(1) or ".")[1:]
    lib.check(not fraction.endswith("000"), f"{text!r} could be shorter")
    whole = datetime.datetime.fromisoformat(text[:19]).replace(tzinfo=datetime.timezone.utc)
    return int(whole.timestamp()) * 10**9 + int(fraction.ljust(9, "0") or 0)


def ordered(pairs):
    keys = [key for key, _value in pairs]
    lib.check(keys == sorted(keys), f"JSON keys are not in alphabetical order: {keys}")
    lib.check(len(keys) == len(set(keys)), f"a JSON key twice: {keys}")
    return dict(pairs)


def typed(value, kind, what):
    """bool is no int here, nor int a float."""
    return lib.check(type(value) is kind, f"{what}: {value!r} is no {kind.__name__}")


class Reader:
    """A program that knows memwatch's JSON and nothing else, and takes nothing on trust."""

    MUST = {"command": list, "duration_seconds": float, "end_time": str, "interval_ms": int,
            "max_total_rss_kib": int, "processes": list, "samples": int, "start_time": str}
    PROCESS = {"command": str, "first_seen": str, "last_seen": str, "max_rss_kib": int,
               "peak_time": str, "pid": int, "ppid": int}
    POINT = {"elapsed_seconds": float, "process_count": int, "timestamp": str,
             "total_rss_kib": int}

    def __init__(self, text):
        self.data = data = json.loads(text, object_pairs_hook=ordered)
        self.check_members(data, self.MUST, "top")
        for word in data["command"]:
            typed(word, str, "command")
        if "exit_code" in data:
            typed(data["exit_code"], int, "exit_code")
        self.check_filter()
        self.check_times()
        peaks = [process["max_rss_kib"] for process in data["processes"]]
        lib.check(peaks == sorted(peaks, reverse=True), "processes are not sorted by their peak")
        for point in data.get("timeline", ()):
            self.check_members(point, self.POINT, "timeline")
        self.processes = [{name: process[name] for name in self.PROCESS}
                          for process in data["processes"]]

    @staticmethod
    def check_members(item, kinds, what):
        for name, kind in kinds.items():
            if lib.check(name in item, f"{what}: no {name}"):
                typed(item[name], kind, f"{what}: {name}")

    def check_filter(self):
        names = {"filter", "filtered_process_count", "filtered_total_rss_kib"} & self.data.keys()
        lib.check(len(names) in (0, 3), f"only some members of a filter: {names}")
        if names:
            lib.check(set(self.data["filter"]) <= {"exclude_pattern", "include_pattern"}, "filter")
            typed(self.data["filtered_process_count"], int, "filtered_process_count")
            typed(self.data["filtered_total_rss_kib"], int, "filtered_total_rss_kib")

    def check_times(self):
        start, end = ns_of(self.data["start_time"]), ns_of(self.data["end_time"])
        lib.check(abs(end - start - self.data["duration_seconds"] * 1e9) < 2e6,
                  "end - start is not the duration")
        milliseconds = self.data["duration_seconds"] * 1000
        lib.check(abs(milliseconds - round(milliseconds)) < 1e-6, "duration finer than 1 ms")
        for process in self.data["processes"]:
            self.check_members(process, self.PROCESS, "process")
            first, peak, last = (ns_of(process[name])
                                 for name in ("first_seen", "peak_time", "last_seen"))
            lib.check(start <= first <= peak <= last, f"times of process {process['pid']}: "
                      f"{start}, {first}, {peak}, {last}")


def read_csv(path, header):
    """Comment lines, and the rows as dictionaries."""
    data = path.read_bytes()
    lib.check(b"\r" not in data and data.endswith(b"\n"), f"{path.name}: line ends")
    lines = data.decode().splitlines()
    comments = [line for line in lines if line.startswith("# ")]
    lib.equal(lines[:len(comments)], comments, f"{path.name}: comments come first")
    lib.equal(lines[len(comments)], header, f"{path.name}: header")
    return comments, list(csv.DictReader(lines[len(comments):]))


def processes_csv(path, reader):
    _comments, rows = read_csv(path, PROCESS_CSV)
    expected = [process for process in reader.processes if process["max_rss_kib"] > 0]
    lib.equal(len(rows), len(expected), "CSV: rows")
    for row, process in zip(rows, expected):
        lib.equal({name: row[name] for name in ("pid", "ppid", "command", "max_rss_kib")},
                  {name: str(process[name]) for name in ("pid", "ppid", "command", "max_rss_kib")},
                  "CSV and JSON")
        lib.equal(row["max_rss_mib"], f"{process['max_rss_kib'] / 1024:.2f}", "CSV: MiB")
        for name in ("first_seen", "last_seen"):
            lib.equal(ns_of(row[name], CSV_TIME), ns_of(process[name]), f"CSV: {name}")
    for line in path.read_text().splitlines()[1:]:
        lib.check(re.match(r'\d+,\d+,"([^"]|"")*",\d+,\d+\.\d\d,[^"]*\Z', line),
                  f"CSV: not quoted as memwatch quotes: {line}")


def timeline_csv(path, reader):
    _comments, rows = read_csv(path, TIMELINE_CSV)
    points = reader.data["timeline"]
    start = ns_of(reader.data["start_time"])
    lib.equal(len(rows), len(points), "timeline: rows")
    lib.check(0 < len(rows) <= reader.data["samples"], "timeline: samples")
    last_ns = start
    for row, point in zip(rows, points):
        at_ns = ns_of(row["timestamp"], CSV_TIME)
        lib.equal(at_ns, ns_of(point["timestamp"]), "timeline: time")
        lib.check(at_ns >= last_ns, "timeline: not in order")
        last_ns = at_ns
        lib.equal(row["elapsed_seconds"], f"{(at_ns - start) / 1e9:.3f}", "timeline: elapsed")
        lib.equal((row["total_rss_kib"], row["process_count"]),
                  (str(point["total_rss_kib"]), str(point["process_count"])), "timeline: values")
        lib.equal(row["total_rss_mib"], f"{point['total_rss_kib'] / 1024:.2f}", "timeline: MiB")
    most = max(point["total_rss_kib"] for point in points)
    lib.check(most <= reader.data["max_total_rss_kib"], "timeline: above the total's maximum")


def files():
    """All at once, from the launcher and again from the run directory."""
    folder = lib.fresh("files").parent
    outputs = {name: folder / name for name in ("p.csv", "t.csv")}
    profiled = lib.Profiled(COMMAND, "--csv", outputs["p.csv"], "--timeline", outputs["t.csv"])
    lib.equal(profiled.done.status, 0, "status")
    profiled.must_have_profile()
    reader = Reader(json.dumps(profiled.profile.data))
    lib.equal(reader.data["command"], COMMAND, "command")
    lib.equal(reader.data["exit_code"], 0, "exit_code")
    lib.equal(reader.data["interval_ms"], 20, "interval_ms")
    processes_csv(outputs["p.csv"], reader)
    timeline_csv(outputs["t.csv"], reader)
    perl = [process for process in reader.processes if process["command"].startswith("perl ")]
    lib.equal(len(perl), 1, "perl's rows")
    lib.check(perl[0]["max_rss_kib"] > 40 << 10, f"perl's peak {perl[0]}")
    lib.equal(reader.processes[0], perl[0], "the largest first")
    lib.check(reader.data["max_total_rss_kib"] >= perl[0]["max_rss_kib"], "total >= process")
    listed = {process["command"].split()[0] for process in reader.processes
              if process["max_rss_kib"] > 0}
    lib.equal(listed, {"sh", "sleep", "perl", "ls", "cat"}, "programs in the tables")
    first = {name: path.read_bytes() for name, path in outputs.items()}
    again = lib.run([lib.REPORTER, "--csv", outputs["p.csv"], "--timeline", outputs["t.csv"],
                     "--json", profiled.directory])
    lib.equal(first, {name: path.read_bytes() for name, path in outputs.items()}, "made again")
    Reader(again.stdout)
    lib.equal(again.stderr, b"", "notes beside the JSON")
    return profiled


def raw_json():
    """The launcher's own JSON on stdout, key order as it is written; without a timeline."""
    done = lib.run([lib.LAUNCHER, "-q", "--json", "--run-dir", lib.fresh("r"), "sh", "-c",
                    "kill -9 $$"])
    reader = Reader(done.stdout)
    lib.equal(done.status, 137, "killed: status")
    lib.check("exit_code" not in reader.data, "killed: has an exit_code")
    lib.check("timeline" not in reader.data, "a timeline without --timeline")
    done = lib.run([lib.LAUNCHER, "-q", "--json", "--run-dir", lib.fresh("r"), "sh", "-c", "exit 3"])
    lib.equal(Reader(done.stdout).data["exit_code"], 3, "exit_code")


def listed(reader):
    """Those that memwatch's tables have."""
    return [process for process in reader.data["processes"] if process["max_rss_kib"] > 0]


def filters(profiled):
    everything = Reader(lib.run([lib.REPORTER, "--json", profiled.directory]).stdout)
    for include, exclude in ((None, "perl|sleep"), ("^(ls|cat)$", None), ("s", "\\bsh|(?i)PERL"),
                             (None, "no such thing"), ("nothing matches", None)):
        table = lib.fresh("csv")
        options = [f"--include={include}"] if include else []
        options += [f"--exclude={exclude}"] if exclude else []
        done = lib.run([lib.REPORTER, "--json", "--csv", table, *options, profiled.directory])
        reader = Reader(done.stdout)
        kept = [process for process in listed(everything)
                if (not include or re.search(include, process["command"])) and
                not (exclude and re.search(exclude.replace("(?i)PERL", "perl"), process["command"]))]
        lib.equal([process["pid"] for process in listed(reader)],
                  [process["pid"] for process in kept], f"{options}: processes")
        lost = [process for process in listed(everything) if process not in kept]
        total = sum(process["max_rss_kib"] for process in lost)
        lib.equal((reader.data["filtered_process_count"], reader.data["filtered_total_rss_kib"]),
                  (len(lost), total), f"{options}: counts")
        lib.equal(reader.data["filter"], {f"{name}_pattern": value for name, value in
                                          (("exclude", exclude), ("include", include)) if value},
                  f"{options}: filter")
        lib.equal(reader.data["max_total_rss_kib"], everything.data["max_total_rss_kib"],
                  "totals are unfiltered")
        patterns = (f" exclude='{exclude}'" if exclude else "") + \
                   (f" include='{include}'" if include else "")
        comments, rows = read_csv(table, PROCESS_CSV)
        lib.equal(comments, [f"# Filter:{patterns} ({len(lost)} processes filtered out, totaling "
                             f"{total} KiB)"], "CSV: comment")
        lib.equal(len(rows), len(kept), "CSV: rows")
        references(reader.data["processes"])
    timeline_with_filter(profiled)


def references(processes):
    """parent and replaced are indices of this very array."""
    for process in processes:
        for name in ("parent", "replaced"):
            index = process[name]
            if index is None:
                continue
            other = processes[index]
            if name == "replaced":
                lib.equal(other["pid"], process["pid"], "replaced: its pid")
            lib.check(other["start_seconds"] <= process["start_seconds"], f"{name} began later")
            if name == "parent":
                lib.equal(other["pid"], process["ppid"], "parent: its pid")


def timeline_with_filter(profiled):
    plain, filtered = lib.fresh("t"), lib.fresh("t")
    lib.run([lib.REPORTER, "-q", "--timeline", plain, profiled.directory])
    lib.run([lib.REPORTER, "-q", "--timeline", filtered, "--exclude=a", "--include=b",
             profiled.directory])
    comments, rows = read_csv(filtered, TIMELINE_CSV)
    lib.equal(comments, [
        "# Filter: exclude='a' include='b'",
        "# Note: total_rss_kib and process_count both show all processes (unfiltered)",
        "# Filtering only affects the per-process CSV export and final summary display"],
        "timeline: comments")
    lib.equal(rows, read_csv(plain, TIMELINE_CSV)[1], "timeline: rows are unfiltered")


def on_terminal(argv):
    """What a program writes to a terminal."""
    ours, its = os.openpty()
    with subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=its):
        os.close(its)
        text = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError: # the last writer closed it
                break
            text += data
    os.close(ours)
    return text.decode().replace("\r\n", "\n")


def texts(profiled):
    """The summary, which unit tests have byte by byte, of a real run."""
    reader = Reader(lib.run([lib.REPORTER, "--json", profiled.directory]).stdout)
    text = lib.run([lib.REPORTER, "--format=memwatch", profiled.directory]).stdout.decode()
    lib.check(ESCAPE not in text, "colours in a pipe")
    lines = text.splitlines()
    lib.equal(lines[0], "", "a blank line first")
    lib.check(lines[1].startswith("Job: sh -c sleep 0.2"), f"{lines[1]!r}")
    lib.check(re.match(rf"Duration: 00:00:0\d  \|  Samples: {reader.data['samples']}\Z", lines[2]),
              f"{lines[2]!r}")
    rows = [line for line in lines if re.match(r"  +\d+ +[\d.]+ [KMG]iB  @ ", line)]
    lib.equal([int(row.split()[0]) for row in rows],
              [process["pid"] for process in listed(reader)], "rows of the summary")
    groups = text.split("PROCESS GROUPS\n")[1].splitlines()[1:]
    lib.equal({row.split()[0]: row.split()[1] for row in groups if row},
              {"perl": "1", "sh": "1", "sleep": "1", "ls": "1", "cat": "1"}, "groups")
    lib.check(ESCAPE + "1;36m" in on_terminal([lib.REPORTER, "--format=memwatch",
                                               profiled.directory]), "no colours on a terminal")
    lib.check(ESCAPE not in on_terminal(["env", "NO_COLOR=1", lib.REPORTER, "--format=memwatch",
                                         profiled.directory]), "NO_COLOR")
    seed = lib.run([lib.REPORTER, "--format=seed", profiled.directory]).stdout.decode()
    lib.check(re.match(r"Duration: \d\.\d{3}s\nSamples: \d+\n\nMax total RSS: \d+\.\d\d MiB\n\n"
                       r"Per-process peak RSS:\n  PID \d+ \(perl\): +\d+\.\d\d MiB\n", seed), seed)
    own = lib.run([lib.REPORTER, "--exclude=^perl", profiled.directory]).stdout.decode()
    lib.check("1 filtered out" in own, "our own report does not tell what is filtered out")
    lib.check("  perl -e" not in own.split("Programs")[0].split("Processes\n")[1],
              "our own report shows what is filtered out")


def errors():
    """Said before the command starts, one line, status 2, nothing left behind."""
    folder = lib.fresh("errors")
    folder.mkdir()
    mark = folder / "started"
    for options, words in (
            (["--exclude=[[x"], "Invalid exclude pattern '[[x': must be valid regex"),
            (["--include=("], "Invalid include pattern '(': must be valid regex"),
            (["--csv=/nowhere/x"], "/nowhere/x: cannot write: No such file or directory"),
            (["--timeline=/nowhere/x"], "/nowhere/x: cannot write"),
            (["--mprof=/nowhere/x"], "/nowhere/x: cannot write"),
            (["--json=/nowhere/x"], "/nowhere/x: cannot write"),
            (["--csv", "/"], "/: cannot write: Is a directory"),
            (["--format=xml"], "--format: 'xml' is not one of report|memwatch|seed"),
            (["--no-report", "--csv=x"], "--no-report")):
        done = lib.run([lib.LAUNCHER, *options, "touch", mark], cwd=folder)
        lib.equal(done.status, 2, f"{options}: status")
        lib.check(words.encode() in done.stderr and done.stderr.count(b"\n") == 1,
                  f"{options}: {done.stderr}")
        lib.equal(list(folder.iterdir()), [], f"{options}: left behind")
    profiled = lib.Profiled(["true"])
    for options, words in ((["--exclude=[[x"], "Invalid exclude pattern '[[x'"),
                           (["--csv=/nowhere/x"], "/nowhere/x: cannot write"),
                           (["--timeline=x", profiled.directory], "takes one run directory")):
        done = lib.run([lib.REPORTER, *options, profiled.directory], cwd=folder)
        lib.check(done.status == 2 and words.encode() in done.stderr and
                  done.stderr.count(b"\n") == 1, f"{options}: {done}")
    lib.equal(list(folder.iterdir()), [], "left behind")


def quiet_and_silent():
    folder = lib.fresh("quiet")
    folder.mkdir()
    script = ["sh", "-c", "echo out; echo err >&2; exit 4"]
    done = lib.run([lib.LAUNCHER, "--quiet", "--csv", "c", "--run-dir", "r", *script], cwd=folder)
    lib.equal(done, (4, b"out\n", b"err\n"), "--quiet")
    lib.check((folder / "c").stat().st_size > 0, "--quiet: the CSV is still written")
    done = lib.run([lib.LAUNCHER, "--silent", "--format=memwatch", "--csv", "c", "--run-dir", "s",
                    *script], cwd=folder)
    lib.equal((done.status, done.stdout), (4, b""), "--silent: status, stdout")
    lib.check(b"err\n" not in done.stderr and b"MEMORY SUMMARY" in done.stderr and
              b"Per-process CSV exported to: c\n" in done.stderr, f"--silent: {done.stderr}")
    plain = lib.run([lib.LAUNCHER, "--run-dir", "t", "-o", "-", "--format=memwatch", *script],
                    cwd=folder)
    lib.check(plain.stdout.startswith(b"out\n\nJob: sh -c echo out"), f"-o -: {plain.stdout}")
    lib.equal(stat.S_IMODE((folder / "c").stat().st_mode), 0o666 & ~umask(), "mode of a new file")


def umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def partial():
    """A run directory without run.json and samples: what is known, in the same layouts."""
    profiled = lib.Profiled(["true"])
    for name in ("run.json", "samples.csv"):
        (pathlib.Path(profiled.directory) / name).unlink()
    table, series = lib.fresh("c"), lib.fresh("t")
    done = lib.run([lib.REPORTER, "--json", "--csv", table, "--timeline", series,
                    profiled.directory])
    lib.equal(done.status, 1, "without run.json: status")
    Reader(done.stdout)
    read_csv(table, PROCESS_CSV)
    lib.equal(read_csv(series, TIMELINE_CSV)[1], [], "no samples, no rows")
    done = lib.run([lib.REPORTER, "--format=memwatch", profiled.directory])
    lib.check(b"\nJob: " in done.stdout, f"without run.json: {done.stdout}")


def main():
    profiled = files()
    raw_json()
    filters(profiled)
    texts(profiled)
    errors()
    quiet_and_silent()
    partial()
    lib.finish()


main()
