#!/bin/bash
# examples/python-extension/run.sh [BUILD_DIR] - "Which line of the native code under my Python
# program holds the memory?"
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${1:-$here/../../build}" && pwd)/bin
python=$(PATH=/usr/bin:$PATH command -v python3) || { echo "skip: no python3 here"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

gcc -g -O2 -shared -fPIC -o "$work/libgrid.so" "$here/grid.c"
"$bin/memwatch-preload" --run-dir "$work/run" -o "$work/report.txt" -- \
	"$python" "$here/job.py" "$work/libgrid.so"
cat "$work/report.txt"

# The scratch area of the largest grid: 4 * 1000 * 1000 * 8 bytes = 30.5 MiB.
line=$(grep -n 'malloc(4 \* bytes)' "$here/grid.c" | cut -d: -f1)
grep "grid_smooth" "$work/report.txt" | grep "30\.5 MiB" >/dev/null &&
	grep -m1 'grid\.c:[0-9]' "$work/report.txt" | grep -q "grid\.c:$line\b" ||
	{ echo "example: grid.c:$line does not lead with 30.5 MiB" >&2; exit 1; }
