#!/bin/bash
# tests/run.sh [--long] [--build DIR] - set up, build, run every test, end with the tally.
#
#   --long       also the tests that take minutes (a fresh Debian root, ...)
#   --build DIR  build there; default: build/ in this checkout
#
# From a bare Debian 12 and a clean checkout to "N passed, N failed". Status 0 = none failed.
set -euo pipefail

source_dir=$(cd "$(dirname "$0")/.." && pwd)
build_dir=$source_dir/build
long=()

say() { echo "==> $*"; }
. "$source_dir/tests/usage.sh"

while [ $# -gt 0 ]; do
	case "$1" in
	--long) long=(-C Long) ;;
	--build) [ $# -ge 2 ] || bad_usage "$1" "give a directory"; build_dir=$2; shift ;;
	--build=*) build_dir=${1#*=} ;;
	-h | --help) help_and_exit ;;
	*) bad_usage "$1" ;;
	esac
	shift
done

"$source_dir/tests/setup.sh" test
say "configure: $build_dir"
generator=(-G Ninja)
[ ! -e "$build_dir/CMakeCache.txt" ] || generator=() # the one it was made with
cmake -S "$source_dir" -B "$build_dir" "${generator[@]}" >/dev/null
say "build"
cmake --build "$build_dir" -j "$(nproc)" | grep -v '^\[' || [ "${PIPESTATUS[0]}" = 0 ]
say "test"
results=$build_dir/test-results.xml
rm -f "$results"
status=0
ctest --test-dir "$build_dir" -j2 --output-on-failure --no-tests=error --timeout 600 \
	"${long[@]}" --output-junit "$results" || status=$?
/usr/bin/python3 "$source_dir/tests/tally.py" "$results" || status=1
exit "$status"
