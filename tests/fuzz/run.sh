#!/bin/bash
# run.sh SOURCE_DIR BUILD_DIR [SECONDS [PROGRAM...]] - the fuzz programs over the corpus in the
# repository, then SECONDS of new inputs each. Needs clang. By default 3 s, and the same inputs each
# time: what is found then is of a change. With SECONDS other ones each time.
#
# What crashes, hangs for 20 s or takes 2 GiB is left in BUILD_DIR/PROGRAM/ and named; put it into
# corpus/ when it is fixed. New inputs that reach new code stay in BUILD_DIR.
set -euo pipefail
source_dir=$1 build_dir=$2 seconds=${3:-3}
[ $# -gt 2 ] && seed=0 || seed=1 # 0: by chance
shift $(($# < 3 ? $# : 3))
programs=("$@")
[ $# -gt 0 ] || programs=(dump run_json samples marks baseline budget report_options launch_options proc smaps
	inspect cfi elf demangle)
command -v clang >/dev/null || { echo "skip: no clang here"; exit 77; }

mkdir -p "$build_dir"
CC=clang cmake -S "$source_dir" -B "$build_dir" -G Ninja -DMEMWATCH_FUZZ=ON \
	>"$build_dir/log" 2>&1 || { cat "$build_dir/log"; exit 1; }
cmake --build "$build_dir" -j2 --target fuzz >"$build_dir/log" 2>&1 ||
	{ grep -v '^\[' "$build_dir/log"; exit 1; }

status=0
for program in "${programs[@]}"; do
	corpus=$source_dir/tests/fuzz/corpus/$program found=$build_dir/$program
	mkdir -p "$found/new"
	dictionary=$source_dir/tests/fuzz/$program.dict
	[ ! -e "$dictionary" ] && dictionary=() || dictionary=(-dict="$dictionary")
	# The libraries' leaks are looked for as well: none is allowed.
	if "$build_dir/bin/fuzz_$program" -seed="$seed" -max_total_time="$seconds" -timeout=20 \
		-rss_limit_mb=2048 -max_len=65536 -len_control=20 -print_final_stats=1 \
		-verbosity=1 "${dictionary[@]}" -artifact_prefix="$found/" "$found/new" "$corpus" \
		>"$found/log" 2>&1; then
		covered=$(grep -o 'cov: [0-9]*' "$found/log" | tail -n 1)
		runs=$(grep -o 'number_of_executed_units: *[0-9]*' "$found/log" | grep -o '[0-9]*$')
		echo "$program: $runs runs, ${covered:-cov: ?} edges"
	else
		tail -n 40 "$found/log"
		echo "FAIL: $program: see $found/"
		status=1
	fi
done
exit $status
