#!/bin/bash
# sanitized.sh SOURCE_DIR BUILD_DIR - launcher, report, symbolize and unit tests built with address,
# leak and undefined-behaviour sanitizers; then all tests with these, but what has nothing to do
# with them (lint, benchmarks, other roots, the fuzzers, who have sanitizers of their own).
set -euo pipefail
source_dir=$1 build_dir=$2
mkdir -p "$build_dir"
cmake -S "$source_dir" -B "$build_dir" -G Ninja -DMEMWATCH_SANITIZE=ON >"$build_dir/log"
cmake --build "$build_dir" -j2 >"$build_dir/log" 2>&1 ||
	{ grep -v '^\[' "$build_dir/log"; exit 1; }
# A preloaded tcmalloc leaves its own object behind in the launcher.
echo "leak:libtcmalloc" >"$build_dir/leaks"
export LSAN_OPTIONS=suppressions=$build_dir/leaks:print_suppressions=0
ctest --test-dir "$build_dir" -j2 --output-on-failure --timeout 1200 \
	-E '^lint/|bench|aarch64|bare-root|^fuzz|^example/' >"$build_dir/log" 2>&1 ||
	{ tail -n 200 "$build_dir/log"; exit 1; }
grep 'tests passed' "$build_dir/log"
