"""cases.py - what is run: loops that time themselves, and real programs.

Each case says what it needs; prepare() makes its inputs in the workspace, or raises Missing with
the reason. --quick makes everything small: enough to see that it works, not to quote.
"""

import dataclasses
import pathlib
import shutil
import socket
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"


class Missing(Exception):
    """The case cannot run here; the text says why."""


@dataclasses.dataclass
class Case:
    name: str
    kind: str  # loop, program, tree, storm (see tools.py)
    argv: list = None
    env: dict = dataclasses.field(default_factory=dict)
    before: list = None  # run before each measurement, outside of it
    client: list = None  # drives argv, which is a server; prints {"wall_ns": ...}
    is_small: bool = False  # the slow tools run it, too
    only: frozenset = None  # names of the only tools that run it
    pattern: str = ""  # of a loop
    depth: int = 0
    threads: int = 1
    unit: str = "run"  # what an event of a loop is
    prepare: object = None  # (case, workspace) -> None; fills argv


@dataclasses.dataclass(frozen=True)
class Workspace:
    build: pathlib.Path
    source: pathlib.Path
    inputs: pathlib.Path
    quick: bool

    def size(self, full, quick):
        return quick if self.quick else full


def needs(program, package):
    """The path of the system's own program. One that starts another (a wrapper script) would be
    measured instead of it by every profiler that does not follow an exec."""
    path = shutil.which(program, path="/usr/bin:/bin") or shutil.which(program)
    if not path:
        raise Missing(f"no {program} here (apt: {package})")
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            raise Missing(f"{path} is a script, not the program itself")
    return path


def loop(pattern, depth=20, threads=1, unit="pair", full=(), quick=(), suffix="", **fields):
    """A pattern of bench_loops (-fp: built with frame pointers); @full and @quick are its further
    arguments."""
    name = f"{pattern}-{depth}" + (f"-t{threads}" if threads > 1 else "") + suffix
    program = "bench/bench_loops" + suffix.replace("-", "_")

    def prepare(case, work):
        how_long = ["--seconds", str(work.size(0.4, 0.05))]
        case.argv = [str(work.build / program), pattern, "--depth", str(depth),
                     "--threads", str(threads), *(work.size(full, quick) or how_long)]

    return Case(name, "loop", pattern=pattern, depth=depth, threads=threads, unit=unit,
                prepare=prepare, **fields)


def loops():
    few = frozenset(("bare", "pass", "peak", "full", "heaptrack"))
    result = []
    for pattern in ("tight", "mixed"):
        for depth in (5, 20, 60):
            result += [loop(pattern, depth, threads, is_small=threads == 1 and depth == 20)
                       for threads in (1, 2, 4, 8)]
    result += [loop("walk", depth) for depth in (5, 20, 60)]
    result += [loop(pattern, suffix="-fp") for pattern in ("tight", "mixed")]
    result += [
        loop("wander"),
        loop("live", is_small=True),
        loop("churn"),
        loop("realloc", unit="realloc"),
        loop("handover", threads=2),
        loop("handover", threads=4),
        loop("many", only=few, full=("--events", "1", "--blocks", "10000000"),
             quick=("--events", "1", "--blocks", "300000")),
        loop("storm", unit="thread", full=("--events", "10000"), quick=("--events", "400")),
    ]
    return result


def preprocessed(work, compiler, source, name, *options):
    """@source of programs/ through the preprocessor, in the workspace; once."""
    output, source = work.inputs / name, PROGRAMS / source
    if not output.exists() or output.stat().st_mtime < source.stat().st_mtime:
        done = subprocess.run([compiler, "-E", "-o", output, *options, source],
                              capture_output=True, text=True)
        if done.returncode != 0:
            output.unlink(missing_ok=True)
            raise Missing(f"{source.name}: {done.stderr.strip().splitlines()[0]}")
    return output


def compiler_proper(driver, name):
    path = subprocess.run([driver, f"-print-prog-name={name}"], capture_output=True,
                          text=True).stdout.strip()
    if not path or not pathlib.Path(path).is_file():
        raise Missing(f"{driver} has no {name}")
    return path


def prepare_cc1(case, work):
    source = preprocessed(work, needs("gcc", "gcc"), "stb.c", f"stb{work.quick:d}.i",
                          *work.size((), ("-DBENCH_QUICK",)))
    case.argv = [compiler_proper("gcc", "cc1"), "-quiet", "-O1", str(source), "-o", "/dev/null"]


def prepare_cc1_small(case, work):
    source = preprocessed(work, needs("gcc", "gcc"), "ten_lines.c", "ten.i")
    case.argv = [compiler_proper("gcc", "cc1"), "-quiet", "-O2", str(source), "-o", "/dev/null"]


def prepare_cc1plus(case, work):
    source = preprocessed(work, needs("g++", "g++"), "templates.cc", f"templates{work.quick:d}.ii",
                          "-std=c++17", *work.size((), ("-DBENCH_QUICK",)))
    case.argv = [compiler_proper("g++", "cc1plus"), "-quiet", "-std=c++17", "-O0", str(source),
                 "-o", "/dev/null"]


def script(program, package, name, full, quick):
    def prepare(case, work):
        case.argv = [needs(program, package), str(PROGRAMS / name), str(work.size(full, quick))]
    return prepare


def prepare_sqlite(case, work):
    sql = work.inputs / f"rows{work.quick:d}.sql"
    text = (PROGRAMS / "rows.sql").read_text()
    sql.write_text(text.replace("@ROWS@", str(work.size(200000, 10000))))
    case.argv = [needs("sqlite3", "sqlite3"), "-init", str(sql), ":memory:", ""]


def prepare_git(case, work):
    git = needs("git", "git")
    if subprocess.run([git, "-C", work.source, "rev-parse"], capture_output=True).returncode != 0:
        raise Missing("this source tree is not a git repository")
    case.argv = [git, "-C", str(work.source), "--no-pager", "log", "--stat", "-p",
                 f"-{work.size(400, 20)}"]


def prepare_xz(case, work):
    source = work.inputs / f"plain{work.quick:d}"
    if not source.exists():
        size = work.size(16 << 20, 1 << 20)
        libc = pathlib.Path(needs("xz", "xz-utils")).read_bytes()
        source.write_bytes((libc * (size // len(libc) + 1))[:size])
    case.argv = [needs("xz", "xz-utils"), "-k", "-c", "-6", "-T1", str(source)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def prepare_redis(case, work):
    """redis-tools has the server, too, under the name of a checker: argv[0] decides."""
    server = work.inputs / "redis-server"
    if not server.is_symlink():
        server.symlink_to(needs("redis-check-rdb", "redis-tools"))
    port = free_port()
    case.argv = [str(server), "--bind", "127.0.0.1", "--port", port, "--save", "",
                 "--daemonize", "no", "--appendonly", "no"]
    case.client = [sys.executable, str(PROGRAMS / "redis_client.py"),
                   needs("redis-benchmark", "redis-tools"), port,
                   str(work.size(200000, 5000))]


def prepare_storm(case, work):
    case.argv = [str(work.build / "bench/bench_storm"), str(work.size(2000, 50)), "/bin/true"]


def prepare_make(case, work):
    """This project itself, configured once; each measurement begins after a make clean."""
    make, build = needs("make", "make"), work.inputs / "make"
    if not (build / "Makefile").exists():
        subprocess.run(["cmake", "-S", work.source, "-B", build, "-G", "Unix Makefiles",
                        "-DMEMWATCH_TESTS=OFF"], check=True, stdout=subprocess.DEVNULL)
    case.argv = [make, "-s", "-j2", "-C", str(build), *work.size((), ("memwatch_symbolize",))]
    case.before = [make, "-s", "-C", str(build), "clean"]


def programs():
    python = ("python3", "python3", "dict.py")
    return [
        Case("cc1", "program", prepare=prepare_cc1),
        Case("cc1-ten-lines", "program", prepare=prepare_cc1_small, is_small=True),
        Case("cc1plus", "program", prepare=prepare_cc1plus),
        Case("python3", "program", prepare=script(*python, 400000, 20000)),
        Case("python3-malloc", "program", prepare=script(*python, 400000, 20000),
             env={"PYTHONMALLOC": "malloc"}, is_small=True),
        Case("perl", "program", prepare=script("perl", "perl", "hash.pl", 300000, 20000),
             is_small=True),
        Case("node", "program", prepare=script("node", "nodejs", "buffers.js", 600000, 20000)),
        Case("sqlite3", "program", prepare=prepare_sqlite),
        Case("redis", "program", prepare=prepare_redis),
        Case("git-log", "program", prepare=prepare_git),
        Case("xz", "program", prepare=prepare_xz),
        Case("true-storm", "storm", prepare=prepare_storm),
        Case("make-j2", "tree", prepare=prepare_make),
    ]


def all_cases():
    return loops() + programs()
