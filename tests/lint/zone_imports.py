#!/usr/bin/python3
"""zone_imports.py ALLOW_LIST SHIM OBJECT... - what the in-process zone takes from other libraries.

The zone runs inside malloc, in signal handlers and between fork and exec of programs that are not
ours, so each function it calls outside itself is a decision. The built objects' undefined symbols
must all stand in the allow-list (one a line, "# why" after it). A symbol that is listed and no
longer used is an error, too: the list stays what the objects say. And the library made of them needs
no other than libc and its loader: each is a price of every exec.
"""

import re
import subprocess
import sys

# The compiler may call these for plain C, depending on its version and flags.
COMPILER_MADE = {"memcpy", "memset", "memmove", "memcmp", "_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail",
                 "__tls_get_addr", "strlen"}
NEVER = {"__tls_get_addr": "TLS must be initial-exec (-ftls-model=initial-exec)"}


def symbols(objects):
    output = subprocess.run(["nm", "--format=posix", *objects], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    undefined, defined = set(), set()
    for line in output.splitlines():
        fields = line.split()
        if len(fields) < 2 or line.endswith(":"):
            continue
        name, kind = fields[0].split("@")[0], fields[1]
        (undefined if kind in "Uw" else defined).add(name)
    return undefined - defined


def allowed(path):
    with open(path, encoding="utf-8") as lines:
        entries = [line.split("#", 1) for line in lines]
    for entry in entries:
        if entry[0].strip() and (len(entry) == 1 or not entry[1].strip()):
            sys.exit(f"{path}: {entry[0].strip()}: say why, after a #")
    return {entry[0].strip() for entry in entries} - {""}


def needed(library):
    output = subprocess.run(["readelf", "--dynamic", library], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    return re.findall(r"\(NEEDED\).*\[(.*)\]", output)


def main():
    allow_list, shim, objects = sys.argv[1], sys.argv[2], sys.argv[3:]
    if not objects:
        sys.exit("zone_imports: no objects given")
    imports = symbols(objects)
    listed = allowed(allow_list)
    problems = [f"{name}: {why}" for name, why in NEVER.items() if name in imports]
    problems += [f"{name}: not in {allow_list}; if the zone really may call it, add it with a reason"
                 for name in sorted(imports - listed - COMPILER_MADE)]
    problems += [f"{name}: listed in {allow_list}, but not imported any more"
                 for name in sorted(listed - imports)]
    problems += [f"{shim}: needs {name}" for name in needed(shim)
                 if not re.match(r"(libc|ld-linux[^/]*)\.so\.", name)]
    print("\n".join(problems) or f"{len(imports)} imports, all listed")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
