#!/usr/bin/python3
"""includes.py SOURCE_DIR - who may include whom.

Arrows go one way (README, layout): the zone sees three headers of preload/ and itself, programs memwatch.h; symbolize
sees nothing of ours; in report, util <- ingest <- model <- render and export <- commands. Each third-party
header is included by one .c of a folder, so that each library stands behind one small file; but
symbolize/ as a whole is where elfutils is.
"""

import collections
import pathlib
import re
import sys

# folder -> prefixes of own headers it may include; the longest matching folder counts.
MAY_SEE = {
    "preload/zone": ["preload/zone/", "preload/format.h", "preload/environment.h",
                     "preload/inspect.h"],
    "preload/launch": ["preload/launch/", "preload/format.h", "preload/environment.h",
                       "preload/inspect.h", "report/report.h", "report/library.h",
                       "report/util/format.h", "report/util/size.h", "report/util/terminal.h"],
    "preload": ["preload/format.h", "preload/environment.h", "preload/inspect.h"],
    "symbolize": ["symbolize/"],
    "report/util": ["report/util/"],
    "report/ingest": ["report/ingest/", "report/util/", "preload/format.h",
                      "preload/environment.h"],
    "report/model": ["report/model/", "report/ingest/", "report/util/", "preload/format.h",
                     "symbolize/symbolize.h"],
    "report/render": ["report/render/", "report/model/", "report/ingest/", "report/util/",
                      "preload/format.h", "preload/environment.h", "symbolize/symbolize.h"],
    "report/compare": ["report/compare/", "report/render/view.h", "report/render/text.h",
                       "report/model/", "report/ingest/", "report/util/", "preload/format.h"],
    "report/export": ["report/export/", "report/compare/", "report/render/view.h", "report/model/", "report/ingest/",
                      "report/util/", "preload/format.h", "preload/environment.h",
                      "symbolize/symbolize.h"],
    "report/html": ["report/html/", "report/export/weights.h", "report/render/", "report/model/",
                    "report/ingest/", "report/util/", "preload/format.h"],
    "report/commands": ["report/", "preload/format.h", "preload/environment.h",
                        "symbolize/symbolize.h"],
    "report": ["report/", "preload/format.h", "preload/environment.h", "symbolize/symbolize.h"],
    "workloads": ["workloads/", "preload/memwatch.h"],
    "tests": [""],
}
# header pattern -> library; each library in one .c of a folder
THIRD_PARTY = [
    (re.compile(r"^(elfutils/|libelf|gelf|dwarf\.h|libdw)"), "elfutils"),
    (re.compile(r"^libunwind"), "libunwind"),
    (re.compile(r"cJSON"), "cJSON"),
    (re.compile(r"^pcre2"), "PCRE2"),
    (re.compile(r"(^protobuf-c/|\.pb-c\.h$)"), "protobuf-c"),
    (re.compile(r"^zlib\.h$"), "zlib"),
    (re.compile(r"^(libiberty|demangle\.h)"), "libiberty"),
]
WHOLE_FOLDER = {("symbolize", "elfutils")}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^">]+)[">]')


def folder_rule(path):
    fitting = [folder for folder in MAY_SEE if str(path).startswith(folder + "/")]
    return max(fitting, key=len) if fitting else None


def library_of(header):
    return next((library for pattern, library in THIRD_PARTY if pattern.search(header)), None)


def includes_of(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def main():
    root = pathlib.Path(sys.argv[1])
    problems, n_files = [], 0
    users = collections.defaultdict(set)  # (folder, library) -> files
    files = [path for top in ("preload", "symbolize", "report", "workloads", "tests")
             for path in sorted((root / top).rglob("*")) if path.suffix in (".c", ".h", ".cc")]
    for path in files:
        relative = path.relative_to(root)
        n_files += 1
        folder = folder_rule(relative)
        for number, is_own, header in includes_of(path):
            where = f"{relative}:{number}"
            library = library_of(header)
            if (folder, library) in WHOLE_FOLDER:
                continue
            if library:
                users[folder, library].add(str(relative))
                if path.suffix == ".h" and folder != "tests":
                    problems.append(f"{where}: {library} in a header; keep it in one .c")
            elif is_own and not (root / header).exists():
                problems.append(f"{where}: include \"{header}\" from the repository's root")
            elif is_own and not any(header.startswith(prefix) for prefix in MAY_SEE[folder]):
                problems.append(f"{where}: {folder}/ must not see {header}")
    for (folder, library), names in users.items():
        if len(names) > 1 and folder != "tests":
            problems.append(f"{folder}/: {library} is included by {', '.join(sorted(names))}; "
                            "put it behind one of them")
    print("\n".join(problems) or f"{n_files} files, all arrows go the right way")
    return bool(problems) or not n_files


if __name__ == "__main__":
    sys.exit(main())
