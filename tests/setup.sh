#!/bin/bash
# tests/setup.sh build|test|bench - install what is missing on Debian 12; usually nothing.
#
# build: what it takes to build and run memwatch-preload.  test: that, and the programs that the
# tests profile.  bench: build, and what tests/bench measures and compares with. Needs root, or sudo
# that does not ask; asks nothing itself. Safe to call twice.
set -euo pipefail

build_packages="gcc g++ cmake ninja-build pkg-config libdw-dev libelf-dev libunwind-dev libcjson-dev
	libpcre2-dev libiberty-dev libprotobuf-c-dev protobuf-c-compiler zlib1g-dev"
test_packages="bubblewrap chromium clang default-jre-headless gcc-multilib gdb git golang-go heaptrack libc-devtools
	libgoogle-perftools-dev libjemalloc-dev libjemalloc2 libclang-rt-dev liblz4-dev libmimalloc-dev
	golang-src libdevel-nytprof-perl libpython3.11-testsuite libtcmalloc-minimal4 make musl-tools nodejs npm perl procps python3
	python3-jsonschema python3-matplotlib python3-memory-profiler redis-tools sqlite3 strace
	valgrind xz-utils"
# redis-tools and not redis-server: the same program, but no service that starts by itself.
bench_packages="g++ git make perl nodejs python3 sqlite3 xz-utils redis-tools libstb-dev valgrind
	heaptrack zstd libgoogle-perftools4 libjemalloc2 libc-devtools"

. "$(dirname "$0")/usage.sh"
say() { echo "==> $*"; }
fail() { echo "setup: $*" >&2; exit 1; }

case "${1:-}" in
build) wanted=$build_packages ;;
test) wanted="$build_packages $test_packages" ;;
bench) wanted="$build_packages $bench_packages" ;;
-h | --help) help_and_exit ;;
*) bad_usage "${1:-setup}" "give build, test or bench" ;;
esac

command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
	fail "no apt-get here; install by hand:" $wanted

missing=()
for package in $wanted; do
	# Other builds of nodejs bring npm with them, and no package of that name can be installed.
	[ "$package" != npm ] || ! command -v npm >/dev/null || continue
	state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
	[ "$state" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
	say "packages: nothing to install"
	exit 0
fi

as_root=()
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null && sudo -n true 2>/dev/null ||
		fail "must be root (or have sudo without password) to install: ${missing[*]}"
	as_root=(sudo -n)
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive

# apt [ARGS...] - quiet when it works, its last lines when not
apt() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 \
		-o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1 </dev/null || {
		tail -n 15 "$log" >&2
		fail "apt-get $1 failed (above)"
	}
}

say "packages: refreshing the package lists"
apt update
say "packages: installing ${#missing[@]}: ${missing[*]}"
apt install --no-install-recommends "${missing[@]}"
say "packages: done"
