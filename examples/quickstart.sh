#!/bin/bash
# examples/quickstart.sh [DIR] - from a bare Debian 12 to the report of a real build.
#
# Installs what is missing, builds memwatch-preload, then profiles a build of memwatch-preload
# itself (cmake, ninja, cc1, as, ld ...: a few hundred processes) in a temporary directory. The
# run directory goes to DIR, default memwatch-quickstart in the working directory.
set -euo pipefail

source_dir=$(cd "$(dirname "$0")/.." && pwd)
build_dir=$source_dir/build
. "$source_dir/tests/usage.sh"
case "${1:-}" in
-h | --help) help_and_exit ;;
-*) bad_usage "$1" ;;
esac
[ $# -le 1 ] || bad_usage "$2" "one DIR is enough"
run_dir=${1:-memwatch-quickstart}

say() { echo "==> $*"; }

"$source_dir/tests/setup.sh" build
say "configure: $build_dir"
generator=(-G Ninja)
[ ! -e "$build_dir/CMakeCache.txt" ] || generator=() # the one it was made with
cmake -S "$source_dir" -B "$build_dir" "${generator[@]}" >/dev/null
say "build"
cmake --build "$build_dir" -j "$(nproc)" | grep -v '^\[' || [ "${PIPESTATUS[0]}" = 0 ]

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -e "$run_dir/run.json" ]; then
	rm -rf "$run_dir" # an earlier quickstart's
elif [ -e "$run_dir" ]; then
	echo "quickstart: $run_dir exists and is not a run directory" >&2
	exit 2
fi
say "profile: cmake and a build of this project in $work"
"$build_dir/bin/memwatch-preload" --run-dir "$run_dir" -o "$work/report.txt" -- \
	sh -c 'cmake -S "$1" -B "$2" -G Ninja -DMEMWATCH_TESTS=OFF && cmake --build "$2" -j2' \
	sh "$source_dir" "$work/build" >"$work/build.log" 2>&1 ||
	{ tail -n 20 "$work/build.log" >&2; echo "quickstart: the profiled build failed (above)" >&2; exit 1; }
say "report:"
cat "$work/report.txt"
say "the run directory is $run_dir; again, or as JSON:"
echo "    $build_dir/bin/memwatch-report $run_dir"
echo "    $build_dir/bin/memwatch-report --json $run_dir"
echo "or as a page for the browser (where npm was installed when this was built):"
echo "    $build_dir/bin/memwatch-report --html page.html $run_dir"
