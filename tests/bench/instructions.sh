#!/bin/bash
# tests/bench/instructions.sh [--build DIR] [--update] - instructions an event costs, by callgrind.
#
# The difference of two runs of different length, divided by the events between them: start and
# end cancel out. Unlike time, these figures repeat on any machine, so ctest compares them with
# instructions.txt and fails when one is more than 25 % above it. --update writes the file anew.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build_dir=$(cd "$here/../.." && pwd)/build
expected=$here/instructions.txt
slack_pct=25
update=
while [ $# -gt 0 ]; do
	case "$1" in
	--build) build_dir=${2:?--build needs a directory}; shift ;;
	--update) update=1 ;;
	*) echo "usage: tests/bench/instructions.sh [--build DIR] [--update]" >&2; exit 64 ;;
	esac
	shift
done
command -v valgrind >/dev/null || { echo "skip: no valgrind here (apt: valgrind)"; exit 77; }
[ "$(uname -m)" = x86_64 ] || { echo "skip: instructions.txt is for x86_64"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# collected MODE PATTERN DEPTH EVENTS - instructions of a whole run
collected() {
	local mode=$1 launcher=()
	rm -rf "$work/run"
	case "$mode" in
	peak) launcher=("$build_dir/bin/memwatch-preload" --no-report --quiet --full-report=no
		--run-dir="$work/run" --) ;;
	full) launcher=("$build_dir/bin/memwatch-preload" --no-report --quiet --full-report=yes
		--run-dir="$work/run" --) ;;
	esac
	"${launcher[@]}" valgrind --tool=callgrind --callgrind-out-file="$work/callgrind" \
		"$build_dir/bench/bench_loops" "$2" --depth "$3" --events "$4" >"$work/said" 2>&1 &&
		sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$work/said" | grep . || {
		echo "bench: callgrind of $*:" >&2
		tail -n 5 "$work/said" >&2
		return 1
	}
}

# per_event MODE PATTERN DEPTH
per_event() {
	local short long n_short=40960 n_long=122880
	[ "$2" != resolve ] || n_short=640 n_long=1920
	short=$(collected "$@" "$n_short")
	long=$(collected "$@" "$n_long")
	echo $(((long - short) / (n_long - n_short)))
}

measure_all() {
	local pattern depth mode bare
	for pattern in "tight 20" "tight 60" "mixed 20" "mixed 60" "resolve 20"; do
		read -r pattern depth <<<"$pattern"
		bare=$(per_event bare "$pattern" "$depth")
		for mode in peak full; do
			echo "$pattern $depth $mode $(($(per_event "$mode" "$pattern" "$depth") - bare))"
		done
	done
}

measure_all >"$work/measured"
if [ -n "$update" ]; then
	{
		echo "# Instructions that memwatch-preload adds to one malloc and free: instructions.sh --update"
		echo "# pattern depth mode instructions"
		cat "$work/measured"
	} >"$expected"
	cat "$expected"
	exit 0
fi

status=0
while read -r pattern depth mode measured; do
	limit=$(awk -v p="$pattern" -v d="$depth" -v m="$mode" '$1 == p && $2 == d && $3 == m {print $4}' \
		"$expected")
	[ -n "$limit" ] || { echo "$pattern $depth $mode: not in instructions.txt"; status=1; continue; }
	verdict=ok
	if [ $((measured * 100)) -gt $((limit * (100 + slack_pct))) ]; then
		verdict="MORE than $slack_pct % above" status=1
	elif [ $((measured * (100 + slack_pct))) -lt $((limit * 100)) ]; then
		verdict="less; instructions.sh --update keeps it so"
	fi
	echo "$pattern-$depth $mode: +$measured instructions an event, instructions.txt: $limit: $verdict"
done <"$work/measured"
exit "$status"
