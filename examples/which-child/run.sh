#!/bin/bash
# examples/which-child/run.sh [BUILD_DIR] - "Which of the processes my script starts is the big one?"
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${1:-$here/../../build}" && pwd)/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$bin/memwatch-preload" --run-dir "$work/run" -o "$work/report.txt" -- "$here/job.sh" >/dev/null
cat "$work/report.txt"

# perl holds 24 MiB, everything else of the job far less: it leads the one-line form.
grep -q '\bperl\b' "$work/report.txt" || { echo "example: perl is not in the report" >&2; exit 1; }
grep '\bperl\b' "$work/report.txt" | grep -Eq '\b2[4-9]\.[0-9] MiB' ||
	{ echo "example: perl's 24 MiB are not in the report" >&2; exit 1; }
