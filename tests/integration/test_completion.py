#!/usr/bin/python3
"""Completion in bash: the file is sourced, words are given as readline would split them, and COMPREPLY
is what is asked; every option that --help lists, every word of those that take words, files,
directories, the profiled command's own arguments; and by keys on a terminal.
"""

import os
import pathlib
import pty
import re
import select
import subprocess
import time

import lib

SCRIPT = lib.SOURCE / "preload/launch/completion.bash"
ASK = r"""
source "$SCRIPT"
COMP_LINE=$LINE COMP_POINT=${#LINE}
mapfile -t COMP_WORDS <<<"$WORDS"
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
compopt() { printf 'compopt %s\n' "$2" >&2; }
complete -p ${COMP_WORDS[0]##*/} >/dev/null || exit 3
_memwatch "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


def split(line):
    """As readline does it with the usual COMP_WORDBREAKS."""
    words = re.findall(r"[=:]+|[^\s=:]+", line)
    return words + [""] if not line or line[-1].isspace() else words


def ask(line, before=""):
    env = dict(os.environ, SCRIPT=str(SCRIPT), LINE=line, WORDS="\n".join(split(line)),
               PATH=f"{lib.BUILD}/bin:/usr/bin:/bin")
    done = lib.run(["bash", "--norc", "-c", before + ASK], env=env, cwd=place)
    lib.equal(done.status, 0, f"{line!r}: {done.stderr!r}")
    extra = set(done.stderr.decode().splitlines())
    lib.check(extra <= {"compopt nospace", "compopt filenames"}, f"{line!r}: {extra}")
    return sorted(set(filter(None, done.stdout.decode().splitlines())))


def helped(command):
    text = lib.run(command).stdout.decode()
    rows = re.findall(r"^  (?:-(.), |    )--([a-z-]+)(?:(\[?)=([^\s]+))?", text, re.M)
    return [(f"--{name}", f"-{letter}" if letter else "", bool(optional), takes)
            for letter, name, optional, takes in rows]


def options():
    for words, command in ((["memwatch-preload"], lib.LAUNCHER), (["memwatch-report"], lib.REPORTER),
                           (["memwatch-report", "diff"], lib.REPORTER)):
        name = " ".join(words)
        rows = helped([command, *words[1:], "--help"])
        lib.check(len(rows) > 8, f"{name}: {rows}")
        lib.equal(ask(f"{name} --"), sorted(row[0] for row in rows), f"{name} --")
        lib.equal(ask(f"{name} --q"), ["--quiet"], f"{name} --q")
        for option, letter, is_optional, takes in rows:
            if "|" in takes:
                both = sorted(takes.split("|"))
                lib.equal(ask(f"{name} {option}="), both, f"{name} {option}=")
                lib.equal(ask(f"{name} -q {option} "), both, f"{name} {option} ")
                lib.equal(ask(f"{name} {option}={both[0][:-1]}"), [both[0]], f"{option}={both[0]}")
            elif takes.rstrip("]") == "FILE":
                lib.equal(ask(f"{name} {option}=a"), ["afile", "around"], f"{name} {option}=a")
                if letter and not is_optional:
                    lib.equal(ask(f"{name} {letter} a"), ["afile", "around"], f"{name} {letter}")
            elif takes in ("DIR", "DIRS"):
                lib.equal(ask(f"{name} {option}=a"), ["around"], f"{name} {option}=a")
            elif takes in ("REGEX", "N"):
                lib.equal(ask(f"{name} {option} "), [], f"{name} {option} ")
    lib.equal(ask("memwatch-report --debug-path=/x:a"), ["around"], "--debug-path: the second")


def lists():
    """Words of the sections of --help, by way of what the program takes."""
    run = lib.Profiled([lib.workload("truth_lines")]).directory
    for option, more in (("--by", ()), ("--sort", ("--by", "line")), ("--fields", ("--by", "line")),
                         ("--export", ("-q",))):
        words = ask(f"memwatch-report {option}=")
        lib.check(len(words) >= 8, f"{option}: {words}")
        lib.equal(ask(f"memwatch-report {option} "), words, option)
        for word in words:
            value = f"{word}:{lib.fresh('export')}" if option == "--export" else word
            done = lib.run([lib.REPORTER, *more, option, value, run])
            lib.equal((done.status, done.stderr), (0, b""), f"{option} {word}")
    lib.equal(ask("memwatch-report --by=fu"), ["function"], "--by=fu")
    lib.equal(ask("memwatch-report -b fu"), ["function"], "-b fu")
    lib.equal(ask("memwatch-report --fields=count,at"), ["count,at-peak"], "the second field")
    lib.equal(ask("memwatch-report --export=speedscope:a"), ["afile", "around"], "a file to export to")
    lib.equal(ask("memwatch-report --export=speedscope:around/"), ["around/in"], "in a directory")


def arguments():
    lib.equal(ask("memwatch-report a"), ["around"], "run directories")
    lib.equal(ask("memwatch-report d"), ["diff"], "diff")
    lib.equal(ask("memwatch-report diff a"), ["afile", "around"], "diff's: baselines, too")
    lib.equal(ask("memwatch-preload -q tru"), ["true", "truncate"], "a command")
    lib.check("mark" in ask("memwatch-preload ma"), "mark")
    lib.check("mark" not in ask("memwatch-preload -- ma"), "a command named mark")
    lib.equal(ask("memwatch-preload mark "), ["begin", "end", "instant"], "mark's words")
    lib.equal(ask("memwatch-preload --top 3 ls a"), ["afile", "around"], "the command's arguments")
    lib.equal(ask("memwatch-preload -q ls --q"), [], "the command's options are not ours")
    offset = "_command_offset() { COMPREPLY=(\"$1:${COMP_WORDS[$1]}\"); }\n"
    for line in ("-q ls a", "--width=80 -- ls a", "--export=x:y --json ls -l a"):
        words = split(f"memwatch-preload {line}")
        lib.equal(ask(f"memwatch-preload {line}", offset), [f"{words.index('ls')}:ls"], line)


def read_until(fd, wanted, seconds=30):
    """What a terminal shows until it has WANTED; a limit so that the test can fail."""
    shown, end = b"", time.monotonic() + seconds
    while wanted not in shown and time.monotonic() < end:
        if select.select([fd], [], [], 1)[0]:
            shown += os.read(fd, 4096)
    return shown


def by_keys():
    env = dict(os.environ, PATH=f"{lib.BUILD}/bin:/usr/bin:/bin", TERM="dumb", PS1="ready> ",
               INPUTRC="/dev/null", HISTFILE="/dev/null")
    master, slave = pty.openpty()
    shell = subprocess.Popen(["bash", "--norc", "--noprofile", "-i"], stdin=slave, stdout=slave,
                             stderr=slave, env=env, cwd=place, start_new_session=True)
    os.close(slave)
    read_until(master, b"ready> ")
    os.write(master, f"source {SCRIPT}; PS1='set> '\n".encode())
    read_until(master, b"\nset> ")
    for keys, whole in ((b"memwatch-report --by=fu\t", b"--by=function "),
                        (b"memwatch-report --export=pp\t:af\t", b"--export=pprof:afile "),
                        (b"memwatch-report --fields=cou\t,lea\t", b"--fields=count,leaked"),
                        (b"memwatch-preload --run-d\t", b"--run-dir ")):
        os.write(master, keys)
        shown = read_until(master, whole)
        lib.check(whole in shown, f"{keys!r}: {shown!r}")
        os.write(master, b"\x15")
    os.close(master)
    shell.kill()
    shell.wait()


place = pathlib.Path(lib.fresh("place"))
(place / "around").mkdir(parents=True)
(place / "afile").touch()
(place / "around/in").touch()
lib.need("bash")
options()
lists()
arguments()
by_keys()
lib.finish()
