"""tools.py - the profilers that are compared, and how each is put around a command.

A tool offers itself only for the kinds of case where it does the same job: a profiler which does
not follow children has no figure for `make`, and one that needs a hundredfold of the time none
for a big heap. Why a tool is missing is always said, never guessed away.

Kinds of case: loop (the program times itself, only the in-process part counts), program (one
process, whole tool with its helpers), tree (children matter), storm (2,000 short children).
"""

import dataclasses
import glob
import os
import pathlib
import shutil
import subprocess
from typing import Callable

ALL = frozenset(("loop", "program", "tree", "storm"))
ONE_PROCESS = frozenset(("loop", "program"))


@dataclasses.dataclass(frozen=True)
class Tool:
    name: str  # as in --tools, JSON and tables
    title: str  # for people
    wrap: Callable  # (case kind, argv, output directory) -> (argv, environment additions)
    missing: Callable  # () -> None, or why it cannot run here
    kinds: frozenset = ALL
    only_small: bool = False  # runs only cases marked as small, at most twice
    is_core: bool = False  # always measured as often as asked; others less if they are slow
    helpers: tuple = ()  # names (comm) of processes that are the tool's, not the target's


def library(name):
    """The path of a shared library by its file name, or None."""
    found = sorted(glob.glob(f"/usr/lib/*/{name}") + glob.glob(f"/lib/*/{name}"))
    return found[0] if found else None


def lacking(path, package):
    return None if path and os.path.exists(path) else f"not installed (apt: {package})"


def preloading(path, **environment):
    """wrap() of a tool that is one object in LD_PRELOAD; {out} in values is the directory."""
    def wrap(_kind, argv, out):
        values = {key: value.format(out=out) for key, value in environment.items()}
        return argv, {"LD_PRELOAD": str(path), **values}
    return wrap


def bare():
    return Tool("bare", "no profiler", lambda _kind, argv, _out: (argv, {}), lambda: None,
                is_core=True)


def pass_through(build):
    shim = build / "bench/libbench-pass.so"
    return Tool("pass", "pass-through shim", preloading(shim),
                lambda: None if shim.exists() else f"not built: {shim}", is_core=True)


def ours(build, name, title, *options):
    launcher = build / "bin/memwatch-preload"

    def wrap(_kind, argv, out):
        return [str(launcher), "--no-report", "--quiet", f"--run-dir={out}/run", *options, "--",
                *argv], {}

    def missing():
        if not launcher.exists():
            return f"not built: {launcher}"
        text = subprocess.run([launcher, "--help"], capture_output=True, text=True).stdout
        unknown = [o for o in options if o.split("=")[0] not in text]
        return f"this memwatch-preload has no {unknown[0]}" if unknown else None

    return Tool(name, title, wrap, missing, is_core=True, helpers=("memwatch-preloa",))


def heaptrack():
    preload = "/usr/lib/heaptrack/libheaptrack_preload.so"

    def wrap(kind, argv, out):
        if kind == "loop":
            return argv, {"LD_PRELOAD": preload, "DUMP_HEAPTRACK_OUTPUT": "/dev/null"}
        if kind == "storm":  # it does not follow children: put it into each
            return argv, {"BENCH_CHILD_PRELOAD": preload, "DUMP_HEAPTRACK_OUTPUT": "/dev/null"}
        return ["heaptrack", "-r", "-o", f"{out}/heaptrack", *argv], {}

    return Tool("heaptrack", "heaptrack (loops and storm: its preload object writing to /dev/null)",
                wrap, lambda: lacking(preload, "heaptrack"),
                kinds=frozenset(("loop", "program", "storm")), is_core=True,
                helpers=("heaptrack", "zstd", "gzip", "mkfifo", "rm", "basename"))


def gperftools():
    path = library("libtcmalloc.so.4")
    return Tool("gperftools", "gperftools heap profiler (its own allocator)",
                preloading(path, HEAPPROFILE="{out}/gperftools"),
                lambda: lacking(path, "libgoogle-perftools4"))


def jemalloc(name, title, options):
    path = library("libjemalloc.so.2")
    options += ",prof_final:true,prof_prefix:{out}/jemalloc"

    def missing():
        if not path:
            return lacking(path, "libjemalloc2")
        said = subprocess.run(["/bin/true"], capture_output=True, text=True,
                              env={"LD_PRELOAD": path, "MALLOC_CONF": "prof:true"}).stderr
        return "libjemalloc2 is not built with profiling" if "nvalid conf" in said else None

    return Tool(name, title, preloading(path, MALLOC_CONF=options), missing)


def memusage():
    path = library("libmemusage.so")
    return Tool("memusage", "glibc's memusage (totals only, no stacks)", preloading(path),
                lambda: lacking(path, "libc-devtools"))


def valgrind(name, output_option):
    def wrap(_kind, argv, out):
        return ["valgrind", "-q", f"--tool={name}", f"--{output_option}={out}/{name}.%p",
                *argv], {}
    return Tool(name, f"valgrind's {name}", wrap,
                lambda: lacking(shutil.which("valgrind"), "valgrind"),
                kinds=ONE_PROCESS, only_small=True)


def all_tools(build):
    """All tools in the order of the tables' columns; @build is where cmake built the project."""
    build = pathlib.Path(build)
    return [
        bare(),
        pass_through(build),
        ours(build, "peak", "memwatch-preload --peak-only", "--full-report=no"),
        ours(build, "full", "memwatch-preload with stacks of frees", "--full-report=yes"),
        ours(build, "off", "memwatch-preload --stacks=off", "--stacks=off"),
        ours(build, "sample", "memwatch-preload --sample 512K", "--sample=512K"),
        heaptrack(),
        gperftools(),
        jemalloc("jemalloc", "jemalloc's profiler, every block", "prof:true,lg_prof_sample:0"),
        jemalloc("je-512K", "jemalloc's profiler, a sample each 512 KiB", "prof:true"),
        memusage(),
        valgrind("massif", "massif-out-file"),
        valgrind("dhat", "dhat-out-file"),
    ]
