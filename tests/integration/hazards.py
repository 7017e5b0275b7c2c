"""What the hazard tests share: a program is run alone and profiled, each in an empty directory of
its own, and everything that can be seen from outside must be the same, every time.
"""

import functools
import os
import pathlib
import sys

import lib

# Under --long the repetitions that catch what happens once in a thousand times.
IS_LONG = "long" in sys.argv[1:]
LEVELS = ("O0", "O2")


def times(short, long):
    return long if IS_LONG else short


def files_under(directory):
    """Everything a program left behind: names, kinds, contents."""
    found = {}
    for path in sorted(pathlib.Path(directory).rglob("*")):
        name = str(path.relative_to(directory))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_file():
            found[name] = ("file", path.stat().st_mode, path.read_bytes())
        else:
            found[name] = ("other", path.stat().st_mode)
    return found


def a_directory():
    directory = lib.fresh("cwd")
    directory.mkdir()
    return directory


def name_of(argv):
    return " ".join(os.path.basename(str(word)) for word in argv[:4])[:70]


@functools.lru_cache(maxsize=None)
def alone(argv, env=None):
    """Run without us, once for all its repetitions. Return: what it said, what it left."""
    directory = a_directory()
    done = lib.run(argv, env=dict(env) if env else None, cwd=directory)
    return done, files_under(directory)


def same(argv, *options, n=1, env=None, wanted=None, is_lossless=True):
    """Run N times profiled, and compare all with the run alone. WANTED: its status, where that is
    known. Return: the last profiled run.
    """
    argv, what = tuple(str(word) for word in argv), name_of(argv)
    plain, left = alone(argv, tuple(sorted(env.items())) if env else None)
    if wanted is not None:
        lib.equal(plain.status, wanted, f"{what}: status alone")
    for _ in range(n):
        directory = a_directory()
        profiled = lib.Profiled(argv, *options, env=env, cwd=directory)
        lib.equal(profiled.done.status, lib.shell_status(plain.status), f"{what}: status")
        lib.equal(profiled.done.stdout, plain.stdout, f"{what}: stdout")
        lib.equal(profiled.done.stderr, plain.stderr, f"{what}: stderr")
        lib.equal(files_under(directory), left, f"{what}: files")
        if is_lossless:
            must_add_up(profiled, what)
    return profiled


def losses(profile):
    """What the report says it lost; space claimed and not used is no loss."""
    return {name: count for name, count in profile.data["losses"].items()
            if count and name != "torn_bytes"}


def must_add_up(profiled, what):
    profile = profiled.must_have_profile()
    lib.equal(losses(profile), {}, f"{what}: lost")
    n_failed = lib.n_failures()
    lib.check_sums(profile)
    if lib.n_failures() > n_failed:
        print(f"in {what}: {profile.data['totals']['at_tree_heap_peak']}")


def build(source, *options, name="program", compiler="gcc"):
    """Compile a few lines of C or C++. Return: its path, or None where that is not possible here."""
    program = lib.fresh(name)
    code = lib.fresh("source.cc" if compiler == "g++" else "source.c")
    code.write_text(source)
    done = lib.run([lib.need(compiler), "-g", "-o", program, code, *options])
    return program if done.status == 0 else None
