#!/usr/bin/python3
"""make_corpus.py BUILD_DIR - the first seeds of tests/fuzz/corpus, from real runs and real files.

Run by hand when the format changes; what the fuzzers found is added as files named crash-*.
"""

import os
import pathlib
import struct
import subprocess
import sys
import tempfile

PAGE = 4096
CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"
RULES = 5 # segments that the report does not read


def seed(target, name, data):
    (CORPUS / target).mkdir(parents=True, exist_ok=True)
    (CORPUS / target / name).write_bytes(data)


def sparse(data):
    """The form of sparse.h: pages without the zeros at their ends."""
    out, offset = [], 0
    while offset < len(data):
        page = data[offset:offset + PAGE]
        magic, kind, _, size = struct.unpack_from("<IHHQ", page.ljust(16, b"\0"))
        cut = len(page) < PAGE
        page = page.rstrip(b"\0") if not cut else page
        out.append(struct.pack("<H", len(page) | (0x8000 if cut else 0)) + page)
        offset += PAGE
        if magic == 0x5345474D and kind == RULES: # its header stays, its table need not be read
            n = size // PAGE - 1
            out.append(b"\0\0" * n)
            offset += n * PAGE
    return b"".join(out)


MARKED = """{0} mark begin 'a, "b"'; true; {0} mark instant now; {0} mark end x; {0} mark end y"""
BUDGET = b"""# limits
tree peak 1K
tree leaked 0
process * peak +10%
function "*" total +1MiB
line truth*.c:* at-peak 0
task "load" peak 300M
"""


def dumps(build):
    launcher = build / "bin/memwatch-preload"
    commands = {"true": ["true"], "shell": ["sh", "-c", "true; (exit 3); cat /dev/null & wait"],
                "inherit": [build / "workloads/O0/truth_inherit"],
                "lines": [build / "workloads/O2/truth_lines"],
                "killed": ["sh", "-c", "kill -9 $$"],
                "regions": [build / "workloads/O0/task_regions", "plain"],
                "sampled": [build / "workloads/O0/truth_inherit"],
                "marked": ["sh", "-c", MARKED.format(launcher)]}
    options = {"sampled": ["--sample=4K"]}
    for name, command in commands.items():
        with tempfile.TemporaryDirectory() as scratch:
            run = pathlib.Path(scratch) / "run"
            subprocess.run([launcher, "--run-dir", run, "-q", "--no-report", *options.get(name, []),
                            "--", *command],
                           env={"PATH": "/usr/bin:/bin", "TRUTH_FILE": "/dev/null"}, check=False,
                           stdout=subprocess.DEVNULL, cwd="/")
            data = (run / "run.mwd").read_bytes()
            if len(sparse(data)) < 120000:
                seed("dump", name, sparse(data))
                seed("dump", name + "-cut", sparse(data[:len(data) * 2 // 3 + 100]))
            text = (run / "run.json").read_text().replace(os.uname().nodename, "host")
            seed("run_json", name, text.encode())
            for file in run.glob("marks.csv"):
                seed("marks", name, file.read_bytes())
            for file in run.glob("*samples.csv"):
                seed("samples", f"{name}-{file.stem}", file.read_bytes())
            done = subprocess.run([build / "bin/memwatch-report", "--export=baseline", run],
                                  stdout=subprocess.PIPE, check=False)
            if done.stdout and len(done.stdout) < 20000:
                seed("baseline", name, done.stdout)
                seed("budget", name, BUDGET + b"\1" + done.stdout)


def program(source, *options):
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "out"
        subprocess.run(["gcc", "-x", "c", "-", "-o", out, *options], input=source, text=True,
                       check=True)
        return out.read_bytes()


def sections(data):
    """Name -> (address, bytes), elf(5)."""
    offset, = struct.unpack_from("<Q", data, 40)
    size, n, names = struct.unpack_from("<3H", data, 58)
    rows = [struct.unpack_from("<IIQQQQ", data, offset + i * size) for i in range(n)]
    strings = rows[names][4]
    for name, _, _, address, start, length in rows:
        end = data.index(b"\0", strings + name)
        yield data[strings + name:end].decode(), (address, data[start:start + length])


SOURCE = """
#include <alloca.h>
void *malloc(unsigned long);
static inline int inner(int n) { return malloc(n) != 0; }
int outer(int n) { char *p = alloca(n); p[n - 1] = 1; return inner(n) + p[0]; }
static void clean(int *x) { *x = 0; }
int guarded(int n) { __attribute__((cleanup(clean))) int x = n; return outer(x) + outer(n); }
"""


def elf_files():
    small = ["-nostdlib", "-shared", "-fPIC", "-Wl,--build-id=none", "-Wl,-z,noseparate-code"]
    for name, options in {"debug": ["-g", "-O2"], "plain": ["-O1"], "dwarf4": ["-gdwarf-4", "-O0"],
                          "lines": ["-g1", "-O2", "-fexceptions"]}.items():
        data = program(SOURCE, *small, *options)
        seed("elf", name, data)
        seed("inspect", name, data[:4096])
        found = dict(sections(data))
        header, frames = found[".eh_frame_hdr"], found[".eh_frame"]
        gap = frames[0] - header[0] - len(header[1])
        seed("cfi", name, header[1] + bytes(gap) + frames[1])


def words():
    seed("launch_options", "all", "\n".join([
        "-o", "x", "--run-dir=d", "--full-report=no", "--peak-only", "-f", "a.*b", "-n5", "-p2",
        "--json=y", "--color=never", "--width=99", "--no-source", "--debug-path=/a:/b", "-q",
        "--no-report", "-i", "20", "--max-frames=64", "--unwinder=rules", "--check-unwinder=3",
        "--wait-all", "--", "sh", "-c", "true"]).encode())
    seed("launch_options", "help", b"--help")
    seed("launch_options", "bad", b"--interval=x\ncommand")
    seed("report_options", "all", "\n".join([
        "-f", "re", "--top=3", "-p", "1", "--full-report=yes", "--peak-only", "--json", "-ofile",
        "--color", "auto", "--width=80", "--no-source", "--debug-path=/x", "-q", "run",
        "--wide", "-a", "x.c", "--process=p", "--module", "m", "--fields=count,at-peak", "-bline",
        "--", "-dir"]).encode())
    seed("report_options", "version", b"-V")
    seed("inspect", "script", b"#! /usr/bin/env -S sh -e\nexit\n")
    for name, (which, file) in {"stat": (0, "stat"), "statm": (1, "statm"), "status": (2, "status"),
                                "command": (4, "cmdline")}.items():
        seed("proc", name, bytes([which]) + pathlib.Path("/proc/self", file).read_bytes())
    seed("proc", "loadavg", b"\x05" + pathlib.Path("/proc/loadavg").read_bytes())
    seed("smaps", "self", b"\x07" + pathlib.Path("/proc/self/smaps").read_bytes())
    for name, symbol in {"cxx": "_ZNSt6vectorIiSaIiEE17_M_realloc_insertIJRKiEEEvN9__gnu_cxx17__norm"
                                "al_iteratorIPiS1_EEDpOT_",
                         "rust": "_RNvCs1234_7mycrate3foo", "legacy": "_ZN4core3fmt5Write9write_fmt17h"
                         "0123456789abcdefE", "d": "_D3std5stdio4File6__ctorMFNcAyaAxaZSQBd"}.items():
        seed("demangle", name, symbol.encode())
    seed("proc", "children", b"\x0312 345 6789 ")


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    dumps(build)
    elf_files()
    words()


main()
