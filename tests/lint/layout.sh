#!/bin/bash
# layout.sh SOURCE_DIR - .clang-format decides the layout of all C and C++ (where it is installed).
set -euo pipefail
command -v clang-format >/dev/null || { echo "skip: no clang-format here"; exit 77; }
cd "$1"
work=$(mktemp)
trap 'rm -f "$work"' EXIT
find preload symbolize report workloads tests examples -name '*.[ch]' -o -name '*.cc' |
	xargs clang-format --dry-run 2>&1 | sed -n 's/^\([^: ]*\):[0-9].*/\1: clang-format -i would change it/p' |
	sort | uniq -c >"$work"
cat "$work"
[ ! -s "$work" ]
