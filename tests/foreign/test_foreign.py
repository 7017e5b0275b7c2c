#!/usr/bin/python3
"""test_foreign.py CASE - other people's programs and their own tests, with and without the shim: the
same outcomes, the same bytes, the same status. Cases are the functions at the end.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))
import lib # noqa: E402

PYTHON = "/usr/bin/python3"
LONG_S = 1500


def prefix():
    return [lib.LAUNCHER, "--run-dir", lib.fresh("run"), "-q", "--no-report", "--"]


def both(argv, what, change=lambda data: data, **more):
    """The same command twice; outputs as `change` leaves them. Return: the plain run."""
    runs = []
    for before in ([], prefix()):
        top = lib.fresh("work")
        top.mkdir()
        runs.append(lib.run([*before, *argv], cwd=top, **more))
    plain, shimmed = runs
    lib.equal(shimmed.status, lib.shell_status(plain.status), f"{what}: status, "
              f"{shimmed.stderr[-500:]!r}")
    lib.equal(change(shimmed.stdout), change(plain.stdout), f"{what}: stdout")
    lib.equal(change(shimmed.stderr), change(plain.stderr), f"{what}: stderr")
    return plain


def cpython_outcomes(names, before):
    top = lib.fresh("cpython")
    top.mkdir()
    results = top / "results.xml"
    done = lib.run([*before, PYTHON, "-m", "test", "--timeout", "600", "--junit-xml", results,
                    *names], cwd=top, timeout=LONG_S,
                   env=dict(os.environ, PYTHONHASHSEED="1", PYTHONDONTWRITEBYTECODE="1"))
    if not lib.check(results.exists(), f"{names}: no results, {done.stderr[-500:]!r}"):
        return {}
    outcomes = {}
    for case in xml.etree.ElementTree.parse(results).iter("testcase"):
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        outcomes[case.get("name")] = kinds[0] if kinds else "ok"
    return outcomes


# What looks at the very things that a preloaded library changes, and rightly finds them.
KNOWN = {}


def cpython(*names):
    """CPython's own tests. One that differs is run again alone, twice: load makes some fail."""
    if lib.run([PYTHON, "-c", "import test.test_os"]).status != 0:
        lib.skip("no libpython3-testsuite here")
    plain, shimmed = cpython_outcomes(names, []), cpython_outcomes(names, prefix())
    lib.check(len(plain) > 50, f"{names}: only {len(plain)} outcomes")
    lib.equal(sorted(shimmed.keys() ^ plain.keys()), [], f"{names}: tests that ran once only")
    for name in sorted(plain.keys() & shimmed.keys()):
        if plain[name] != shimmed[name] and name not in KNOWN:
            print(f"note: {name}: {plain[name]} without, {shimmed[name]} with")
            lib.fail(f"{name}: {plain[name]} without the shim, {shimmed[name]} with it")
    counts = [list(plain.values()).count(kind) for kind in ("ok", "skipped", "failure", "error")]
    print("{}: {} ok, {} skipped, {} failed, {} errors".format(" ".join(names), *counts))


def cpython_short():
    cpython("test_ctypes", "test_thread", "test_mmap", "test_fork1", "test_wait4")


def cpython_long():
    for name in ("test_os", "test_subprocess", "test_threading", "test_signal", "test_posix",
                 "test_multiprocessing_spawn", "test_multiprocessing_fork",
                 "test_threadsignals", "test_popen", "test_faulthandler", "test_resource"):
        cpython(name, *(["test_thread"] if name in ("test_popen", "test_resource",
                                                    "test_threadsignals") else []))


def perl():
    script = r"""
use strict; use threads; use IPC::Open3; use POSIX ':sys_wait_h'; use Storable; use Encode;
my @all = map { threads->create(sub { my @x = map { "x" x $_ } 1..300; scalar @x }) } 1..4;
print join(",", map { $_->join } @all), "\n";
my $pid = open3(my $in, my $out, undef, "cat"); print $in "through cat\n"; close $in;
print <$out>; waitpid($pid, 0); print $? >> 8, "\n";
for my $i (1..20) { my $kid = fork; exit $i if !$kid; waitpid($kid, 0); print WEXITSTATUS($?), " "; }
local $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; select(undef, undef, undef, 9) }; print $@;
print length(Storable::freeze([1..1000])), " ", length(encode("UTF-16", "a" x 999)), "\n";
system("exit 3"); print $? >> 8, "\n"; exec "echo", "the end";
"""
    both(["perl", "-e", script], "perl")


def sqlite():
    script = ("create table t(a integer primary key, b text); with recursive c(x) as (select 1 union "
              "all select x + 1 from c where x < 20000) insert into t select x, hex(x * 7919) from "
              "c; create index i on t(b); select count(*), sum(a), min(b), max(b) from t; select b, "
              "count(*) from t group by substr(b, 1, 2) order by 1 limit 20; delete from t where a "
              "% 3 = 0; vacuum; pragma integrity_check; select group_concat(a) from t where a < 50;")
    both([lib.need("sqlite3"), "file.db", script], "sqlite3")


def node():
    script = ("const {Worker, isMainThread} = require('worker_threads');"
              "const z = require('zlib'), c = require('crypto'), p = require('child_process');"
              "let w = new Worker('const b = []; for (let i = 0; i < 100; i++) b.push(Buffer.alloc("
              "9999)); require(\"worker_threads\").parentPort.postMessage(b.length)', {eval: true});"
              "w.on('message', m => { console.log(m);"
              "const d = Buffer.from('abc'.repeat(99999));"
              "console.log(c.createHash('sha256').update(z.gunzipSync(z.gzipSync(d))).digest('hex'));"
              "console.log(p.spawnSync('sh', ['-c', 'echo out; exit 4']).status); });")
    both([lib.need("node"), "-e", script], "node")


def java():
    lib.need("java")
    both(["java", "-Xmx64m", "-version"], "java -version")
    # keytool is a Java program of the smallest packages: keys, signatures, a file.
    store = ["-keystore", "store", "-storepass", "secret1", "-keypass", "secret1"]
    make = " ".join(["keytool", "-genkeypair", "-alias", "a", "-keyalg", "EC", "-dname", "CN=a",
                     "-startdate", "2024/01/01", *store])
    show = " ".join(["keytool", "-list", "-v", *store])
    both(["sh", "-c", f"{make} && {show} | grep -v -i -e serial -e fingerprint -e sha -e ': .*:'"],
         "keytool", lambda data: re.sub(rb"(?m)(^.*(?:[0-9A-F]{2}[: ]){3}.*)?\n", b"", data))


def git():
    fixed = dict(os.environ, GIT_CONFIG_GLOBAL="/dev/null", GIT_CONFIG_SYSTEM="/dev/null",
                 **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
                    (("NAME", "A"), ("EMAIL", "a@example.org"), ("DATE", "2024-01-01T00:00:00Z"))})
    script = ("git init -q -b main . && for i in 1 2 3 4 5 6 7 8; do echo $i >> f; git add f; git "
              "commit -qm $i; git tag t$i; done; git branch side t4; git checkout -q side; echo s > "
              "g; git add g; git commit -qm side; git merge -q -m m main; git log --graph --oneline; "
              "git rebase -q t3; git bisect start -q main t1; git bisect run grep -q 5 f; git bisect "
              "reset -q; git repack -adq; git fsck --full; git archive HEAD | tar t; git stash list; "
              "git blame f; git grep -n 5; git format-patch -q t6..t8 --stdout | git mailinfo m p; "
              "git bundle create -q b main && git clone -q b c && cat c/f; git worktree add -q w t2; "
              "git rev-list --objects --all | wc -l; git count-objects -v | grep -c packs")
    both(["sh", "-c", script], "git", env=fixed)


def redis():
    """redis-tools has the server, too: argv[0] decides what the checker is."""
    checker, benchmark = lib.need("redis-check-rdb"), lib.need("redis-benchmark")
    outputs = []
    for before in ([], prefix()):
        top = lib.fresh("redis")
        top.mkdir()
        (top / "redis-server").symlink_to(checker)
        with subprocess.Popen([*map(str, before), str(top / "redis-server"), "--port", "0",
                               "--unixsocket", str(top / "socket"), "--save", "", "--appendonly",
                               "yes"], cwd=top, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as server:
            while not (top / "socket").exists() and server.poll() is None:
                time.sleep(0.02)
            client = ["redis-cli", "-s", top / "socket"]
            done = lib.run([benchmark, "-s", top / "socket", "-n", "2000", "-q", "-t",
                            "set,get,lpush,lrange_100,mset"])
            names = re.findall(rb"([A-Z][^:\r\n]*): [\d.]+ requests", done.stdout)
            script = (b"eval 'for i = 1, 500 do redis.call(\"zadd\", \"z\", i, i * 7) end return "
                      b"redis.call(\"zcard\", \"z\")' 0\nbgrewriteaof\nset k v\nget k\ndebug object "
                      b"none\ndbsize\n")
            said = lib.run(client, input=script)
            lib.run([*client, "shutdown", "nosave"])
            outputs.append((done.status, sorted(set(names)), said.stdout, server.wait(60)))
    lib.equal(outputs[1], outputs[0], "redis: benchmark, commands, status of the server")
    lib.check(len(outputs[0][1]) >= 4, f"redis-benchmark ran {outputs[0][1]}")


def build():
    """This project, built under the shim: the same objects."""
    sums = []
    for before in ([], prefix()):
        here = lib.scratch / "same-place"
        shutil.rmtree(here, ignore_errors=True)
        done = lib.run([*before, "sh", "-c", f"cmake -S {lib.SOURCE} -B {here} -G 'Unix Makefiles' "
                        f"-DMEMWATCH_TESTS=OFF >/dev/null && make -s -j4 -C {here}"],
                       timeout=LONG_S)
        lib.equal(done.status, 0, f"make -j4: {done.stderr[-500:]!r}")
        objects = sorted(here.rglob("*.o"))
        sums.append({str(file.relative_to(here)): hash(file.read_bytes()) for file in objects})
    lib.check(len(sums[0]) > 80, f"only {len(sums[0])} objects")
    lib.equal(sums[1].keys(), sums[0].keys(), "objects")
    differing = [name for name in sums[0] if sums[0][name] != sums[1].get(name)]
    # -flto objects carry random section names.
    lib.equal([name for name in differing if "shim" not in name], [], "objects that differ")


PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
__attribute__((noinline)) char *hold(int n) { char *p = malloc(n); strcpy(p, "held"); return p; }
int main(void)
{
	char *p = hold(100);
	if (fork() == 0)
		_exit(strlen(hold(50)));
	int status;
	wait(&status);
	printf("%s %d\n", p, WEXITSTATUS(status));
	free(p);
	return 5;
}
"""


def compiled():
    source = lib.fresh("traced.c")
    source.write_text(PROGRAM)
    lib.equal(lib.run(["gcc", "-g", "-O0", "-o", source.with_suffix(""), source]).status, 0, "gcc")
    return source.with_suffix("")


def gdb():
    """gdb inside and outside of the launcher: break in a function, look, go on."""
    lib.need("gdb")
    program = compiled()
    commands = ["-ex", "set debuginfod enabled off", "-ex", "break hold", "-ex", "run", "-ex",
                "print n", "-ex", "bt", "-ex", "finish", "-ex", "continue", "-ex", "info breakpoints"]

    def change(data):
        # Libraries have other addresses with one more of them; so has the heap.
        text = re.sub(rb"0x[0-9a-f]+", b"0x", data)
        text = re.sub(rb"process \d+", b"process", text)
        return re.sub(rb"warning: .*\n", b"", text)
    plain = both(["gdb", "-nx", "-batch", *commands, program], "gdb", change)
    lib.check(b"main () at" in plain.stdout and b"code 05" in plain.stdout,
              f"gdb: {plain.stdout[-400:]!r}")


def strace():
    """strace of a shimmed program: its output, its status; the writes are the same."""
    lib.need("strace")
    program = compiled()
    plain = both(["strace", "-f", "-qq", "-e", "trace=write,exit_group,wait4", "-e", "signal=none",
                  program], "strace",
                 lambda data: re.sub(rb"\[pid +\d+\] |\d{3,}", b"", data))
    lib.equal(plain.status, 5, "strace: status")


def valgrind():
    """Inside valgrind the target's allocator is valgrind's: the shim passes through, nothing breaks."""
    lib.need("valgrind")
    program = compiled()
    plain = both(["valgrind", "-q", "--error-exitcode=99", program], "valgrind",
                 lambda data: re.sub(rb"==\d+==", b"", data))
    lib.check(b"held 4" in plain.stdout, "valgrind: the program's output")


CASES = {"cpython": cpython_short, "cpython-long": cpython_long, "perl": perl, "sqlite": sqlite,
         "node": node, "java": java, "git": git, "redis": redis, "build": build, "gdb": gdb,
         "strace": strace, "valgrind": valgrind}

if __name__ == "__main__":
    CASES[sys.argv[1]]()
    lib.finish()
