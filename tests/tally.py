#!/usr/bin/python3
"""tally.py RESULTS - what ctest's JUnit file says, in one line; skipped tests with their cause."""

import sys
import xml.etree.ElementTree as xml


def cause_of_skip(case):
    lines = (case.findtext("system-out") or "").splitlines()
    causes = [line for line in lines if line.startswith("skip: ")]
    return causes[-1][len("skip: "):] if causes else "no cause given"


def main():
    try:
        cases = xml.parse(sys.argv[1]).getroot().findall("testcase")
    except (OSError, xml.ParseError) as error:
        sys.exit(f"tally: no test results: {error}")
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for case in cases:
        status = {"run": "passed", "notrun": "skipped"}.get(case.get("status"), "failed")
        counts[status] += 1
        if status == "failed":
            print(f"failed: {case.get('name')}")
        elif status == "skipped":
            print(f"skipped: {case.get('name')}: {cause_of_skip(case)}")
    line = f"{counts['passed']} passed, {counts['failed']} failed"
    if counts["skipped"]:
        line += f", {counts['skipped']} skipped"
    print(line)
    return counts["failed"] > 0 or counts["passed"] == 0


if __name__ == "__main__":
    sys.exit(main())
