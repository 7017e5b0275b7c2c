#!/bin/bash
# tests/bare_root.sh [COMMAND] - both commands of the README in a fresh Debian 12, minbase variant.
#
# Each command (or only COMMAND) gets a root of its own, a clean clone of this checkout's HEAD and
# an empty environment; nothing of this machine but its package mirror and its resolver. Needs
# root and debootstrap. Mounts live in a private namespace and vanish with it.
set -euo pipefail

source_dir=$(cd "$(dirname "$0")/.." && pwd)
. "$source_dir/tests/usage.sh"
case "${1:-}" in
-h | --help) help_and_exit ;;
-*) bad_usage "$1" ;;
esac
commands=("${@:-./examples/quickstart.sh}")
[ $# -gt 0 ] || commands+=("./tests/run.sh")

say() { echo "==> $*"; }
skip() { echo "skip: $*"; exit 77; }

[ "$(id -u)" = 0 ] || skip "must be root to make a Debian root"
command -v debootstrap >/dev/null || skip "no debootstrap here"

work=$(mktemp -d /var/tmp/memwatch-bare-root-XXXXXX)
trap 'rm -rf --one-file-system "$work"' EXIT

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
	grep -m1 '/debian/*$' || true)
say "debootstrap bookworm from ${mirror:=http://deb.debian.org/debian}"
debootstrap --variant=minbase bookworm "$work/bare" "$mirror" >"$work/log" 2>&1 ||
	{ tail -n 5 "$work/log" >&2; echo "bare_root: debootstrap failed (above)" >&2; exit 1; }
cp -L /etc/resolv.conf /etc/hosts "$work/bare/etc/"
cp /etc/apt/apt.conf.d/*proxy* "$work/bare/etc/apt/apt.conf.d/" 2>/dev/null || true
git clone -q --no-hardlinks "$source_dir" "$work/bare/src"

# in_root ROOT COMMAND - in namespaces of its own, with nothing in the environment
in_root() {
	unshare --mount --pid --fork --propagation private bash -euc '
		mount -t proc proc "$1/proc"
		mount --rbind /dev "$1/dev"
		mount -t tmpfs tmpfs "$1/tmp"
		exec env -i HOME=/root TERM=dumb PATH=/usr/sbin:/usr/bin:/sbin:/bin \
			${http_proxy:+"http_proxy=$http_proxy"} ${https_proxy:+"https_proxy=$https_proxy"} \
			chroot "$1" /bin/bash -c "cd /src && $2"' bash "$1" "$2" </dev/null
}

status=0
for command in "${commands[@]}"; do
	say "in a bare root: $command"
	cp -a "$work/bare" "$work/root"
	if in_root "$work/root" "$command"; then
		say "passed: $command"
	else
		say "FAILED: $command"
		status=1
	fi
	rm -rf --one-file-system "$work/root"
done
exit "$status"
