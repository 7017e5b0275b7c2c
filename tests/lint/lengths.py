#!/usr/bin/python3
"""lengths.py SOURCE_DIR - long files and functions.

A file above 800 lines or a function above 100 is an error; files above 500 and functions above
60 lines are listed. Functions are found by the layout that clang-format keeps: a brace in column
one opens and closes.
"""

import pathlib
import statistics
import sys

FILE_MAX, FILE_GOAL, FUNCTION_MAX, FUNCTION_GOAL = 800, 500, 100, 60


def functions(lines):
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield lines[start - 1].strip()[:60], number - start - 1
            start = None


def main():
    root = pathlib.Path(sys.argv[1])
    files, bodies, problems, notes = [], [], [], []
    for top in ("preload", "symbolize", "report", "workloads", "tests", "examples"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix not in (".c", ".h", ".cc", ".py", ".sh"):
                continue
            lines = path.read_text(encoding="utf-8").splitlines()
            name = path.relative_to(root)
            files.append(len(lines))
            if len(lines) > FILE_GOAL:
                (problems if len(lines) > FILE_MAX else notes).append(f"{name}: {len(lines)} lines")
            for function, length in functions(lines):
                bodies.append(length)
                if length > FUNCTION_GOAL:
                    (problems if length > FUNCTION_MAX else notes).append(
                        f"{name}: {length} lines in {function}")
    print("\n".join(problems + ["note: " + note for note in notes]))
    print(f"{len(files)} files, median {statistics.median(files):.0f} lines; "
          f"{len(bodies)} functions, median {statistics.median(bodies):.0f} lines")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
