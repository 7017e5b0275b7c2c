#!/bin/bash
# layout.sh SOURCE_DIR - .clang-format decides the layout of all C and C++ (where it is installed).
set -euo pipefail
command -v clang-format >/dev/null || { echo "skip: no clang-format here"; exit 77; }
cd "$1"
find preload symbolize report workloads tests -name '*.[ch]' -o -name '*.cc' |
	xargs clang-format --dry-run --Werror
