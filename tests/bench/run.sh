#!/bin/bash
# tests/bench/run.sh [options] - set up, build, measure, print the tables. About an hour.
#
#   --quick        small inputs and short loops, a few minutes; figures are not to quote
#   --only NAMES   cases, comma-separated, with * and ?: --only 'tight-*,cc1'
#   --tools NAMES  tools, in the same way; bare is needed for any ratio
#   --repeat N     measurements of each, 5 by default
#   --out DIR      results.json, tables.md, chart.svg; default: bench-out in the build
#   --build DIR    build there; default: build/ in this checkout
#   --list         cases and tools
#
# Run it on a machine that does nothing else. The rest is for bench.py beside this file.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source_dir=$(cd "$here/../.." && pwd)
build_dir=$source_dir/build

say() { echo "==> $*" >&2; }

arguments=()
while [ $# -gt 0 ]; do
	case "$1" in
	--build) build_dir=${2:?--build needs a directory}; shift ;;
	--build=*) build_dir=${1#*=} ;;
	*) arguments+=("$1") ;;
	esac
	shift
done

"$source_dir/tests/setup.sh" bench >&2
say "build: $build_dir"
cmake -S "$source_dir" -B "$build_dir" -G Ninja >/dev/null
cmake --build "$build_dir" -j "$(nproc)" >&2
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/bench.py" --build "$build_dir" \
	"${arguments[@]}"
