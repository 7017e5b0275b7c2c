#!/usr/bin/python3
"""Programs in odd places, and run directories in worse ones: full, without inodes, gone. The program
does not notice; the report says what is missing.
"""

import os
import pathlib
import shutil
import subprocess

import hazards
import lib
from hazards import same

LIMITS = lib.workload("hazard_limits", "O2")
SITES = [LIMITS, "sites", "14"] # 2 MiB of records and as much of nodes


def limits():
    filtered = 3
    if lib.emulator():
        print(f"note: {lib.emulator()} takes no seccomp filter")
        filtered = 77
    for level in hazards.LEVELS:
        program = lib.workload("hazard_limits", level)
        # Without a descriptor left there is no room for new records: counted.
        same([program, "descriptors"], wanted=0, is_lossless=False)
        same([program, "stack"], wanted=0)
        same([program, "seccomp", "threads"], wanted=filtered)
        same([program, "seccomp", "prctl"], wanted=filtered)
    for words in ("-v 200000", "-v 60000", "-s 256", "-n 8", "-n 4", "-c 0", "-f 0", "-l 0"):
        same(["sh", "-c", f"ulimit {words}; exec {lib.workload('truth_lines', 'O2')}"],
             env=dict(os.environ, TRUTH_FILE="/dev/null"), is_lossless=False)


class Mounted:
    """A small file system, where we may mount one."""

    def __init__(self, options):
        self.path = lib.fresh("mounted")
        self.path.mkdir()
        done = lib.run(["mount", "-t", "tmpfs", "-o", options, "none", self.path])
        self.is_there = done.status == 0
        if not self.is_there:
            print("note: cannot mount here")

    def __enter__(self):
        return self.path if self.is_there else None

    def __exit__(self, *unused):
        if self.is_there:
            lib.run(["umount", "-l", self.path])


def profiled_in(directory, argv):
    """Run with the run directory in DIRECTORY. Return: what it did, its profile or None."""
    json = lib.fresh("json")
    done = lib.run([lib.LAUNCHER, "-q", "--run-dir", directory / "run", "--report", "/dev/null",
                    f"--json={json}", "--", *argv])
    is_there = json.exists() and json.stat().st_size
    return done, lib.Profile(json) if is_there else None


def full_disks():
    plain = lib.run(SITES)
    for megabytes in (1, 2, 3, 5, 9):
        with Mounted(f"size={megabytes}m") as place:
            if not place:
                return
            done, profile = profiled_in(place, SITES)
            if done.status == 125: # refused before the command was started
                lib.equal(done.stdout, b"", f"{megabytes} MiB: output though refused")
                continue
            lib.equal((done.status, done.stdout), (plain.status, plain.stdout),
                      f"a disk of {megabytes} MiB")
            blocks = profile and profile.data["totals"]["all"]["heap"]["allocated_blocks"]
            lib.check(profile is None or blocks >= 1 << 14 or hazards.losses(profile),
                      f"a disk of {megabytes} MiB: {blocks} blocks, no loss told")
    for inodes in range(2, 8):
        with Mounted(f"size=64m,nr_inodes={inodes}") as place:
            done, profile = profiled_in(place, SITES)
            lib.check(done.status == 125 or (done.status, done.stdout) ==
                      (plain.status, plain.stdout), f"{inodes} inodes: {done.status}")
            blocks = profile and profile.data["totals"]["all"]["heap"]["allocated_blocks"]
            lib.check(done.status == 125 or (blocks or 0) >= 1 << 14 or done.stderr,
                      f"{inodes} inodes: {blocks} blocks, and not a word")


def vanished():
    """The run directory is removed, or replaced, while the command and its children run."""
    inner = f"{LIMITS} sites 13; {LIMITS} sites 8; sh -c 'echo child; exit 4'; echo $?"
    for act in ("", 'rm -rf "$MEMWATCH_RUN_DIR"', 
                'rm "$MEMWATCH_RUN_DIR/run.mwd"; mkdir "$MEMWATCH_RUN_DIR/run.mwd"',
                'rm "$MEMWATCH_RUN_DIR/run.mwd"; ln -s /etc/passwd "$MEMWATCH_RUN_DIR/run.mwd"',
                'cd "$MEMWATCH_RUN_DIR"; cp run.mwd x; mv x run.mwd',
                'chmod 0 "$MEMWATCH_RUN_DIR"; chmod 0 "$MEMWATCH_RUN_DIR/run.mwd"'):
        script = f'[ -z "$MEMWATCH_RUN_DIR" ] || {{ {act or ":"}; }}; {inner}; exit 3'
        plain = lib.run(["sh", "-c", script])
        done = lib.run([lib.LAUNCHER, "-q", "--run-dir", lib.fresh("run"), "--report", "/dev/null",
                        "--", "sh", "-c", script])
        lib.equal(done.stdout, plain.stdout, f"{act}: output")
        lib.equal(done.status, plain.status, f"{act}: status")


def directories():
    truth = dict(os.environ, TRUTH_FILE="/dev/null")
    program = lib.workload("truth_lines", "O2")
    same(["sh", "-c", f"mkdir d; cd d; rmdir ../d; {program}; sh -c pwd; exec {program}"],
         env=truth, wanted=0)
    same(["sh", "-c", f"chmod 500 .; {program}; cd /proc/self; exec {program}"], env=truth,
         wanted=0)
    # dlopen of a relative name where there is no directory
    same(["sh", "-c", f"mkdir d; cd d; rmdir ../d; {lib.workload('hazard_loader')} error"])


OVERCOMMIT = pathlib.Path("/proc/sys/vm")
# What of its memory the kernel has to keep ready, in KiB: "ac" in VmFlags.
ACCOUNTED = r"""
total=0
while read -r name value rest; do
	case $name in
	Size:) size=$value ;;
	VmFlags:) case " $value $rest " in *" ac "*) total=$((total + size)) ;; esac ;;
	esac
done </proc/self/smaps
echo $total >&2
"""


class StrictOvercommit:
    """vm.overcommit_memory=2: no memory is promised that is not there, MAP_NORESERVE or not. With a
    limit that nobody on the machine reaches. It is put back when our end of a pipe is closed,
    which happens however we end.
    """

    def __enter__(self):
        names = ("overcommit_memory", "overcommit_kbytes", "overcommit_ratio")
        old = {name: (OVERCOMMIT / name).read_text().strip() for name in names}
        # Of kbytes and ratio the one written last counts, and makes the other 0.
        size = "overcommit_kbytes" if int(old["overcommit_kbytes"]) else "overcommit_ratio"
        script = "trap '' INT TERM HUP QUIT; read x; " + " && ".join(
            f"echo {old[name]} >{OVERCOMMIT / name}" for name in ("overcommit_memory", size))
        self.guard = subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE,
                                      start_new_session=True)
        self.old = old
        try:
            (OVERCOMMIT / "overcommit_kbytes").write_text(str(1 << 40))
            (OVERCOMMIT / "overcommit_memory").write_text("2")
        except OSError as error:
            print(f"note: overcommit stays as it is: {error}")
        return (OVERCOMMIT / "overcommit_memory").read_text().strip() == "2"

    def __exit__(self, *unused):
        self.guard.stdin.close()
        self.guard.wait()
        now = {name: (OVERCOMMIT / name).read_text().strip() for name in self.old}
        lib.equal(now, self.old, "overcommit, put back")


def strict_overcommit():
    if os.getuid() != 0 or not os.access(OVERCOMMIT / "overcommit_memory", os.W_OK):
        print("note: overcommit is not ours to set")
        return
    with StrictOvercommit() as is_strict:
        if not is_strict:
            return
        for words in (["hazard_semantics", "heap"], ["hazard_semantics", "mappings"],
                      ["hazard_semantics", "memory", "100"], ["hazard_moments", "many", "1000"],
                      ["hazard_moments", "small"], ["hazard_fork", "live", "500"],
                      ["hazard_fork", "threads", "8", "100"], ["truth_lines"]):
            same([lib.workload(words[0], "O2"), *words[1:]], is_lossless=False,
                 env=dict(os.environ, TRUTH_FILE="/dev/null"))
        alone = lib.run(["sh", "-c", ACCOUNTED])
        profiled = lib.Profiled(["sh", "-c", ACCOUNTED])
        more = int(profiled.done.stderr) - int(alone.stderr)
        print(f"each process must be promised {more} KiB more")
        lib.check(0 < more < 32768, f"promised to each process: {more} KiB more")


def libraries_of(program):
    text = lib.run(["ldd", program]).stdout.decode()
    return [word for word in text.split() if word.startswith("/")]


def in_chroot():
    """The shim is not in there: the loader must not complain about it."""
    if os.getuid() != 0:
        print("note: no chroot without root")
        return
    root = lib.fresh("root")
    for path in (LIMITS, "/bin/sh", *libraries_of(LIMITS), *libraries_of("/bin/sh")):
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    profiled = same(["chroot", root, "/bin/sh", "-c", f"{LIMITS} badexec; exec {LIMITS} badexec"])
    listed = [path for path, _ in profiled.must_have_profile().not_followed]
    lib.check(len(profiled.profile.images) >= 1 and len(listed) >= 1,
              f"chroot: {len(profiled.profile.images)} images, not followed: {listed}")


def namespaces():
    """Another user and pid name space: pids are other numbers in there."""
    if subprocess.run(["unshare", "-pf", "true"], check=False, capture_output=True).returncode:
        print("note: no pid name space of our own")
        return
    same(["unshare", "-pf", "sh", "-c", f"{LIMITS} badexec; echo $$"])


def main():
    limits()
    full_disks()
    vanished()
    directories()
    in_chroot()
    namespaces()
    if hazards.IS_LONG:
        strict_overcommit()
    lib.check(not list(pathlib.Path.cwd().glob("memwatch-*")), "run directory in a wrong place")
    lib.finish()


main()
