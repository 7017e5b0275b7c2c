#!/usr/bin/python3
"""What programs of a job, or who gave us a run directory, could do to launcher and reporter: other
people's files, links, FIFOs, devices and huge files in place of ours, escape sequences in names,
debug information that points elsewhere, more rights than the caller has. Nothing may hang, be
written elsewhere, or reach the terminal raw.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import time

import lib

CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
PROGRAM = """
#include <stdlib.h>
char *volatile kept;
__attribute__((noinline)) void hold(void) { kept = malloc(1 << 20); kept[0] = 1; }
int main(void) { hold(); return 0; }
"""


def compiled(name, *options, source=PROGRAM):
    """A program and its source, in a directory of their own."""
    top = lib.fresh(name)
    top.mkdir()
    (top / "main.c").write_text(source)
    done = lib.run(["gcc", "-O0", "-g", "-Wl,--build-id=none", "-o", "program", top / "main.c",
                    *options], cwd=top)
    lib.equal(done.status, 0, f"{name}: gcc {done.stderr[-300:]!r}")
    return top / "program", top / "main.c"


def recorded(command, **more):
    directory = lib.fresh("run")
    done = lib.run([lib.LAUNCHER, "--run-dir", directory, "-q", "--no-report", "--", *command],
                   **more)
    lib.check(done.status == 0, f"{command}: status {done.status} {done.stderr!r}")
    return directory


def modes():
    directory = lib.fresh("run")
    script = f"umask; stat -c %a {directory} {directory}/*"
    done = lib.run(["sh", "-c", f"umask 0; exec {lib.LAUNCHER} --run-dir {directory} -q -- "
                    f"sh -c '{script}'"])
    lib.equal(set(done.stdout.split()), {b"0000", b"700", b"600"}, "modes while it runs")
    lib.equal(stat.S_IMODE(directory.stat().st_mode), 0o700, "mode of the run directory")
    for file in directory.iterdir():
        lib.equal(stat.S_IMODE(file.stat().st_mode), 0o600, f"mode of {file.name}")


def refused_directories():
    places = {}
    for name, mode in (("open", 0o777), ("group", 0o770)):
        places[name] = lib.fresh(name)
        places[name].mkdir()
        places[name].chmod(mode)
    own = lib.fresh("own")
    own.mkdir(mode=0o700)
    places["link"] = lib.fresh("link")
    places["link"].symlink_to(own)
    if os.getuid() == 0:
        places["foreign"] = lib.fresh("foreign")
        places["foreign"].mkdir(mode=0o700)
        os.chown(places["foreign"], 12345, 12345)
    for name, place in places.items():
        done = lib.run([lib.LAUNCHER, "--run-dir", place, "--", "echo", "ran"])
        lib.equal((done.status, done.stdout), (125, b""), f"{name} directory: status and output")
        lines = done.stderr.decode().splitlines()
        lib.check(len(lines) == 1 and str(place) in lines[0], f"{name} directory: {lines}")
        lib.equal(list(place.iterdir()), [], f"{name} directory: files in it")
    done = lib.run([lib.LAUNCHER, "--run-dir", own, "-q", "--", "echo", "ran"])
    lib.equal((done.status, done.stdout), (0, b"ran\n"), "an empty directory of our own")


def replaced_while_running():
    """The job puts its things where the launcher is about to write."""
    canary = lib.fresh("canary")
    canary.write_text("untouched")
    for trick in ("mkfifo run.json.new samples.csv", f"ln -s {canary} run.json.new; ln -s {canary} "
                  "samples.csv", f"ln {canary} run.json.new; ln {canary} samples.csv",
                  f"rm run.json; ln -s {canary} run.json"):
        directory = lib.fresh("run")
        done = lib.run([lib.LAUNCHER, "--run-dir", directory, "-q", "--", "sh", "-c",
                        f"cd {directory}; {trick}; exit 7"])
        lib.equal(done.status, 7, f"{trick}: status")
        lib.equal(canary.read_text(), "untouched", f"{trick}: another file")
        json.loads((directory / "run.json").read_text())
        for file in directory.iterdir():
            lib.check(file.is_file() and not file.is_symlink() or file.name == "run.json.new",
                      f"{trick}: {file.name} is no file")


def odd_files(good):
    """FIFOs, devices, links and directories as files of a run directory."""
    for name in ("run.mwd", "run.json"):
        for kind in ("fifo", "device", "link", "directory"):
            copy = lib.fresh("odd")
            shutil.copytree(good, copy)
            file = copy / name
            file.rename(copy.parent / "moved")
            if kind == "fifo":
                os.mkfifo(file)
            elif kind == "directory":
                file.mkdir()
            else:
                file.symlink_to("/dev/zero" if kind == "device" else copy.parent / "moved")
            done = lib.run([lib.REPORTER, copy], timeout=60)
            lib.equal(done.status, 2 if name == "run.mwd" else 1, f"{name} is a {kind}: status")
            if name == "run.mwd":
                lines = done.stderr.decode().splitlines()
                lib.check(len(lines) == 1 and str(file) in lines[0], f"{name}, {kind}: {lines}")


def put(kind, path):
    """Put something else in the place of a file that was there during the run."""
    path.unlink()
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "huge":
        with open(path, "wb") as file:
            file.truncate(1 << 40)
    else:
        path.symlink_to(kind)


KINDS = ("fifo", "directory", "huge", "/dev/zero", "/dev/tty", "/proc/self/mem", "/etc/shadow")


def odd_modules_and_sources():
    """What the reporter opens by names in the dump, and in the debug information behind it."""
    secret = [line for line in pathlib.Path("/etc/shadow").read_text().splitlines() if line] \
        if os.access("/etc/shadow", os.R_OK) else ["no such line"]
    for part in ("program", "source"):
        for kind in KINDS:
            program, source = compiled("odd")
            directory = recorded([program])
            put(kind, program if part == "program" else source)
            done = lib.run([lib.REPORTER, "-f", "hold|program", directory], timeout=100)
            lib.equal(done.status, 0, f"{part} is {kind}: status {done.stderr!r}")
            lib.check(b"1.0 MiB" in done.stdout, f"{part} is {kind}: the bytes are missing")
            if kind != "/etc/shadow" or part == "program":
                lib.check(not any(line.encode() in done.stdout for line in secret),
                          f"{part} is {kind}: its lines are in the report")


def odd_debug_files():
    """.gnu_debuglink, and DW_AT_dwo_name of split debug information."""
    program, _ = compiled("linked")
    lib.run(["objcopy", "--only-keep-debug", program, "program.debug"], cwd=program.parent)
    lib.run(["objcopy", "--strip-all", "--add-gnu-debuglink=program.debug", program],
            cwd=program.parent)
    split, _ = compiled("split", "-gsplit-dwarf")
    dwo = next(iter(split.parent.glob("*.dwo")), None)
    lib.check(dwo, "gcc wrote no .dwo file")
    for what, target in ((program, program.parent / "program.debug"), (split, dwo)):
        directory = recorded([what])
        lib.check(b"hold" in lib.run([lib.REPORTER, directory]).stdout,
                  f"{target.name}: not used")
        for kind in ("fifo", "/dev/zero"):
            put(kind, target)
            done = lib.run([lib.REPORTER, directory], timeout=60)
            lib.equal(done.status, 0, f"{target.name} is {kind}: status")
            lib.check(b"1.0 MiB" in done.stdout, f"{target.name} is {kind}: bytes missing")


def other_users_run():
    """Root looks at somebody's run: a source file that he could not read is not shown."""
    if os.getuid() != 0:
        return
    program, source = compiled("private")
    directory = recorded([program])
    for file in (directory, *directory.iterdir()):
        os.chown(file, 12345, 12345)
    for mode, is_shown in ((0o600, False), (0o644, True)):
        source.chmod(mode)
        done = lib.run([lib.REPORTER, "-f", "hold", directory])
        lib.equal(b"kept = malloc" in done.stdout, is_shown, f"source of mode {mode:o} is shown")


def escape_sequences():
    """Names of programs, arguments, functions and files come from the job."""
    program, _ = compiled("file", source=PROGRAM.replace(
        "__attr", '#line 77 "/tmp/so\\033[2Jurce\\177.c"\n__attr'))
    renamed, _ = compiled("function", "-g0")
    lib.run(["objcopy", "--redefine-sym", "hold=ev\x1b]0;title\x07il\u009b", renamed])
    for what in (program, renamed):
        evil = what.parent / "pro\x1b[31m\u202egram\r\n\x07"
        what.rename(evil)
        check_clean(recorded([evil, b"\xff\x9b31m\x1b[7m", "\u009b5m"]))


def check_clean(directory):
    for options in ((), ("--peak-only",), ("-f", "."), ("--export=collapsed",), ("--export=csv",),
                    ("--width=200", "--color=never")):
        done = lib.run([lib.REPORTER, *options, directory])
        lib.equal(done.status, 0, f"{options}: status")
        text = done.stdout.decode() # must be UTF-8
        bad = CONTROL.search(text)
        lib.check(not bad, f"{options}: {bad and text[max(0, bad.start() - 40):bad.end() + 9]!r}")
    for text in (lib.run([lib.REPORTER, "--json", directory]).stdout,
                 (directory / "run.json").read_bytes()):
        json.loads(text.decode())
        lib.check(b"\x1b" not in text and b"\x07" not in text, "JSON: raw control characters")
    renamed = directory.rename(directory.parent / "x\x1b[1m\ny")
    (renamed / "run.mwd").write_bytes(b"no dump")
    done = lib.run([lib.REPORTER, renamed])
    lib.equal(len(done.stderr.decode().splitlines()), 1, "lines on stderr")
    lib.check(not CONTROL.search(done.stderr.decode()), f"stderr: {done.stderr!r}")


def truncated_meanwhile():
    """The dump is cut to nothing under launcher and reporter: no SIGBUS ends them."""
    directory = lib.fresh("run")
    with subprocess.Popen([lib.LAUNCHER, "--run-dir", directory, "--", "sleep", "1"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as launcher:
        while not (directory / "run.mwd").exists():
            time.sleep(0.01)
        time.sleep(0.3)
        os.truncate(directory / "run.mwd", 0)
        try:
            launcher.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            launcher.kill()
            lib.fail("dump cut under the launcher: it hangs")
            return
    lib.check(launcher.returncode in (0, 128 + signal.SIGBUS),
              f"dump cut under the launcher: status {launcher.returncode}")


def secure_mode():
    """A set-user-ID program that has the shim in it without LD_PRELOAD: the caller's run directory
    is not his to write to."""
    if os.getuid() != 0:
        return
    shim = lib.fresh("lib").parent / lib.SHIM.name
    shutil.copy(lib.SHIM, shim)
    program, _ = compiled("secure", shim, f"-Wl,-rpath,{shim.parent}", "-Wl,--no-as-needed")
    for path in (shim.parent, program.parent, program.parent.parent, lib.scratch):
        path.chmod(0o755)
    directory = recorded(["true"])
    for file in (directory, *directory.iterdir()):
        os.chown(file, 12345, 12345)
    directory.parent.chmod(0o755)
    env = {"MEMWATCH_RUN_DIR": str(directory)}
    for mode, is_written in ((0o755, True), (0o4755, False)):
        program.chmod(mode)
        before = (directory / "run.mwd").read_bytes()
        done = lib.run([program], env=env, user=12345, group=12345, extra_groups=[])
        lib.equal(done.status, 0, f"mode {mode:o}: status {done.stderr!r}")
        lib.equal((directory / "run.mwd").read_bytes() != before, is_written,
                  f"mode {mode:o}: writes to the run directory of the environment")
    launcher = program.parent / "memwatch-preload"
    shutil.copy(lib.LAUNCHER, launcher)
    launcher.chmod(0o4755)
    done = lib.run([launcher, "--run-dir", program.parent / "no", "--", "echo", "ran"], user=12345,
                   group=12345, extra_groups=[])
    lib.equal((done.status, done.stdout), (125, b""), "set-user-ID launcher")
    lib.equal(len(done.stderr.splitlines()), 1, f"set-user-ID launcher: {done.stderr!r}")


def writes_nothing(good):
    """The reporter opens nothing for writing, whatever it reads."""
    if not shutil.which("strace"):
        print("note: no strace here")
        return
    log = lib.fresh("strace")
    lib.run(["strace", "-f", "-o", log, "-e", "trace=file,ftruncate,fallocate", lib.REPORTER, good])
    calls = log.read_text()
    lib.check("run.mwd" in calls, "strace saw nothing")
    bad = re.findall(r".*(?:O_WRONLY|O_RDWR|O_CREAT|unlink|rename|mkdir|symlink|truncate|fallocate|"
                     r"chmod|chown|mknod|link\().*", calls)
    bad = [line for line in bad if "readlink" not in line]
    lib.equal(bad, [], "calls of the reporter that write")


def main():
    good = recorded([lib.workload("truth_lines")], env=dict(os.environ, TRUTH_FILE="/dev/null"))
    modes()
    refused_directories()
    replaced_while_running()
    odd_files(good)
    odd_modules_and_sources()
    odd_debug_files()
    other_users_run()
    escape_sequences()
    truncated_meanwhile()
    secure_mode()
    writes_nothing(good)
    lib.finish()


main()
