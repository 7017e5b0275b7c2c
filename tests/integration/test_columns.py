#!/usr/bin/python3
"""One table of counters: what --help lists as fields is what the man page, the README, the CSV, the
JSON and its schema have, and what --by, --fields, --sort and --value take; the same for kinds of
rows and export formats.
"""

import csv
import io
import json
import re

import lib

# Of cmake, as, the benchmark and an example's server.
FOREIGN = {"--build", "--install", "--gdwarf-", "--only", "--repeat", "--tools", "--port"}


def report(*options):
    done = lib.run([lib.REPORTER, "--width", "200", *options, run])
    lib.equal((done.status, done.stderr), (0, b""), f"{options}")
    return done.stdout.decode()


def sections():
    """Option -> [[names] of each row] of the sections of --help that are for it."""
    found, names = {}, None
    for line in lib.run([lib.REPORTER, "--help"]).stdout.decode().splitlines():
        row = re.match(r"^  (\S+(?:, \S+)*)  ", line)
        if re.match(r"^[A-Z].* for --", line):
            names = []
            found.update({option: names for option in re.findall(r"--[\w-]+", line)})
        elif names is not None and row:
            names.append(row[1].split(", "))
        else:
            names = None
    return found


def manual_fields():
    text = (lib.SOURCE / "report/memwatch-report.1").read_text().replace("\\-", "-")
    text = text.split(".SH FIELDS\n")[1].split("\n.SH")[0]
    rows = re.findall(r"^\.TP\n\.BR? (.*)$", text, re.M)
    return [row.replace('", "', ",").replace(" ", "").split(",") for row in rows]


def names_everywhere(fields):
    counters = [names[-1] for names in fields]
    short = {names[0] for names in fields if len(names) == 2}
    lib.equal(manual_fields(), fields, "the man page's fields")
    lib.equal(report("--export", "csv").splitlines()[0],
              ",".join(["function", "file", "line", "module", *counters]), "the CSV's header")
    heap = json.loads(report("--json"))["totals"]["all"]["heap"]
    lib.equal(list(heap), counters, "the JSON's counters")
    schema = (lib.SOURCE / "report/report.schema.json").read_text()
    found = next(item for item in members(json.loads(schema)) if "allocated_bytes" in item)
    lib.equal([name for name in found if not name.endswith("_margin")], counters, "the schema's")
    readme = " ".join((lib.SOURCE / "README.md").read_text().split())
    listed = re.search(r"`--fields` and `--sort` of `--by` take (.*?), or any", readme)
    lib.equal(set(re.findall(r"`([\w-]+)`", listed[1])), short, "the README's fields")


def members(schema):
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            yield schema["properties"]
        for value in schema.values():
            yield from members(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from members(value)


def fields_work(fields):
    rows = list(csv.DictReader(io.StringIO(report("--export", "csv"))))
    for names in fields:
        tables = {report("--by", "function", "--fields", name) for name in names}
        lib.equal(len(tables), 1, f"{names} are one field")
        table = tables.pop().splitlines()
        lib.equal(report("--by", "function", "--fields", names[0], "--sort", names[-1]).splitlines(),
                  table, f"--sort {names[-1]}")
        if names[-1].endswith("blocks"):
            lib.equal(int(table[-1].split()[0]), sum(int(row[names[-1]]) for row in rows),
                      f"{names}: CSV and --by")


def values_work(fields):
    """What a stack weighs in exports is the field of that name."""
    text = lib.run([lib.REPORTER, "--help"]).stdout.decode()
    values = re.search(r"--value=(\S+)", text)[1].split("|")
    rows = list(csv.DictReader(io.StringIO(report("--export", "csv"))))
    counter = {names[0]: names[-1] for names in fields if len(names) == 2}
    for value in values:
        stacks = report("--export", "collapsed", "--value", value).splitlines()
        lib.equal(sum(int(line.rsplit(" ", 1)[1]) for line in stacks),
                  sum(int(row[counter[value]]) for row in rows), f"--value {value}")


def kinds_and_formats(kinds, formats):
    readme = (lib.SOURCE / "README.md").read_text()
    manual = (lib.SOURCE / "report/memwatch-report.1").read_text().replace("\\-", "-")
    tagged = {option: manual.split(f" --{option} =")[1].split("\n.TP")[0]
              for option in ("by", "export")}
    listed = re.search(r"--by line .*# or (.*)", readme)[1].split(", ")
    lib.equal(sorted(["line", *listed]), sorted(kinds), "the README's kinds")
    for kind in kinds:
        lib.check(report("--by", kind).splitlines()[-1].endswith(" sum"), f"--by {kind}")
        lib.check(re.search(rf"\b{kind}\b", tagged["by"]), f"the man page: --by {kind}")
    refused = lib.run([lib.REPORTER, "--by", "nonsense", run]).stderr.decode()
    lib.equal(refused.split("give one of ")[1].strip().split(", "), kinds, "the complaint")
    for name in formats:
        path = lib.fresh("export")
        lib.equal(report("-q", "--export", f"{name}:{path}"), "", f"--export {name}")
        lib.check(path.stat().st_size > 0, f"--export {name}: nothing")
        lib.check(re.search(rf"\b{name}\b", tagged["export"]), f"the man page: --export {name}")


def documents(fields):
    """No document names an option that no command has; diff's values are the exports'."""
    commands = ([lib.LAUNCHER, "--help"], [lib.REPORTER, "--help"], [lib.REPORTER, "diff", "--help"])
    helps = [lib.run(command).stdout.decode() for command in commands]
    known = set(re.findall(r"--[a-z][a-z-]+", "".join(helps))) | FOREIGN
    paths = [lib.SOURCE / name for name in ("README.md", "report/README.md", "preload/README.md",
                                            "report/memwatch-report.1",
                                            "preload/launch/memwatch-preload.1")]
    for path in [*paths, *lib.SOURCE.glob("examples/**/*.md")]:
        named = re.findall(r"(?<![\w-])--[a-z][a-z-]+", path.read_text().replace("\\-", "-"))
        lib.equal(sorted(set(named) - known), [], f"options that only {path.name} knows")
    values, compared = (set(re.search(r"--value=(\S+)", text)[1].split("|")) for text in helps[1:])
    lib.equal(compared - values, {"peak"}, "diff's own value")
    lib.check(values <= compared & {names[0] for names in fields}, f"{values}, {compared}")


run = lib.Profiled([lib.workload("truth_lines")]).directory
lists = sections()
lib.equal(sorted(lists), ["--by", "--export", "--fields", "--sort"], "sections of --help")
lib.check(len(lists["--fields"]) >= 15 and len(lists["--by"]) >= 8, f"{lists}")
names_everywhere(lists["--fields"])
fields_work(lists["--fields"])
documents(lists["--fields"])
values_work(lists["--fields"])
kinds_and_formats([names[0] for names in lists["--by"]], [names[0] for names in lists["--export"]])
lib.finish()
