#!/usr/bin/python3
"""--mprof against the real mprof (Debian: python3-memory-profiler): its list, peak and plot read
our file, its names are found, and its numbers are the report's.
"""

import os
import re
import shutil

import lib

MPROF = shutil.which("mprof") or shutil.which("python3-mprof")
RECORDS = (re.compile(r"CMDLINE \S.*\Z"), re.compile(r"MEM \d+\.\d{6} \d{10}\.\d{4}\Z"),
           re.compile(r"CHLD [1-9]\d* \d+\.\d{6} \d{10}\.\d{4}\Z"))
# Children far shorter than a sample, one that is held, a name with everything in it.
COMMAND = ["sh", "-c", "for i in 1 2 3; do /bin/true; done; perl -e '$x = \"\\0\" x (30 << 20); "
           "select(undef, undef, undef, 0.2)'", "tab\there, new\nline, 'quotes'"]


def mprof(*arguments, cwd, **more):
    env = dict(os.environ, MPLBACKEND="Agg", **more)
    done = lib.run([MPROF, *arguments], cwd=cwd, env=env)
    lib.equal(done.status, 0, f"mprof {arguments}: status, stderr {done.stderr[-300:]}")
    return done.stdout.decode()


def well_formed(path):
    lines = path.read_text().splitlines()
    for line in lines:
        lib.check(any(record.match(line) for record in RECORDS), f"no record of mprof: {line!r}")
    lib.equal(sum(line.startswith("CMDLINE ") for line in lines), 1, "CMDLINE")
    times = [float(line.split()[-1]) for line in lines if not line.startswith("CMDLINE")]
    lib.check(times == sorted(times), "records are not in order of time")
    return lines


def peaks(text):
    """{"" or pid: MiB} as mprof peak prints them."""
    found = {"": float(re.search(r"\t(\d+\.\d{3}) MiB", text).group(1))}
    for pid, mib in re.findall(r"Child (\d+)\t+(\d+\.\d{3}) MiB", text):
        found[pid] = float(mib)
    return found


def check_peaks(found, data):
    lib.check(abs(found.pop("") - data["max_total_rss_kib"] / 1024) < 0.001, "peak of the tree")
    expected = {}
    for process in data["processes"]:
        if process["parent"] is not None and process["max_rss_kib"] > 0:
            pid = str(process["pid"])
            expected[pid] = max(expected.get(pid, 0), process["max_rss_kib"] / 1024)
    lib.equal(set(found), set(expected), "children")
    for pid, mib in found.items():
        # VmHWM, which the report has, may be up to 64 pages a CPU below what was sampled.
        more = mib - expected.get(pid, 0)
        lib.check(-0.001 < more < 0.25 * os.cpu_count() + 0.001,
                  f"child {pid}: {mib} MiB, in the report {expected.get(pid)}")


def default_name():
    folder = lib.fresh("cwd")
    folder.mkdir()
    profiled = lib.Profiled(COMMAND, "--mprof", cwd=folder)
    names = [path.name for path in folder.iterdir()]
    lib.check(len(names) == 1 and re.match(r"mprofile_\d{14}\.dat\Z", names[0]), f"names {names}")
    path = folder / names[0]
    lines = well_formed(path)
    command = next(line for line in lines if line.startswith("CMDLINE"))
    lib.check(command.startswith("CMDLINE sh -c 'for i in 1 2 3;") and
              command.endswith(" 'tab here, new line, 'quotes''"), f"{command}")
    lib.check(re.match(rf"0 {names[0]} \d\d:\d\d:\d\d \d\d/\d\d/\d{{4}}\n\Z",
                       mprof("list", cwd=folder)), "mprof list")
    data = profiled.must_have_profile().data
    check_peaks(peaks(mprof("peak", cwd=folder)), data)
    lib.equal(sum(process["command"] == "/bin/true" for process in data["processes"]), 3,
              "the short children are there")
    picture(folder, names[0])


def picture(folder, name):
    """mprof plot draws it: a PNG of some size that is not one colour."""
    mprof("plot", "-o", "plot.png", "-t", "title", name, cwd=folder)
    data = (folder / "plot.png").read_bytes()
    lib.check(data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) > 10000,
              f"plot: {len(data)} bytes that begin with {data[:8]}")


def named():
    """--mprof=FILE, and COMPSs's variable, from the launcher and the report."""
    folder = lib.fresh("named")
    folder.mkdir()
    profiled = lib.Profiled(["sleep", "0.1"], "--mprof=x.dat", cwd=folder)
    well_formed(folder / "x.dat")
    found = peaks(mprof("peak", "x.dat", cwd=folder))
    lib.equal(set(found), {""}, "a single process has no children")
    env = dict(os.environ, COMPSS_WORKER_PROFILE_PATH=str(folder))
    lib.equal(lib.run([lib.REPORTER, "-q", "--mprof", profiled.directory], env=env).status, 0,
              "COMPSs: status")
    lib.equal((folder / f"{os.uname().nodename}.dat").read_bytes(),
              (folder / "x.dat").read_bytes(), "COMPSs: the file")
    env["COMPSS_WORKER_PROFILE_PATH"] = str(folder / "missing")
    done = lib.run([lib.LAUNCHER, "--mprof", "touch", folder / "started"], env=env)
    lib.check(done.status == 2 and b"missing/" in done.stderr and
              not (folder / "started").exists(), f"COMPSs: no such directory: {done}")


def without_samples():
    """Even then mprof has something to read: the peaks of the processes."""
    profiled = lib.Profiled(["sh", "-c", "/bin/true; /bin/true"])
    for name in ("samples.csv", "process_samples.csv"):
        if (profiled.directory / name).exists():
            (profiled.directory / name).unlink()
    path = lib.fresh("x")
    lib.run([lib.REPORTER, "-q", f"--mprof={path}", profiled.directory])
    well_formed(path)
    lib.equal(len(peaks(mprof("peak", path, cwd=lib.scratch))), 3, "children without samples")


def main():
    if not MPROF:
        lib.skip("no mprof here (Debian: python3-memory-profiler)")
    default_name()
    named()
    without_samples()
    lib.finish()


main()
