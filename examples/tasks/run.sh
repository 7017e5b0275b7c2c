#!/bin/bash
# examples/tasks/run.sh [BUILD_DIR] - "What was the job doing when it needed the memory?"
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$(cd "${1:-$here/../../build}" && pwd)/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

gcc -g -O0 -I "$here/../../preload" -o "$work/stages" "$here/stages.c"
"$work/stages" # nothing happens without the profiler
MARK=true sh "$here/job.sh" "$work"
MARK="$bin/memwatch-preload mark" "$bin/memwatch-preload" --run-dir "$work/run" \
	-o "$work/report.txt" --task '^(load|index|first|second|stages|main)$' \
	-- sh "$here/job.sh" "$work"
sed -n '/^Tasks/,/^$/p' "$work/report.txt"

# Three runs of the program: three loads of 40 + 20 MiB, each on top of nothing.
grep -Eq '^ +3 +60\.0 MiB +60\.0 MiB .* load$' "$work/report.txt" ||
	{ echo "example: no three loads of 60.0 MiB" >&2; exit 1; }
grep -Eq '^ +12 +56\.0 MiB +50\.0 MiB .* index$' "$work/report.txt" ||
	{ echo "example: no twelve parts on top of 40 MiB" >&2; exit 1; }
