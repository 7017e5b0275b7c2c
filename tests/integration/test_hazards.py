#!/usr/bin/python3
"""Programs on which a profiler inside the process goes wrong (workloads/hazard_*.c): each ends as
it does alone, with the same output, and soon.
"""

import os

import shutil

import lib


def same(argv, **more):
    """Run alone and profiled: status and standard output are equal."""
    alone = lib.run(argv, **more)
    profiled = lib.Profiled(argv, **more)
    what = " ".join(str(word) for word in argv[:3])
    lib.equal(profiled.done.status, lib.shell_status(alone.status), f"{what}: status")
    lib.equal(profiled.done.stdout, alone.stdout, f"{what}: output")
    return alone, profiled


def stacks(level):
    program = lib.workload("hazard_stacks", level)
    for _ in range(3):
        same([program, "vfork"])
    same([program, "altstack"])
    alone, profiled = same([program, "many", "1000"])
    slow, fast = int(profiled.done.stderr), int(alone.stderr)
    # 470 us when each switch reads /proc/self/maps
    lib.check(slow - fast < 50000, f"a switch between 1000 stacks: {fast} ns alone, {slow} ns")


def loader(level):
    program = lib.workload("hazard_loader", level)
    plugin = lib.BUILD / "workloads/hazard_plugin.so"
    alone, _ = same([program, "plugin", plugin])
    lib.equal(alone.stdout, b"operator new fails well: 1\n", "the plug-in alone")
    same([program, "error"])
    # 190 MB when each dlclose, though nothing is unloaded, makes all stacks new
    _, profiled = same([program, "close", "1000", "libc.so.6"])
    lib.check(int(profiled.done.stderr) < 4000, f"dlclose: grew by {profiled.done.stderr} KiB")
    size = (profiled.directory / "run.mwd").stat().st_size
    lib.check(size < 8 << 20, f"dlclose: a dump of {size} bytes")


def limits(level):
    program = lib.workload("hazard_limits", level)
    for way in ("prctl", "syscall"):
        alone, _ = same([program, "seccomp", way])
        if alone.status == 77 and lib.emulator():
            print(f"note: {lib.emulator()} takes no seccomp filter ({way})")
        else:
            lib.equal(alone.status, 3, "a filter can be installed")
    if not lib.emulator():
        alone, _ = same([program, "seccomp", "exec"])
        lib.equal(alone.status, 0, "what is executed under a filter")
    same([program, "badexec"])
    # The copy that mremap makes of a file mapping is a file mapping.
    alone, profiled = same([program, "remap"])
    if alone.status == 1 and lib.emulator():
        print(f"note: {lib.emulator()} does not copy a shared mapping by mremap")
        return
    lib.equal(alone.status, 0, "mremap of a shared mapping")
    classes = profiled.must_have_profile().images[0].row["all"]
    lib.equal(classes["file"]["allocated_bytes"], 2 << 20, "remap: file mappings")
    lib.check("anon" not in classes, f"remap: {classes.get('anon')}")
    # What a vfork child does to itself does not hinder the parent.
    _, profiled = same([program, "seccomp", "prctl", "vfork"])
    lib.equal(profiled.must_have_profile().data["losses"]["no_record"], 0, "vfork: lost")


def file_size():
    """A target with a file size limit of its own, while the launcher does not allocate ahead."""
    program = lib.workload("hazard_limits", "O0")
    done = lib.Profiled(["sh", "-c", f"kill -STOP $PPID; (ulimit -f 64; exec {program} sites 15); "
                         "echo $?; kill -CONT $PPID"]).done
    lib.equal(done.stdout, b"done\n0\n", "ulimit -f")


FINE = b"#include <stdlib.h>\nint main(void) { free(malloc(10)); return 5; }"
# What each is there to find: its own message and status must come through.
WRONG = b"""
#include <stdlib.h>
int main(int argc, char **argv)
{
	int *volatile numbers = malloc(10 * sizeof(int));
	int index = argc * 2147483647;
	if (numbers[argc] > 3) /* memory */
		index++;
	index += argc; /* undefined */
	free(numbers);
	return numbers[argc] == 123456789 ? index == 5 : 3; /* address */
}
"""


def sanitizers():
    """Built with one, it must run as it does alone. gcc's that wrap malloc are listed; clang's,
    which are inside the program, are their programs' own malloc."""
    for compiler in "gcc", "clang":
        if not lib.has(compiler, "its sanitizers"):
            continue
        for name in "address", "thread", "memory", "leak", "undefined":
            sanitizer(shutil.which(compiler), name, compiler == "gcc" and name in ("address", "thread"))


def sanitizer(compiler, name, is_listed):
    program, wrong = lib.fresh(name), lib.fresh(name)
    flags = [compiler, f"-fsanitize={name}", "-fno-sanitize-recover=all", "-x", "c", "-", "-o"]
    built = [lib.run([*flags, out], input=text) for out, text in ((program, FINE), (wrong, WRONG))]
    if any(done.status for done in built) or lib.run([program]).status != 5:
        print(f"note: no {name} sanitizer of {compiler} here")
        return
    same([program])
    alone, profiled = same([wrong])
    for word in b"AddressSanitizer", b"MemorySanitizer", b"runtime error":
        lib.equal(word in profiled.done.stderr, word in alone.stderr, f"{compiler} {name}: {word}")
    _, profiled = same(["sh", "-c", f"{program}; echo $?"])
    reasons = [reason for what, reason in profiled.must_have_profile().not_followed
               if what == str(program)]
    lib.equal(any("sanitizer" in reason for reason in reasons), is_listed,
              f"{compiler} {name}: listed, {reasons}")


def hostile_max_frames():
    """The control page is shared: what it says must not lead outside the zone's arrays."""
    profiled = lib.Profiled(["true"])
    path = profiled.directory / "run.mwd"
    data = bytearray(path.read_bytes())
    lib.equal(int.from_bytes(data[56:60], "little"), 512, "max_frames in the control page")
    data[56:60] = (1 << 20).to_bytes(4, "little")
    path.write_bytes(data)
    env = dict(os.environ, LD_PRELOAD=str(lib.SHIM), MEMWATCH_RUN_DIR=str(profiled.directory))
    done = lib.run([lib.workload("truth_deep", "O0"), "5000"], env=env)
    lib.equal(done.status, 0, "a control page that allows a million frames")


def main():
    for level in ("O0", "O2"):
        stacks(level)
        loader(level)
        limits(level)
    file_size()
    sanitizers()
    hostile_max_frames()
    lib.finish()


main()
