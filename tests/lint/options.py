#!/usr/bin/python3
"""options.py PROGRAM MAN_PAGE - the options that --help shows are those of the man page.

Of each option the letter, the name, and whether it takes an argument, may take one, or takes none.
"""

import pathlib
import re
import subprocess
import sys

# "  -f, --function=REGEX  words", "      --json[=FILE]", "      --wait-all"
HELP = re.compile(r"^ {2}(?:-(\w), | {4})--([\w-]+)(\[=|=)?")
# '.BR -f ", " --function =FIRE...' once unescaped; "[=" or " =" (or none) before an argument
MAN = re.compile(r'^\.BR? (?:-(\w) ", " )?--([\w-]+)(?: ?(\[=|=))?')
KINDS = {None: "no argument", "": "no argument", "=": "an argument", "[=": "an optional argument"}


def options_of_help(program):
    text = subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout
    return [match for match in map(HELP.match, text.splitlines()) if match]


def options_of_page(path):
    """Tagged paragraphs (.TP) of the section OPTIONS that begin with an option."""
    is_inside = is_tag = False
    for line in path.read_text(encoding="utf-8").replace("\\-", "-").splitlines():
        if line.startswith(".SH"):
            is_inside = line == ".SH OPTIONS"
        match = MAN.match(line) if is_inside and is_tag else None
        if match:
            yield match
        is_tag = line == ".TP"


def described(matches):
    """Option name -> "-f, --function, an argument"."""
    return {name: (f"-{letter}, " if letter else "") + f"--{name}, {KINDS[kind]}"
            for letter, name, kind in (match.groups() for match in matches)}


def main():
    program, page = sys.argv[1], pathlib.Path(sys.argv[2])
    shown, written = described(options_of_help(program)), described(options_of_page(page))
    problems = []
    for name in sorted(shown.keys() | written.keys()):
        if shown.get(name) != written.get(name):
            problems.append(f"--help: {shown.get(name, 'nothing')}; "
                            f"{page.name}: {written.get(name, 'no --' + name)}")
    print("\n".join(problems) or f"{page.name}: {len(shown)} options, all as in --help")
    return bool(problems) or not shown


if __name__ == "__main__":
    sys.exit(main())
