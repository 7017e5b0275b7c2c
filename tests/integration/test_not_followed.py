#!/usr/bin/python3
"""What cannot be followed runs untouched and is listed with its reason: static, 32-bit, setuid,
another C library. What is around it is still followed.
"""

import os
import shutil

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
PLACES = {}


def build(name, compiler, *options):
    """A program, or None where the compiler cannot make it here."""
    source, program = lib.fresh(name + ".c"), lib.fresh(name)
    source.write_text(SOURCE)
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
    lib.check(n_tested >= 2, f"only {n_tested} kinds could be built")
    lib.finish()


main()
