#!/usr/bin/python3
"""What cannot be followed runs untouched and is listed with its reason: static, 32-bit, setuid,
another C library. What is around it is still followed. And each is counted once, everywhere, however
short its life was.
"""

import os
import re
import shutil
import sys

import lib

SOURCE = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
	char *p = malloc(123456);
	memset(p, argc, 123456);
	printf("%s %d\n", argc > 1 ? argv[1] : "none", (int)sizeof p);
	free(p);
	return 3;
}
"""
# Writes a byte into a file for each time it is executed: so its size is how often that was.
COUNTED = r"""
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	int fd = open(argv[1], O_WRONLY | O_APPEND | O_CREAT, 0600);
	int status = write(fd, "x", 1) != 1;
	usleep(argc > 2 ? atoi(argv[2]) * 1000 : 0);
	return status;
}
"""
# Executed by spawn, by fork and exec, by exec alone; too short to be seen in /proc, or seen for long.
STARTS = r"""
import os, sys
program, count = sys.argv[1:3]
for ms in "0 0 60 0 0 1 5 70 0 2".split():
    child = os.posix_spawn(program, [program, count, ms], os.environ)
    os.waitpid(child, 0)
    child = os.fork()
    if child == 0:
        os.execv(program, [program, count, ms])
    os.waitpid(child, 0)
for bad in program + ".none", "/":
    try:
        os.execv(bad, [bad])
    except OSError:
        pass
os.execv("/bin/sh", ["sh", "-c", f"for i in 1 2 3 4 5 6 7; do {program} {count}; done; exec {program} {count} $0", sys.argv[3]])
"""


def build(name, compiler, *options, text=SOURCE):
    """A program, or None where the compiler cannot make it here."""
    source, program = lib.fresh(name + ".c"), lib.fresh(name)
    source.write_text(text)
    if not shutil.which(compiler):
        return None
    done = lib.run([compiler, *options, "-o", program, source])
    return program if done.status == 0 else None


def kinds():
    setuid = build("setuid", "gcc")
    if os.getuid() == 0 and setuid:
        os.chmod(setuid.parent, 0o755)
        os.chmod(lib.scratch, 0o755)
        os.chown(setuid, 12345, 12345)
        os.chmod(setuid, 0o4755)
    yield "static", build("static_one", "gcc", "-static"), "static"
    yield "static-pie", build("static_pie_one", "gcc", "-static-pie"), "static"
    yield "32-bit", build("other_class", "gcc", "-m32"), "word size"
    yield "musl", build("musl_one", "musl-gcc"), "c library"
    yield "setuid", setuid if os.getuid() == 0 else None, "user"


def counted_once(last_ms):
    program, count = build("counted", "gcc", "-static", text=COUNTED), lib.fresh("count")
    if not program:
        print("note: cannot build a static program here")
        return
    profiled = lib.Profiled([sys.executable, "-c", STARTS, program, count, last_ms])
    profile, n = profiled.must_have_profile(), count.stat().st_size
    lib.equal(profiled.done.status, 0, "counted: status")
    lib.check(n >= 28, f"counted: executed {n} times")
    headline = re.search(r"^  (\d+) process(?:es)?, (\d+) program images? followed, (\d+) not followed$",
                         profiled.report, re.M)
    listed = re.findall(rf"not followed: {re.escape(str(program))}:\s+static\s+program,\s+(\d+)\s+times",
                        profiled.report)
    lib.check(headline, "counted: no headline")
    # Itself, a child for each start but the last, which has the place of the first process.
    lib.equal([int(word) for word in headline.groups()], [n, len(profile.images), n], "counted: headline")
    lib.equal([int(word) for word in listed], [n], "counted: the list")
    lib.equal([(row["program"], row["count"]) for row in profile.data["not_followed"]],
              [(str(program), n)], "counted: not_followed of the JSON")
    rows = [process.row for process in profile.processes if not process.is_followed]
    lib.equal(len(rows), n, "counted: rows of the JSON")
    lib.equal({row["command"].split()[0] for row in rows} - {"counted"}, {str(program)}, "counted: commands")
    lib.equal(len({row["pid"] for row in rows}), n, "counted: pids")
    page = lib.fresh("page").with_suffix(".html")
    done = lib.run([lib.REPORTER, "-q", "--html", page, profiled.directory])
    if b"built without the page" not in done.stderr:
        lib.equal(page.read_text().count('"is_followed":false'), n, "counted: rows of the page")


FORKS = r"""
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
/* Killed, ended past every hook, executing another program late. */
int main(void)
{
	char *volatile p = malloc(1 << 20);
	for (int i = 0; i < 3; i++) {
		pid_t child = fork();
		if (child == 0) {
			usleep(i == 0 ? 10000000 : 200000);
			if (i == 1)
				syscall(SYS_exit_group, 0);
			execl("/bin/true", "true", NULL);
		}
		usleep(200000);
		if (i == 0)
			kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	free(p);
	return 0;
}
"""


def forks():
    """Forked children that live long, and in which nothing is allocated, are no programs of their own:
    they are not called unfollowed."""
    program = build("forks", "gcc", text=FORKS)
    if not program:
        return
    profiled = lib.Profiled([program])
    profile = profiled.must_have_profile()
    lib.equal(profiled.done.status, 0, "forks: status")
    lib.check("  4 processes, 2 program images followed, 0 not followed\n" in profiled.report,
              f"forks: headline: {profiled.report[:300]}")
    lib.equal(profile.not_followed, [], "forks: not followed")
    rows = [process.row for process in profile.processes if not process.is_followed]
    lib.equal([(row["is_copy"], row["command"]) for row in rows], [(True, str(program))] * 3, "forks: rows")


def shell_script():
    """What execvp() hands over to a shell, because the kernel does not know it, is followed."""
    script = lib.fresh("script")
    script.write_text("true\n")
    os.chmod(script, 0o755)
    _, profiled = lib.compare_runs(["env", script], what="script without #!")
    lib.equal(profiled.must_have_profile().not_followed, [], "script without #!: not followed")


def main():
    lib.need_real_proc("which program was not followed is known")
    n_tested = 0
    for name, program, word in kinds():
        if not program:
            print(f"note: cannot build a {name} program here")
            continue
        n_tested += 1
        # Directly, and as a child between two programs that are followed.
        _, directly = lib.compare_runs([program, "word"], what=f"{name} directly")
        lib.check(str(program) in directly.report, f"{name}: not in the report of its own run")
        command = ["sh", "-c", f"id -u; {program} child; echo $?; {lib.workload('truth_die')} exit"]
        _, profiled = lib.compare_runs(command, env=dict(os.environ, TRUTH_FILE="/dev/null"),
                                       what=f"{name} as a child")
        profile = profiled.must_have_profile()
        reasons = [why for path, why in profile.not_followed if path == str(program)]
        lib.check(reasons and word in reasons[0].lower(),
                  f"{name}: listed as {reasons}, among {profile.not_followed}")
        lib.check(str(program) in profiled.report, f"{name}: not in the text report")
        names = {process.name for process in profile.processes}
        lib.check({"sh", "id", "truth_die"} <= names or {"dash", "id", "truth_die"} <= names,
                  f"{name}: others not followed: {names}")
    counted_once("0")
    counted_once("80")
    forks()
    shell_script()
    lib.check(n_tested >= 2, f"only {n_tested} kinds could be built")
    lib.finish()


main()
