#!/usr/bin/python3
"""test_unwind.py GROUP - every stack against libunwind's, frame by frame, over every kind of code.

Each program runs plainly and under --check-unwinder=1: same output and status, enough stacks
compared, none different, none cut or stopped that need not be. What is guessed (code without
unwind data) libunwind guesses, too, and is not compared; there the program says which functions
must be on its stacks, and how often.
"""

import collections
import glob
import os
import shutil
import sys

import lib

WORKLOADS = lib.SOURCE / "workloads"

# Flags of the compilers: with and without frame pointers, of all levels, lazily and eagerly bound.
IS_X86 = os.uname().machine == "x86_64"
GCC = (("-O0",), ("-O2",), ("-O3", "-march=native"), ("-O2", "-fno-omit-frame-pointer"),
       ("-O2", "-mstackrealign", "-fno-plt"), ("-Os", "-fcf-protection", "-Wl,-z,now"))
if not IS_X86:
    GCC = (("-O0",), ("-O2",), ("-O2", "-fomit-frame-pointer"), ("-Os", "-fno-plt", "-Wl,-z,now"))
# AArch64's pointer authentication. libunwind 1.6 takes the signature for a part of the address.
SIGNED = ("-O2", "-mbranch-protection=pac-ret+leaf")
CLANG = (("-O0",), ("-O2",), ("-O2", "-fno-omit-frame-pointer"))


def compilers(cxx=False):
    """(compiler, flags) for all that are installed here."""
    found = [("g++" if cxx else "gcc", flags) for flags in GCC]
    if shutil.which("clang"):
        found += [("clang++" if cxx else "clang", flags) for flags in CLANG]
    else:
        print("note: no clang here")
    return found


def build(compiler, flags, *sources, name="program"):
    path = lib.fresh(name)
    done = lib.run([compiler, "-g", "-w", "-D_GNU_SOURCE", f"-I{lib.SOURCE}", *flags, "-o", path,
                    *[WORKLOADS / source for source in sources], "-lpthread", "-lm", "-ldl"])
    if done.status != 0:
        lib.fail(f"{compiler} {flags} {sources}: {done.stderr.decode(errors='replace')[:500]}")
        lib.finish()
    return path


def cut_blocks(profile):
    """Blocks whose stack misses its outer frames."""
    return sum(row["allocated_blocks"]
               for row in profile.data["totals"]["partial_stacks"].values())


def compare(argv, floor, *options, what, may_be_cut=False, **more):
    """One program, checked; its profile."""
    _, profiled = lib.compare_runs(argv, "--check-unwinder=1", *options, what=what, **more)
    profile = profiled.must_have_profile()
    stacks = profile.data["stacks"]
    lib.check(stacks["checked"] >= floor, f"{what}: {stacks['checked']} stacks compared < {floor}")
    lib.equal(stacks["mismatched"], 0, f"{what}: stacks that differ")
    if not may_be_cut:
        lib.equal(cut_blocks(profile), 0, f"{what}: blocks with incomplete stacks")
    print(f"{what}: {stacks['checked']} compared, {stacks['mismatched']} differ, "
          f"{cut_blocks(profile)} incomplete")
    return profile


def blocks_through(profile, function):
    """Blocks allocated below a function, all namesakes together."""
    return sum(row["through"].get("heap", {}).get("allocated_blocks", 0)
               for row in profile.data["functions"] if lib.bare_name(row["name"]) == function)


def frames():
    for compiler, flags in compilers():
        program = build(compiler, flags, "unwind_frames.c")
        what = " ".join((compiler, *flags))
        profile = compare([program], 40000, what=what, may_be_cut=True)
        lib.check(0 < cut_blocks(profile) < 100, f"{what}: the deep recursion is cut, no other")
        compare([program, "abort"], 40000, "--max-frames=1024", what=what + ", abort",
                may_be_cut=True)


def holes():
    """A program whose linker left holes between its segments, as node's does: the loader tells of one
    of them at a time, and the unwind tables and the build ID lie in others."""
    for flags in (["-O2", "-no-pie"], ["-O2", "-fPIE", "-pie"]):
        flags = [*flags, "-fomit-frame-pointer", "-Wl,-Ttext=0x8000000", "-Wl,--build-id"]
        program = build("gcc", flags, "unwind_frames.c")
        what = " ".join(flags)
        profile = compare([program], 40000, what=what, may_be_cut=True)
        lib.check(0 < cut_blocks(profile) < 100, f"{what}: the deep recursion is cut, no other")
        ids = [module["build_id"] for module in profile.data["modules"] if module["path"] == str(program)]
        lib.check(len(ids) == 1 and ids[0], f"{what}: build IDs of the program: {ids}")
    between()


def twin(name, frame_bytes, *flags):
    """Code of one form at one place, with other frames; all with the same build ID."""
    return build("gcc", ("-O2", "-shared", "-fPIC", f"-DNAME={name}", f"-DFRAME_BYTES={frame_bytes}",
                         "-Wl,--build-id=0x6d656d77", *flags), "unwind_twin.c", name=name)


def check_twins(profile, names, what):
    for name in names:
        for i in range(10, 50):
            lib.equal(blocks_through(profile, f"{name}_{i}"), 20, f"{what}: {name}_{i}")


def between():
    """A library in a hole of the program is not the program; and the program is not the loader that
    was told to start it."""
    flags = ("-O2", "-no-pie", "-Wl,-Ttext=0x8000000")
    program = build("gcc", flags, "unwind_beside.c")
    alpha = twin("alpha", 1008, "-Wl,-Ttext-segment=0x2000000")
    loaders = glob.glob(f"/lib*/ld-linux-{os.uname().machine.replace('_', '-')}.so.*")[:1]
    for argv in [program, alpha], [*loaders[:not lib.emulator()], program, alpha]:
        what = " ".join(("between", *(os.path.basename(word) for word in argv)))
        plain, profiled = lib.compare_runs(argv, what=what)
        if lib.emulator() and plain.stdout == b"0\n":
            print(f"note: {lib.emulator()} puts no library into the hole of a program")
        else:
            lib.equal(plain.stdout, b"1\n", f"{what}: plugins in a hole of the program")
        profile = profiled.must_have_profile()
        check_twins(profile, ("alpha",), what)
        lib.equal(blocks_through(profile, "allocate"), 800, f"{what}: allocate")
        lib.equal(cut_blocks(profile), 0, f"{what}: blocks with incomplete stacks")


def signals():
    for compiler, flags in compilers():
        program = build(compiler, flags, "unwind_signals.c")
        cases = [("handlers", 140), ("timer", 500)]
        for what, floor in cases + ([("steps", 5000)] if IS_X86 else []):
            for stack in ("alternate", "same"):
                compare([program, what, stack], floor,
                        what=" ".join((compiler, *flags, what, stack)))
        nowhere(program, " ".join((compiler, *flags, "nowhere")))
        if IS_X86:
            aligned(program, " ".join((compiler, *flags, "aligned")))
            untabled(program, " ".join((compiler, *flags, "untabled")))
    if not IS_X86:
        print("note: single steps not tried: they are made by x86-64's trap flag")


def nowhere(program, what):
    """A stack that ends at a signal frame says nothing of the next one in its place."""
    for stack in ("alternate", "same"):
        profile = compare([program, "nowhere", stack], 200, what=f"{what} {stack}", may_be_cut=True)
        lib.equal(cut_blocks(profile), 100, f"{what} {stack}: blocks of callers that nobody knows")
        for name in ("jumper", "keeper", "raise_here"):
            lib.equal(blocks_through(profile, name), 100, f"{what} {stack}: {name}")


def untabled(program, what):
    """A trampoline of the program's own, as Go's runtime has; libgcc knows those, libunwind does not."""
    for stack in ("alternate", "same"):
        _, profiled = lib.compare_runs([program, "untabled", stack], what=f"{what} {stack}")
        profile = profiled.must_have_profile()
        lib.equal(cut_blocks(profile), 0, f"{what} {stack}: blocks with incomplete stacks")
        for name in ("handle_untabled", "syscall", "raise_untabled"):
            lib.equal(blocks_through(profile, name), 100, f"{what} {stack}: {name}")


def aligned(program, what):
    """On the last instructions of a function that aligns its stack, after `leave`, gcc's table still
    finds the caller's frame pointer through the frame pointer. libunwind believes it;
    we see that it is not this frame's. So the program's own count is the truth here."""
    profiled = lib.Profiled([program, "aligned"])
    profile = profiled.must_have_profile()
    lib.equal(profiled.done.status, 0, f"{what}: status")
    n_steps = int(profiled.done.stdout.split()[1]) # not the same without us: symbols are bound
    lib.check(n_steps > 200, f"{what}: {n_steps} steps")
    lib.equal(blocks_through(profile, "allocate"), n_steps, f"{what}: allocate")
    lib.equal(blocks_through(profile, "steps"), n_steps, f"{what}: steps")
    lib.equal(cut_blocks(profile), 0, f"{what}: blocks with incomplete stacks")


def stacks():
    for compiler, flags in compilers():
        program = build(compiler, flags, "unwind_stacks.c")
        for what, floor in (("coroutines", 10000), ("threads", 3500), ("children", 200)):
            compare([program, what], floor, what=" ".join((compiler, *flags, what)))


def whole_paths(profile, names):
    """What was counted at each stack of the program's own functions: as unwind_turns.c prints it."""
    data, found = profile.data, {}
    for site in data["sites"]:
        if site["class"] != "heap":
            continue
        path = [data["functions"][data["lines"][line]["function"]]["name"] for line in site["stack"]]
        path = tuple(name for name in path if name in names)
        one = found.setdefault(path, [0, 0, 0])
        for i, name in enumerate(("allocated_blocks", "allocated_bytes", "freed_here_blocks")):
            one[i] += site["counters"][name]
    return found


LEAVES = (("leaf",), ("leaf_rest",), ("leaf_take",)) # of unwind_turns.c


def turns():
    """Stacks that a thread takes turns among, each counted at its own: by the program's books."""
    for compiler, flags in compilers() + ([] if IS_X86 else [("gcc", SIGNED)]):
        program = build(compiler, flags, "unwind_turns.c", "unwind_turns.S")
        what = " ".join((compiler, *flags))
        if flags != SIGNED:
            compare([program], 20000, what=what, may_be_cut=True)
        plain, profiled = lib.compare_runs([program], what=what)
        rows = [row.split() for row in plain.stdout.decode().splitlines()]
        names = {name for row in rows for name in row[3:]}
        books = {tuple(row[3:]): [int(word) for word in row[:3]] for row in rows}
        found = {path: counts for path, counts
                 in whole_paths(profiled.must_have_profile(), names).items() if path[:1] in LEAVES}
        lib.check(len(books) > 1000, f"{what}: {len(books)} paths")
        wrong = [path for path in books.keys() | found.keys()
                 if books.get(path) != found.get(path)]
        for path in wrong[:5]:
            lib.fail(f"{what}: {' < '.join(path)}: {found.get(path)}, not {books.get(path)}")
        lib.equal(len(wrong), 0, f"{what}: wrong paths")
        if flags == ("-O0",):
            cut_turns(program, what)


def cut_turns(program, what):
    """Stacks cut at a depth that some of them have are the innermost frames of the whole ones."""
    wholes = every_stack(program)
    lib.check(len(wholes) > 500, f"{what}: {len(wholes)} stacks without signals")
    for n in (6, 8, 10, 12, 14):
        whole = collections.Counter()
        for stack, blocks in wholes.items():
            whole[stack[:n]] += blocks
        cut = every_stack(program, f"--max-frames={n}")
        differ = [stack for stack in whole.keys() | cut.keys() if whole[stack] != cut[stack]]
        for stack in differ[:5]:
            lib.fail(f"{what}, {n} frames: {' < '.join(stack)}: {cut[stack]}, not {whole[stack]}")
        lib.equal(len(differ), 0, f"{what}, {n} frames: stacks that differ")


def every_stack(program, *options):
    """Allocated blocks by the names of all frames."""
    no_frames = ("take_or_give", "[task turns]") # inlined, and the region around all
    data = lib.Profiled([program, "without-signals"], *options).must_have_profile().data
    found = collections.Counter()
    for site in data["sites"]:
        names = (data["functions"][data["lines"][line]["function"]]["name"] for line in site["stack"])
        stack = tuple(name for name in names if name not in no_frames)
        if site["class"] == "heap" and stack[:1] in LEAVES:
            found[stack] += site["counters"]["allocated_blocks"]
    return found


def foreign():
    """Who calls through code without unwind data must still be on the stack, if that code keeps
    a frame pointer or leaves no frame; otherwise nothing wrong may be."""
    if not IS_X86:
        lib.skip("the code without unwind data is x86-64's")
    for compiler, flags in compilers():
        program = build(compiler, flags, "unwind_foreign.c", "unwind_foreign.S")
        what = " ".join((compiler, *flags))
        profile = compare([program], 300, what=what, may_be_cut=True)
        lib.equal(blocks_through(profile, "allocate_below"), 300, f"{what}: allocate_below")
        for caller in ("assembly_fp_by", "assembly_jump_by", "jit_fp_by", "with_frame_pointer",
                       "without_frame_pointer", "with_other_value"):
            lib.equal(blocks_through(profile, caller), 50, f"{what}: {caller}")
        lib.equal(blocks_through(profile, "[jit]"), 100, f"{what}: code made at run time")
        _, profiled = lib.compare_runs([program, "beside"], what=f"{what}, beside") # libunwind dies
        profile = profiled.must_have_profile()
        lib.equal(blocks_through(profile, "allocate_beside"), 3, f"{what}: allocate_beside")


def cxx():
    for compiler, flags in compilers(cxx=True):
        program = build(compiler, flags, "unwind_cxx.cc")
        for arguments in ((), ("terminate",)):
            compare([program, *arguments], 10000, what=" ".join((compiler, *flags, *arguments)))


def plugins():
    """The program's own counts are the truth: libunwind's caches are stale after a dlclose()."""
    for build_id in ("none", "sha1"):
        for level in ("-O0", "-O2"):
            shared = ("-shared", "-fPIC", level, f"-Wl,--build-id={build_id}",
                      # Free, and one that qemu-user gives, too.
                      "-Wl,-Ttext-segment=" + ("0x610000000000" if IS_X86 else "0x500000000000"))
            # Frames of as many instructions: else the functions have other addresses on aarch64.
            alpha, beta = (build("gcc", (*shared, f"-DNAME={name}", f"-DFRAME_BYTES={size}"),
                                 "unwind_plugin.c", name=name)
                           for name, size in (("alpha", 624), ("beta", 1008)))
            # The loader heeds the plugins' address in programs that have one of their own.
            program = build("gcc", ("-no-pie", level), "unwind_plugins.c")
            what = f"plugins {level}, build ID {build_id}"
            plain, profiled = lib.compare_runs([program, alpha, beta], what=what)
            n_alpha, n_beta, n_same = (int(word) for word in plain.stdout.split())
            lib.check(n_same > 50, f"{what}: {n_same} times at the same address")
            profile = profiled.must_have_profile()
            for name, count in (("alpha", n_alpha), ("beta", n_beta)):
                lib.equal(blocks_through(profile, name + "_inner"), count, f"{what}: {name}_inner")
                lib.equal(blocks_through(profile, name + "_outer"), count, f"{what}: {name}_outer")
            lib.equal(blocks_through(profile, "in_thread"), (n_alpha + n_beta) // 2,
                      f"{what}: in_thread")
            lib.equal(cut_blocks(profile), 0, f"{what}: blocks with incomplete stacks")


def switches():
    """A stack can begin with a call that came from another one; in the same place with nothing."""
    if not IS_X86:
        lib.skip("the code that changes stacks is x86-64's")
    for compiler, flags in compilers():
        program = build(compiler, flags, "unwind_switch.c", "unwind_switch.S")
        what = " ".join((compiler, *flags))
        compare([program, "turns"], 3900, what=what)
        _, profiled = lib.compare_runs([program, "turns"], what=what)
        profile = profiled.must_have_profile()
        lib.equal(cut_blocks(profile), 0, f"{what}: blocks with incomplete stacks")
        for name, count in (("allocate", 1950), ("as_started", 0), ("as_called_by_fp", 750),
                            ("another_way", 300), ("as_called_by_slot", 600), ("twice", 600),
                            ("turns", 1650)):
            lib.equal(blocks_through(profile, name), count, f"{what}: {name}")
        # Seconds each, if who leaves one of those frames begins anew for each.
        profile = compare([program, "deep"], 200, what=f"{what}, deep")
        lib.equal(blocks_through(profile, "main"), 101, f"{what}, deep: main")
        _, profiled = lib.compare_runs([program, "gone"], what=f"{what}, gone") # libunwind dies
        profile = profiled.must_have_profile()
        lib.equal(blocks_through(profile, "stay"), 300, f"{what}: stay")
        lib.equal(blocks_through(profile, "be_gone"), 200, f"{what}: be_gone")
        lib.equal(cut_blocks(profile), 100, f"{what}: blocks whose callers are gone")
        _, profiled = lib.compare_runs([program, "beside"], what=f"{what}, beside") # dies, too
        lib.equal(blocks_through(profiled.must_have_profile(), "beside"), 100, f"{what}: beside")


def twins():
    """Libraries that were given the same build ID are not the same."""
    program = build("gcc", ("-O2",), "unwind_beside.c")
    profile = compare([program, twin("alpha", 1008), twin("beta", 3024)], 3000, what="twins")
    check_twins(profile, ("alpha", "beta"), "twins")


def languages():
    if not shutil.which("rustc") and not shutil.which("gfortran"):
        lib.skip("no rustc and no gfortran here")
    if shutil.which("rustc"):
        for flags in (("-Copt-level=0",), ("-Copt-level=3",), ("-Cforce-frame-pointers=yes", "-O")):
            program = lib.fresh("rust")
            done = lib.run(["rustc", "-g", *flags, "-o", program, WORKLOADS / "unwind_rust.rs"])
            if lib.equal(done.status, 0, f"rustc: {done.stderr[:300]!r}"):
                compare([program], 5000, what=f"rust {flags[0]}")
    else:
        print("note: no rustc here")
    if shutil.which("gfortran"):
        for flags in (("-O0",), ("-O3", "-march=native")):
            modules = f"-J{lib.fresh('modules').parent}" # else they land in the working directory
            program = build("gfortran", (*flags, modules), "unwind_fortran.f90")
            compare([program], 5000, what=f"fortran {flags[0]}")
    else:
        print("note: no gfortran here")


PYTHON = """
import json, re, ctypes, decimal, threading
data = [{"n": i, "text": str(i) * (i % 50), "list": list(range(i % 20))} for i in range(400)]
print(len(json.loads(json.dumps(data))), len(re.sub("[0-9]+", "x", json.dumps(data))))
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
array = (ctypes.c_int * 9)(5, 3, 8, 1, 9, 2, 7, 4, 6)
ctypes.CDLL(None).qsort(array, 9, 4, compare(lambda a, b: a[0] - b[0]))
print(list(array), decimal.Decimal(2).sqrt())
threads = [threading.Thread(target=lambda: [str(i) * 300 for i in range(300)]) for _ in range(3)]
[t.start() for t in threads], [t.join() for t in threads]
"""
PERL = 'my %h; $h{"k$_"} = [1 .. $_ % 9] for 1 .. 2000; print join(",", map { $#{$h{$_}} } sort keys %h)'
NODE = """let all = []; for (let i = 0; i < 20000; i++) all.push({ i, s: "x" + i });
all.sort((a, b) => a.s < b.s ? -1 : 1); console.log(all.length, all[7].s, JSON.stringify(all).length);"""
CXX_SOURCE = """#include <map>
#include <string>
#include <vector>
int main() { std::map<std::string, std::vector<int>> m; m["a"].push_back(1); return (int)m.size(); }
"""


def programs():
    """Other people's programs: interpreters, generated code, hand-written assembly, a compiler."""
    source = lib.fresh("source.cc")
    is_slow = lib.emulator() # and the headers are minutes then
    source.write_text("int main(int n, char **v) { return v[n - 1][0]; }\n" if is_slow else CXX_SOURCE)
    key = lib.fresh("key.pem")
    cases = [
        ("python3", 5000, ["python3", "-c", PYTHON], {}),
        ("python3, malloc", 50000, ["python3", "-c", PYTHON],
         {"env": dict(os.environ, PYTHONMALLOC="malloc")}),
        ("perl", 5000, ["perl", "-e", PERL], {}),
        ("node", 20000, ["node", "-e", NODE], {}),
        ("bash", 1000, ["bash", "-c", 'for i in {1..99}; do a[i]=$(echo $i); done; echo ${a[*]}'], {}),
        ("openssl, keys", 5000, ["openssl", "genrsa", "-out", key, "1024"], {"same_output": False}),
        ("openssl, speed", 5000, ["openssl", "speed", "-seconds", "1", "-bytes", "256", "ecdhp256"],
         {"same_output": False}),
        ("g++", 5000 if is_slow else 100000, ["g++", "-O2", "-c", source, "-o", str(source) + ".o"], {}),
    ]
    for what, floor, argv, more in cases:
        if not shutil.which(argv[0]):
            print(f"note: no {argv[0]} here")
            continue
        # A few frames of code that is made at run time keep no frame pointer.
        compare(argv, floor, what=what, may_be_cut=what == "node", **more)


GROUPS = {function.__name__: function for function in
          (frames, holes, signals, stacks, turns, foreign, cxx, plugins, switches, twins, languages, programs)}


def main():
    GROUPS[sys.argv[1]]()
    lib.finish()


main()
