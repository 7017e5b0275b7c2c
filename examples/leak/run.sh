#!/bin/bash
# examples/leak/run.sh [BUILD_DIR] - "Which line keeps memory that nobody frees?"
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${1:-$here/../../build}" && pwd)/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

gcc -g -O1 -o "$work/cache" "$here/cache.c"
"$bin/memwatch-preload" --run-dir "$work/run" -o "$work/report.txt" -- "$work/cache"
cat "$work/report.txt"

# The line that allocates what is lost is the first of the lines at the peak.
line=$(grep -n 'malloc(4096)' "$here/cache.c" | cut -d: -f1)
grep -m1 'cache\.c:[0-9]' "$work/report.txt" | grep -q "cache\.c:$line\b" ||
	{ echo "example: cache.c:$line does not lead the report" >&2; exit 1; }
