#!/bin/bash
# tests/aarch64/run.sh [DIR [REGEX]] - the tests on aarch64: cross-compiled here, run under qemu-user.
#
# All tests, or those whose names REGEX has. Set up in DIR (kept, and used again), or in a directory
# that is gone afterwards: a Debian root for arm64, and unpacked beside it what Debian packages as
# cross compiler and qemu. They are not installed, because gcc-multilib, which other tests need, and
# the cross compiler exclude each other. Needs root (chroot, binfmt_misc), debootstrap and an x86-64
# machine.
set -euo pipefail

source_dir=$(cd "$(dirname "$0")/../.." && pwd)
binfmt=/proc/sys/fs/binfmt_misc
rule=memwatch-aarch64

# -dev: what CMake looks for. The rest: programs that the tests run or profile.
root_packages="libc6-dev libstdc++-12-dev libdw-dev libelf-dev libcjson-dev libpcre2-dev libiberty-dev
	libc6-dbg libunwind-dev libprotobuf-c-dev zlib1g-dev liblz4-dev gcc g++ make cmake git perl procps python3
	python3-dev python3-jsonschema xz-utils libc-devtools libgoogle-perftools-dev libjemalloc-dev
	libjemalloc2 libmimalloc-dev libtcmalloc-minimal4 sqlite3 bash-completion
	heaptrack python3-memory-profiler python3-matplotlib redis-tools"
tool_packages="gcc-12-aarch64-linux-gnu g++-12-aarch64-linux-gnu cpp-12-aarch64-linux-gnu
	libgcc-12-dev-arm64-cross libgcc-s1-arm64-cross libstdc++-12-dev-arm64-cross
	libstdc++6-arm64-cross binutils-aarch64-linux-gnu qemu-user-static"

. "$source_dir/tests/usage.sh"
case "${1:-}" in
-h | --help) help_and_exit ;;
-*) bad_usage "$1" ;;
esac
say() { echo "==> $*"; }
skip() { echo "skip: $*"; exit 77; }

# quietly COMMAND... - its last lines only if it fails
quietly() {
	"$@" >"$work/log" 2>&1 </dev/null || {
		tail -n 15 "$work/log" >&2
		echo "aarch64: $1 failed (above)" >&2
		exit 1
	}
}

clean_up() {
	[ ! -e "$binfmt/$rule" ] || echo -1 >"$binfmt/$rule"
	[ -z "$has_mounted" ] || umount "$binfmt"
	[ -z "$is_temporary" ] || rm -rf --one-file-system "$work"
}

unpack_tools() {
	say "cross compiler and qemu: unpacking"
	mkdir -p "$work/debs" "$work/tools"
	(cd "$work/debs" && quietly apt-get -q download $tool_packages)
	local deb
	for deb in "$work"/debs/*.deb; do
		dpkg-deb -x "$deb" "$work/tools"
	done
	rm -rf "$work/debs"
}

# The kernel starts aarch64 programs by qemu, in a chroot, too ("F": it is opened now).
register_qemu() {
	[ ! -e "$binfmt/$rule" ] || echo -1 >"$binfmt/$rule" # of a run that was killed
	if [ ! -e "$binfmt/register" ]; then
		mount -t binfmt_misc binfmt_misc "$binfmt" || skip "no binfmt_misc here"
		has_mounted=yes
	fi
	local magic='\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
	local mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
	# "P" (argv[0] is kept) works if the interpreter's name says so, too. "C": set-user-ID counts.
	local qemu=$work/tools/usr/libexec/qemu-binfmt/aarch64-binfmt-P
	echo ":$rule:M::$magic:$mask:$qemu:OPFC" >"$binfmt/register" || skip "cannot register qemu"
}

make_root() {
	local mirror
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		grep -m1 '/debian/*$' || true)
	say "debootstrap bookworm for arm64 from ${mirror:=http://deb.debian.org/debian} (minutes)"
	rm -rf --one-file-system "$work/root"
	quietly debootstrap --arch=arm64 --variant=minbase bookworm "$work/root" "$mirror"
	touch "$work/root/complete"
}

# What the list above has now and a root that is kept has not.
complete_root() {
	say "packages of the arm64 root (minutes)"
	local apt="apt-get -q -y -o Dpkg::Use-Pty=0"
	quietly in_root "export DEBIAN_FRONTEND=noninteractive; $apt update &&
		$apt install --no-install-recommends $(echo $root_packages) && apt-get clean"
	# A linker outside follows links from where it stands.
	local link target
	find "$work/root/usr/lib/aarch64-linux-gnu" -type l -lname '/*' | while read -r link; do
		target=$(readlink "$link")
		ln -sfnr "$work/root$target" "$link"
	done
	echo $root_packages >"$work/root/complete"
}

build() {
	say "build"
	local libraries=$work/tools/usr/lib/x86_64-linux-gnu # of binutils
	quietly env LD_LIBRARY_PATH="$libraries" cmake -S "$source_dir" -B "$work/build" -G Ninja \
		--toolchain "$source_dir/tests/aarch64/toolchain.cmake" -D MEMWATCH_AARCH64="$work"
	quietly env LD_LIBRARY_PATH="$libraries" cmake --build "$work/build" -j "$(nproc)"
}

# in_root COMMAND - source and build are where they are outside; an environment of its own
in_root() {
	unshare --mount --pid --fork --kill-child --propagation private bash -euc '
		mount -t proc proc "$1/proc"
		mount --rbind /dev "$1/dev"
		mount -t tmpfs tmpfs "$1/tmp"
		for directory in "$2" "$3"; do
			mkdir -p "$1$directory"
			mount --bind "$directory" "$1$directory"
		done
		exec env -i HOME=/root TERM=dumb LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			chroot "$1" /bin/bash -c "$4"' bash "$work/root" "$source_dir" "$work/build" "$1" \
		</dev/null
}

[ "$(uname -m)" = x86_64 ] || skip "made for x86-64 machines"
[ "$(id -u)" = 0 ] || skip "must be root to register qemu and to change the root"
command -v debootstrap >/dev/null || skip "no debootstrap here"
has_mounted= is_temporary= only=.
if [ $# -gt 0 ]; then
	mkdir -p "$1"
	work=$(cd "$1" && pwd)
	only=${2:-.}
else
	work=$(mktemp -d /var/tmp/memwatch-aarch64-XXXXXX)
	is_temporary=yes
fi
trap clean_up EXIT
mkdir -p "$work/build"

[ -e "$work/tools/usr/bin/qemu-aarch64-static" ] || unpack_tools
register_qemu
[ -e "$work/root/complete" ] || make_root
[ "$(cat "$work/root/complete")" = "$(echo $root_packages)" ] || complete_root
build
say "test, under qemu-user"
status=0
# Left out: lint looks at sources; bench is about time. What qemu cannot do is skipped by the tests
# themselves, with its cause: /proc/PID/exe and comm are qemu's, smaps has its pages, there are no
# child subreapers, no ptrace, no seccomp filters, and nothing is wiped on fork.
in_root "cd $work/build && rm -f results.xml && exec ctest -j2 --output-on-failure --no-tests=error \
	--timeout 900 -R '$only' -E '^lint/|^bench' --output-junit $work/build/results.xml" ||
	status=$?
/usr/bin/python3 "$source_dir/tests/tally.py" "$work/build/results.xml" || status=1
exit "$status"
