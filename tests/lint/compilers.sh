#!/bin/bash
# compilers.sh SOURCE_DIR COMPILER - the product builds with COMPILER and warnings as errors.
set -euo pipefail
source_dir=$1 compiler=$2
command -v "$compiler" >/dev/null || { echo "skip: no $compiler here"; exit 77; }
build_dir=$(mktemp -d)
trap 'rm -rf "$build_dir"' EXIT
CC=$compiler cmake -S "$source_dir" -B "$build_dir" -G Ninja -DMEMWATCH_WERROR=ON \
	-DMEMWATCH_TESTS=OFF >"$build_dir/log" 2>&1 || { cat "$build_dir/log"; exit 1; }
cmake --build "$build_dir" -j2 -- -k 0 >"$build_dir/log" 2>&1 ||
	{ grep -v '^\[' "$build_dir/log"; exit 1; }
test -f "$build_dir/lib/libmemwatch-preload.so"
