#!/usr/bin/python3
"""The JSON of several runs against report/report.schema.json, and what it says against the text."""

import json

import lib

try:
    import jsonschema
except ImportError:
    lib.skip("no python3-jsonschema here")

SCHEMA = lib.SOURCE / "report/report.schema.json"


def main():
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    runs = [[lib.workload("truth_tree")], [lib.workload("truth_mappings")],
            [lib.workload("truth_die"), "sigkill"], ["sh", "-c", "ls | sort; exit 4"],
            [lib.workload("truth_cxx", "O2")], ["/nonexistent/program"],
            ["sh", "-c", "printf '\\377\\376' | cat; : \\\"\\\\ \u00e9"]]
    n_valid = 0
    runs = [(command, ()) for command in runs]
    runs += [([lib.workload("truth_sample")], ("--sample=64K",)),
             ([lib.workload("truth_mappings")], ("--stacks=off",)),
             ([lib.workload("truth_tree")], ("--process=nothing", "--module=libc"))]
    for command, options in runs:
        profiled = lib.Profiled(command, *options)
        if profiled.profile is None:
            lib.check(command[0].startswith("/nonexistent"), f"{command[0]}: no JSON")
            continue
        for error in list(validator.iter_errors(profiled.profile.data))[:5]:
            lib.fail(f"{command[:2]}: {error.json_path}: {error.message[:200]}")
        n_valid += 1
        again = lib.run([lib.REPORTER, "--json", profiled.directory])
        lib.equal(json.loads(again.stdout)["schema_version"],
                  profiled.profile.data["schema_version"], "memwatch-report --json")
    lib.check(n_valid >= 8, f"only {n_valid} runs gave JSON")
    # The schema must be able to refuse.
    broken = dict(profiled.profile.data)
    broken.pop("schema_version", None)
    lib.check(not validator.is_valid(broken), "the schema accepts a report without version")
    lib.finish()


main()
