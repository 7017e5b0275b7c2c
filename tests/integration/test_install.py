#!/usr/bin/python3
"""cmake --install into a prefix, the prefix moved elsewhere, and run from there by name."""

import os
import shutil

import lib


def main():
    prefix, moved = lib.fresh("prefix"), lib.fresh("moved")
    done = lib.run(["cmake", "--install", lib.BUILD, "--prefix", prefix])
    lib.equal(done.status, 0, f"cmake --install: {done.stderr!r}")
    shutil.move(prefix, moved)
    names = {path.name for path in moved.rglob("*") if path.is_file()}
    for name in ("memwatch-preload", "memwatch-report", "libmemwatch-preload.so",
                 "libmemwatch-report.so", "memwatch-preload.1", "memwatch-report.1", "memwatch.h"):
        lib.check(name in names, f"{name} is not installed")
    lib.check(not any("truth" in name for name in names), "workloads are installed")
    env = dict(os.environ, PATH=f"{moved}/bin:{os.environ['PATH']}")
    for name in ("memwatch-preload", "memwatch-report"): # where bash-completion looks for it
        script = moved / "share/bash-completion/completions" / name
        ask = (f"source {script}; COMP_LINE='{name} --vers' COMP_POINT=99 COMP_CWORD=1; "
               f"COMP_WORDS=({name} --vers); _memwatch; complete -p {name}; echo $COMPREPLY")
        done = lib.run(["bash", "--norc", "-c", ask], env=env)
        lib.equal(done.stdout, f"complete -F _memwatch {name}\n--version\n".encode(),
                  f"completion of {name}: {done.stderr!r}")
    work = lib.fresh("work")
    work.mkdir()
    done = lib.run(["memwatch-preload", "sh", "-c", "echo works; exit 6"], env=env, cwd=work)
    lib.equal((done.status, done.stdout), (6, b"works\n"), "run from the moved prefix")
    lib.check(b"sh" in done.stderr and len(done.stderr) > 200, "the report is on stderr")
    runs = list(work.iterdir())
    lib.equal(len(runs), 1, f"run directories in the working directory: {runs}")
    lib.check(runs and runs[0].name.startswith("memwatch-sh-"), f"its name: {runs}")
    done = lib.run(["memwatch-report", runs[0]], env=env)
    lib.equal(done.status, 0, "memwatch-report from the moved prefix")

    library = next(moved.rglob("libmemwatch-report.so"))
    library.rename(library.with_suffix(".away"))
    done = lib.run(["memwatch-preload", "echo", "ran"], env=env, cwd=work)
    lib.equal((done.status, done.stdout), (125, b""), "no library of the report: not started")
    lib.check(b"libmemwatch-report.so" in done.stderr and done.stderr.count(b"\n") == 1,
              f"the missing library is named: {done.stderr!r}")
    done = lib.run(["memwatch-preload", "-q", "--no-report", "echo", "ran"], env=env, cwd=work)
    lib.equal((done.status, done.stdout, done.stderr), (0, b"ran\n", b""), "not needed: not missed")
    done = lib.run(["memwatch-preload", "-q", "--no-report", "-f", "(", "echo", "ran"], env=env, cwd=work)
    lib.equal((done.status, done.stdout), (125, b""), "a pattern cannot be checked without it")
    lib.finish()


main()
