#!/bin/bash
# launcher.sh BUILD_DIR - does a command notice that memwatch-preload runs it?
#
# Beside hook -> ... -> render: everything here is about the launcher, seen from outside. Each
# check compares with the same thing done without the launcher, or with a truth known before.
# shellcheck disable=SC2016,SC2123 # words for the inner shell; PATH is meant
set -u
emulator=$(bash -c 'readlink "/proc/$PPID/exe"')
if [ "${emulator##*/}" != bash ]; then
	echo "skip: signals, names and programs are looked at in /proc, which has ${emulator##*/} there"
	exit 77
fi
bin=$(realpath "${1:?build directory}")/bin
launcher=$bin/memwatch-preload target=$bin/launcher_target static_target=$bin/inspected_static
work=$(mktemp -d /tmp/mw-launcher-XXXXXX) || exit 1
mounted=
trap '[ -z "$mounted" ] || umount "$mounted"; rm -rf "$work"' EXIT
cd "$work" || exit 1
ulimit -c 0
n_checks=0 n_failed=0

# check NAME ACTUAL EXPECTED
check() {
	n_checks=$((n_checks + 1))
	[ "$2" = "$3" ] && return
	n_failed=$((n_failed + 1))
	printf 'FAILED %s\n  got:      %s\n  expected: %s\n' "$1" "$2" "$3"
}

# check_that NAME command... - the command must succeed
check_that() {
	local name=$1
	shift
	"$@" >/dev/null 2>&1
	check "$name" "status $?" 'status 0'
}

# under ARGS... - run with a fresh run directory ./run, nothing printed by the launcher
under() {
	/bin/rm -rf "$work/run"
	"$launcher" -q --no-report --run-dir "$work/run" "$@"
}

# json KEY - first value of a key in run.json
json() { sed -n "s/^[[:space:]]*\"$1\":[[:space:]]*\(.*[^,]\),\{0,1\}\$/\1/p" run/run.json | head -n 1; }
is_between() { [ "$1" -ge "$2" ] && [ "$1" -le "$3" ]; }
n_lines() { printf '%s' "$1" | grep -c ''; }

wait_for() { # wait_for FILE TEXT
	for _ in $(seq 500); do
		grep -q "$2" "$1" 2>/dev/null && return
		sleep 0.01
	done
	return 1
}

test_exit_statuses() {
	local status wrong=
	for status in $(seq 0 255); do
		under sh -c "exit $status"
		[ $? = "$status" ] || wrong="$wrong $status"
	done
	check 'exit statuses 0..255 pass through' "$wrong" ''
	check 'run.json has the exit status' "$(json exit_status)" 255
	for status in $(seq 1 31) $(seq 34 64); do
		case $status in 17 | 18 | 19 | 20 | 21 | 22 | 23 | 28) continue ;; esac
		under sh -c "kill -$status \$\$"
		[ $? = $((128 + status)) ] || wrong="$wrong $status"
	done
	check 'death by signal N is 128+N' "$wrong" ''
	check 'run.json has the signal' "$(json term_signal)" 64
}

# failing NAME STATUS TEXT ARGS... - one line on stderr, nothing on stdout, no directory left
failing() {
	local name=$1 status=$2 text=$3 output error
	shift 3
	mkdir empty && cd empty || exit 1
	output=$("$launcher" "$@" 2>../error)
	check "$name: status" $? "$status"
	cd ..
	error=$(cat error)
	check "$name: message" "$error" "memwatch-preload: $text"
	check "$name: stdout" "$output" ''
	check "$name: nothing left behind" "$(ls -A empty)" ''
	rm -rf empty
}

test_commands_that_cannot_run() {
	printf '#!/nowhere/sh\n' >bad-interpreter
	printf 'garbage' >plain-file
	chmod +x bad-interpreter
	mkdir -p path1 path2/only-directory
	cp plain-file path1/unexecutable
	failing 'not found' 127 'no-such-command: command not found' no-such-command
	failing 'not found by path' 127 './no/such: command not found' ./no/such x
	failing 'empty name' 127 ': command not found' ''
	failing 'not executable' 126 '../plain-file: cannot execute: Permission denied' ../plain-file
	failing 'a directory' 126 '/tmp: cannot execute: Permission denied' /tmp
	failing 'missing interpreter' 126 \
		'../bad-interpreter: cannot execute: its interpreter is missing' ../bad-interpreter
	PATH=../path1:../path2:$PATH failing 'not executable in PATH' 126 \
		'unexecutable: cannot execute: Permission denied' unexecutable
	PATH=../path2:$PATH failing 'directory in PATH' 126 \
		'only-directory: cannot execute: Permission denied' only-directory
	failing 'line break in a name' 127 'a?b: command not found' $'a\nb'
	printf 'exit 9\n' >no-hash-bang
	chmod +x no-hash-bang
	under ./no-hash-bang
	check 'a file without #! is run by sh' $? 9
	printf '#!%s/script2 -x\n' "$work" >script1
	printf '#!/bin/sh\nexit 11\n' >script2
	chmod +x script1 script2
	under ./script1
	check 'a script of a script' $? 11
	(PATH='' && under ./script2)
	check 'no PATH needed for a path' $? 11
	(unset PATH && under true)
	check 'default PATH' $? 0
}

test_usage_errors() {
	failing 'no command' 2 'no command given; see --help'
	failing 'unknown option' 2 "unknown or ambiguous option '--bogus'" --bogus true
	failing 'bad number' 2 "--interval: 'x' is not a number" -i x true
	failing 'out of range' 2 '--max-frames: 0 is not in 1..1024' --max-frames 0 true
	failing 'bad regex' 2 "--function: '(': missing closing parenthesis (at 1)" --function '(' true
	check '--version' "$("$launcher" --version | grep -c '^memwatch-preload [0-9]')" 1
	check_that '--help' "$launcher" --help
}

test_run_directory_errors() {
	mkdir full made
	touch full/x file
	failing 'not empty' 125 '../full: cannot use as run directory: Directory not empty' \
		--run-dir ../full true
	failing 'a file' 125 '../file: cannot use as run directory: Not a directory' \
		--run-dir ../file true
	failing 'no parent' 125 'a/b: cannot use as run directory: No such file or directory' \
		--run-dir a/b true
	failing 'report cannot be written' 2 \
		'/nowhere/r: cannot write: No such file or directory' -o /nowhere/r true
	check 'an empty directory stays if the command cannot start' \
		"$("$launcher" --run-dir made no-such 2>&1; ls -d made; ls -A made)" \
		"memwatch-preload: no-such: command not found
made"
	"$launcher" -q --no-report --run-dir made sh -c 'echo $MEMWATCH_RUN_DIR' >out
	check 'an empty directory is taken, its name made absolute' "$(cat out)" "$work/made"
	mkdir new && chmod 700 new
	(cd new && umask 0 && "$launcher" -q --no-report true)
	check 'default name' "$(cd new && echo memwatch-true-* | sed 's/[0-9]*$/N/')" memwatch-true-N
	check 'default mode' "$(stat -c %a new/memwatch-true-*)" 700
	check 'what a run directory holds' "$(cd new/memwatch-true-* && echo *)" \
		'process_samples.csv run.json run.mwd samples.csv'
}

test_as_other_user() {
	command -v setpriv >/dev/null && [ "$(id -u)" = 0 ] || return
	mkdir closed && chmod 755 . closed
	error=$(cd closed && setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$launcher" --run-dir r true 2>&1)
	check 'unwritable directory: status' $? 125
	check 'unwritable directory: message' "$error" \
		'memwatch-preload: r: cannot use as run directory: Permission denied'
}

test_full_disk() {
	[ "$(id -u)" = 0 ] || return
	mkdir disk && mount -t tmpfs -o size=128k tmpfs disk 2>/dev/null || return
	mounted=$work/disk
	error=$("$launcher" --run-dir disk/r true 2>&1)
	check 'full disk: status' $? 125
	check 'full disk: message' "$error" "memwatch-preload: $work/disk/r/run.mwd: cannot create: No space left on device"
	check 'full disk: nothing left behind' "$(ls -A disk)" ''
	umount disk && mount -t tmpfs -o size=600k tmpfs disk || return
	# 40 images of 32 KiB do not fit: the processes must neither notice nor die.
	output=$("$launcher" -q --no-report --run-dir disk/r \
		sh -c 'for i in $(seq 40); do /bin/echo $i; done; exit 5' 2>error)
	check 'disk fills up: status of the command' $? 5
	check 'disk fills up: its output' "$output" "$(seq 40)"
	check 'disk fills up: said so once' "$(grep -c 'No space left' error)" 1
	umount disk && mounted=
}

test_standard_streams() {
	head -c 300000 /dev/urandom >data
	under cat <data >copy 2>error
	check_that 'stdin to stdout, byte by byte' cmp data copy
	check 'nothing else on stderr' "$(cat error)" ''
	under sh -c 'echo out; echo err >&2' >out 2>err
	check 'stdout' "$(cat out)" out
	check 'stderr' "$(cat err)" err
	under "$target" descriptors 3<data 7>copy 2>err </dev/null >listed
	mv listed with
	"$target" descriptors 3<data 7>copy 2>err </dev/null >listed
	check 'descriptors of the command' "$(cat with)" "$(cat listed)"
	under sh -c '[ -e /proc/self/fd/0 ] || [ -e /proc/self/fd/2 ]' <&- 2>&- >&-
	check 'closed descriptors stay closed' $? 1
	check_that 'and nothing was written into the dump' "$target" images run/run.mwd
}

# Lines of /proc/self/status that tell of signals, under `with`.
signal_state() { "$@" grep -E '^(SigBlk|SigIgn|SigCgt|ShdPnd):' /proc/self/status; }

test_signal_state() {
	check 'signal mask and dispositions' "$(signal_state under)" "$(signal_state command)"
	check 'odd signal mask and dispositions' \
		"$(signal_state "$target" odd-signals "$launcher" -q --no-report --run-dir odd)" \
		"$(signal_state "$target" odd-signals)"
	check 'exit status although SIGCHLD was ignored' \
		"$("$target" odd-signals "$launcher" -q --no-report --run-dir odd2 sh -c 'exit 3'; echo $?)" 3
}

# send_group SIGNAL...: to the launcher's whole process group; prints what the target counted
send_group() {
	local signal pid
	rm -rf run counted
	setsid "$launcher" -q --no-report --run-dir run "$target" count-signals >counted &
	pid=$!
	wait_for counted ready
	for signal in "$@"; do
		kill -"$signal" -- -$pid
		sleep 0.05
	done
	wait $pid
	check "SIG$1 to the group: status" $? 0
	sed 1d counted
}

# send SIGNAL: to the launcher while it runs count-signals; prints what the target counted
send() {
	rm -rf run counted
	"$launcher" -q --no-report --run-dir run "$target" count-signals >counted &
	local pid=$!
	wait_for counted ready
	kill -"$1" $pid
	wait $pid
	check "SIG$1: status" $? 0
	sed 1d counted
}

test_forwarding() {
	check 'SIGTERM is passed on once' "$(send TERM)" '15 x1'
	check 'SIGHUP is passed on once' "$(send HUP)" '1 x1'
	check 'SIGINT is passed on once' "$(send INT)" '2 x1'
	check 'SIGUSR1 is passed on once' "$(send USR1)" '10 x1'
	check 'SIGWINCH is passed on once' "$(send WINCH)" '28 x1'
	check 'SIGTERM to the group is not sent again' "$(send_group TERM)" '15 x1'
	check 'SIGINT to the group is not sent again' "$(send_group INT)" '2 x1'
	check 'each of several' "$(send_group USR1 USR1 USR1)" '10 x3'
	rm -rf run
	"$launcher" -q --no-report -i 60000 --run-dir run sleep 10 &
	wait_for run/run.json running
	check 'run.json before the end, whatever the interval' "$(json state)" '"running"'
	sleep 0.1
	kill -TERM $!
	wait $!
	check 'SIGTERM ends what does not catch it' $? 143
	check 'run.json tells' "$(json term_signal) $(json state)" '15 "ended"'
	rm -rf run
	"$launcher" -q --no-report --run-dir run sh -c 'trap "" TERM; sleep 0.5; exit 6' &
	wait_for run/run.json running
	sleep 0.1
	kill -TERM $!
	sleep 0.1
	kill -TERM $!
	sleep 0.1
	check 'run.json is fresh after a signal' \
		"$(json state) $(grep -c '"pid"' run/run.json)" '"running" 2'
	wait $!
	check 'SIGTERM twice, ignored by the command' "$? $(json state)" '6 "ended"'
}

# A terminal sends to the whole group: the launcher must not send it again.
test_terminal() {
	command -v script >/dev/null || return
	rm -rf run
	(wait_for typescript ready && printf '\003' && sleep 1) |
		script -qfec "$launcher -q --no-report --run-dir run $target count-signals" typescript >/dev/null
	check '^C reaches the command once' "$(grep -ao '[0-9]* x[0-9]*' typescript)" '2 x1'
	check '^C does not end the launcher' "$(json exit_status)" 0
	rm -rf run typescript
	(wait_for typescript ready && printf '\003' && sleep 1) |
		script -qfec "$launcher -q --no-report --run-dir run sh -c 'echo ready; sleep 9'" typescript >/dev/null
	check '^C ends what does not catch it' "$? $(json term_signal)" '130 2'
	# ^Z: shell, launcher and command all stop, and go on together.
	rm -rf run typescript
	cat >stopped.sh <<-END
		set -m
		$launcher -q --no-report --run-dir run sh -c 'echo ready; sleep 0.5; echo done'
		echo "stopped \$?"
		sleep 0.2
		fg >/dev/null
		echo "ended \$?"
	END
	(wait_for typescript ready && sleep 0.1 && printf '\032' && sleep 1.5) |
		script -qfec "bash stopped.sh" typescript >/dev/null
	check '^Z stops both, fg continues both' \
		"$(tr -d '\r' <typescript | grep -aoE '(stopped|ended) [0-9]+|done$' | tr '\n' ' ')" \
		'stopped 148 done ended 0 '
}

# within 2 % of the kernel's own word
check_peak() { check_that "$1: $2 KiB of $3" is_between "$2" $(($3 * 98 / 100)) $(($3 * 102 / 100)); }

test_rss() {
	local truth
	truth=$(under "$target" touch 64)
	check_peak 'RSS peak of 64 MiB' "$(json peak_kib)" "$truth"
	check_peak 'the process has it, too' "$(json max_rss_kib)" "$truth"
	truth=$(under "$target" touch-vfork 64)
	check_peak 'a vfork child does not count twice' "$(json peak_kib)" "$truth"
	# On a busy machine one would be gone before the other came, or before both were looked at.
	under sh -c "$target touch-until 32 $work/run/run.mwd 64 & $target touch-until 32 $work/run/run.mwd 64 & wait"
	check_that "two of 32 MiB at once: $(json peak_kib) KiB" \
		is_between "$(json peak_kib)" 65536 75000
	under "$static_target"
	check_that 'a static program is measured' grep -q '"reason":.*"statically linked"' run/run.json
	check 'samples.csv' "$(head -n 1 run/samples.csv | cut -d, -f1-4)" \
		'elapsed_ns,rss_bytes,heap_live_bytes,n_processes'
	check_that 'has rows' [ "$(wc -l <run/samples.csv)" -gt 1 ]
	(ulimit -n 20 && under sh -c 'for i in $(seq 30); do sleep 0.5 & done; wait; ulimit -n')>out
	check 'few descriptors: the limit of the command stays' "$(cat out)" 20
	check_that "few descriptors: all 31 are seen" [ "$(grep -c '"pid"' run/run.json)" -ge 31 ]
}

test_orphans() {
	under --wait-all "$target" orphan 200
	check '--wait-all: status' $? 0
	check '--wait-all: the orphan is reaped' "$(grep -c '"exit_status":[[:space:]]*7' run/run.json)" 1
	check '--wait-all: and waited for' "$(json duration_seconds | cut -c1-3)" 0.2
	rm -rf run
	error=$("$launcher" --no-report --run-dir run "$target" orphan 400 2>&1)
	check 'the run ends with the command' "$(json duration_seconds | cut -c1-3 | tr 123 0)" 0.0
	check 'and says who is left' "$(printf '%s\n' "$error" | grep -c '1 process of the run still running')" 1
	check 'in run.json, too' "$(json still_running)" 1
}

test_killed() {
	under sh -c '"$0" touch 1 >&2 & sleep 0.05; kill -9 $!; wait; exit 0' "$target"
	check 'an image that was killed is ended' \
		"$("$target" images run/run.mwd | awk '$2 == 5' | wc -l)" 1
	under sh -c 'for i in 1 2 3 4 5 6 7 8; do sh -c "kill -9 \$\$"; done; :' 2>/dev/null
	check 'also those that died before they were seen' \
		"$("$target" images run/run.mwd | awk '$2 == 5' | wc -l)" 8
	check 'no image is left open' "$("$target" images run/run.mwd | awk '$2 == 0' | wc -l)" 0
	check 'nor any byte in the live total' "$("$target" images run/run.mwd | grep live)" 'live=0'
}

test_environment() {
	local shim odd=$work/'odd: $dir'
	shim=$(realpath "$(dirname "$launcher")/../lib/libmemwatch-preload.so")
	check 'LD_PRELOAD is joined' "$(LD_PRELOAD="$shim" under sh -c 'echo $LD_PRELOAD')" "$shim"
	check 'the rest is untouched' \
		"$(under env | grep -vE '^(LD_PRELOAD|MEMWATCH_RUN_DIR|_)=')" "$(env | grep -v '^_=')"
	mkdir -p "$odd/bin" "$odd/lib"
	cp "$launcher" "$odd/bin/memwatch-preload"
	error=$("$odd/bin/memwatch-preload" true 2>&1)
	check 'no shim: status' $? 125
	check 'no shim: one line' "$(n_lines "$error")" 1
	cp "$shim" "$odd/lib"
	launcher=$odd/bin/memwatch-preload under true 2>error
	check 'odd path of the shim: silence' "$(cat error)" ''
	check 'odd path of the shim: followed' "$("$target" images run/run.mwd | wc -l)" 2
	"$odd/bin/memwatch-preload" -q --no-report --run-dir "$odd/run" true 2>error
	check 'odd run directory as well' "$? $("$target" images "$odd/run/run.mwd" | wc -l)" '0 2'
	check 'its link in /tmp is gone' "$(find /tmp -maxdepth 1 -name 'memwatch-??????' -newer "$odd/lib" | wc -l)" 0
}

show_speed() {
	local start middle end
	start=$(date +%s%N)
	for _ in 1 2 3 4 5 6 7 8 9 10; do under true; done
	middle=$(date +%s%N)
	for _ in 1 2 3 4 5 6 7 8 9 10; do rm -rf run; /bin/true; done
	end=$(date +%s%N)
	printf 'true takes %d us with, %d us without the launcher\n' \
		$(((middle - start) / 10000)) $(((end - middle) / 10000))
}

test_exit_statuses
test_commands_that_cannot_run
test_usage_errors
test_run_directory_errors
test_as_other_user
test_full_disk
test_standard_streams
test_signal_state
test_forwarding
test_terminal
test_rss
test_orphans
test_killed
test_environment
show_speed
echo "launcher.sh: $((n_checks - n_failed)) of $n_checks checks passed"
[ $n_failed = 0 ]
