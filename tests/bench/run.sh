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
#   --from FILE    measure nothing: tables and chart of this results.json once more
#
# Run it on a machine that does nothing else. The rest is for bench.py beside this file.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source_dir=$(cd "$here/../.." && pwd)
build_dir=$source_dir/build

say() { echo "==> $*" >&2; }
. "$source_dir/tests/usage.sh"

arguments=()
while [ $# -gt 0 ]; do
	case "$1" in
	--build | --only | --tools | --repeat | --out | --from)
		[ $# -ge 2 ] || bad_usage "$1" "give a value"
		[ "$1" != --build ] || build_dir=$2
		[ "$1" = --build ] || arguments+=("$1" "$2")
		shift
		;;
	--build=*) build_dir=${1#*=} ;;
	--quick | --list | --only=* | --tools=* | --repeat=* | --out=* | --from=*) arguments+=("$1") ;;
	-h | --help) help_and_exit ;;
	*) bad_usage "$1" ;;
	esac
	shift
done

"$source_dir/tests/setup.sh" bench >&2
say "build: $build_dir"
cmake -S "$source_dir" -B "$build_dir" -G Ninja >/dev/null
cmake --build "$build_dir" -j "$(nproc)" >&2
PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 "$here/bench.py" --build "$build_dir" \
	"${arguments[@]}"
