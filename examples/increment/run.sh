#!/bin/bash
# examples/increment/run.sh [BUILD_DIR] - "What did each line of this function hold?"
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${1:-$here/../../build}" && pwd)/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

gcc -g -O0 -o "$work/increment" "$here/increment.c"
"$bin/memwatch-preload" -q --no-report --run-dir "$work/run" -- "$work/increment"
"$bin/memwatch-report" --function '^increment$' "$work/run" >"$work/report.txt"
sed -n '/^Filename/,/^$/p; /^Line #/,/^$/p' "$work/report.txt"
"$bin/memwatch-report" --peak-only --function '^increment$' "$work/run" | tee "$work/peak.txt"

# What the program asked for, line by line, and nothing else.
fail() { echo "example: $1" >&2; exit 1; }
row() { grep -qE "^ +[0-9]+ +$1 MiB +$2 MiB +1   .*$3" "$work/report.txt" || fail "no row $*"; }
row 61.0 7.7 'char \*a'
row 83.7 22.7 'char \*b'
row 312.6 228.9 'char \*c'
row 289.9 -22.7 'free\(b\)'
[ "$(cat "$work/peak.txt")" = "$here/increment.c increment 312.6 MiB" ] || fail "$(cat "$work/peak.txt")"
