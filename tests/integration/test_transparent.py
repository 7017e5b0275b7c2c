#!/usr/bin/python3
"""Real programs give the same bytes and the same status under the profiler, and are in the report.

Interpreters with their own allocators, a compiler driver with its pipeline, shells with pipes and
job control, git with its helpers, xz with threads.
"""

import hashlib
import os
import pathlib
import random

import lib

PYTHON = "/usr/bin/python3"


def interpreters():
    program = ("import json, subprocess, sys, threading\n"
               "data = [list(range(i)) for i in range(500)]\n"
               "threads = [threading.Thread(target=lambda: bytearray(1 << 20)) for _ in range(4)]\n"
               "[t.start() for t in threads]; [t.join() for t in threads]\n"
               "print(len(json.dumps(data)), subprocess.run(['true']).returncode)\n"
               "print('to stderr', file=sys.stderr)\n"
               "sys.exit(5)\n")
    lib.compare_runs([PYTHON, "-c", program], what="python3 -c")
    lib.compare_runs([PYTHON, "-I", "-S", "-c", "print(sum(range(100000)))"], what="python3 -I -S")
    lib.compare_runs([PYTHON, "-c", "raise SystemExit('bye')"], what="python3 exits with text")
    lib.compare_runs(["perl", "-e", 'my @a = map { "x" x $_ } 1..3000; print scalar(@a), "\\n";'
                      'print `echo from a child`; warn "to stderr\\n"; exit 3'], what="perl -e")
    if not lib.has("node", "its scripts"):
        return
    lib.compare_runs(["node", "-e",
                      "const b = []; for (let i = 0; i < 200; i++) b.push(Buffer.alloc(10000, i));"
                      "console.log(b.length, require('child_process').execSync('echo hi')"
                      ".toString().trim()); process.exitCode = 4"], what="node -e")


def compiler():
    source = lib.fresh("hello.cc")
    source.write_text("#include <iostream>\n#include <map>\n#include <string>\n"
                      "int main() { std::map<std::string, int> m{{\"a\", 1}}; "
                      "std::cout << m[\"a\"] << '\\n'; }\n")
    objects = []
    for prefix in ([], [lib.LAUNCHER, "--run-dir", lib.fresh("run"), "-q", "--"]):
        out = lib.fresh("hello.o")
        done = lib.run([*prefix, "g++", "-O1", "-g0", "-c", source.name, "-o", out],
                       cwd=source.parent)
        lib.equal(done.status, 0, f"g++ {done.stderr[-300:]!r}")
        objects.append(hashlib.sha256(out.read_bytes()).hexdigest() if out.exists() else None)
    lib.check(objects[0] and objects[0] == objects[1], "g++ makes another object file")
    broken = lib.fresh("broken.cc")
    broken.write_text("int main( { return undeclared; }\n")
    lib.compare_runs(["g++", "-fno-diagnostics-color", "-c", str(broken), "-o", "/dev/null"],
                     what="g++ on a broken file")


def shells():
    script = ("set -e; seq 1 2000 | sort -r | head -n 3; echo $((6*7)); (exit 3) || echo sub $?;"
              "sleep 0.05 & wait $!; x=$(echo nested $(echo deep)); echo $x; echo err >&2;"
              "trap 'echo trapped' EXIT; kill -0 $$; exit 9")
    lib.compare_runs(["bash", "-c", script], what="bash script")
    lib.compare_runs(["sh", "-c", "kill -TERM $$"], what="sh dies of SIGTERM")
    lib.compare_runs(["bash", "-c", "cat; cat >&2 < /dev/null"], input=os.urandom(300000),
                     what="bash passes stdin through")
    lib.compare_runs(["bash", "-c", "ls /proc/self/fd | wc -l; ulimit -c; umask"],
                     what="no extra file descriptors or limits")
    lib.compare_runs(["sh", "-c", "yes | head -n 5"], what="SIGPIPE in a pipeline")


def git():
    def session(name):
        top = lib.fresh(name)
        top.mkdir()
        return top, ("git init -q -b main . && echo one > a && git add a && "
                     "git commit -q -m first && echo two >> a && git diff && git commit -qam "
                     "second && git log --format=%H%n%s && git gc -q && git fsck && git clone -q "
                     ". copy && cat copy/a")
    fixed = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null",
                 **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
                    (("NAME", "A"), ("EMAIL", "a@example.org"), ("DATE", "2024-01-01T00:00:00Z"))})
    top, script = session("plain")
    plain = lib.run(["sh", "-c", script], cwd=top, env=fixed)
    top, script = session("plain")
    profiled = lib.Profiled(["sh", "-c", script], cwd=top, env=fixed)
    lib.equal(plain.status, 0, "git session")
    lib.equal(profiled.done.status, plain.status, "git: status")
    lib.equal(profiled.done.stdout, plain.stdout, "git: stdout")
    lib.equal(profiled.done.stderr, plain.stderr, "git: stderr")
    count = len(profiled.must_have_profile().processes)
    lib.check(count >= 10, f"git: only {count} processes in the report")


def threads_of_xz():
    generator = random.Random(1)
    data = bytes(generator.choice(b"abcdefgh\n") for _ in range(1 << 20)) * 3
    plain, profiled = lib.compare_runs(["xz", "-T2", "--block-size=1MiB", "-3", "-c"], input=data,
                                       what="xz -T2")
    lib.check(len(plain.stdout) > 1000, "xz -T2 compressed nothing")
    lib.compare_runs(["xz", "-T2", "-d", "-c"], input=plain.stdout, what="xz -T2 -d")
    profile = profiled.must_have_profile()
    lib.check(profile.peak_heap_bytes > 1 << 20, "xz: its encoder's memory is not in the report")


def main():
    interpreters()
    compiler()
    shells()
    git()
    threads_of_xz()
    lib.check(not list(pathlib.Path.cwd().glob("memwatch-*")), "run directory in a wrong place")
    lib.finish()


main()
