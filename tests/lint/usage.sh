#!/bin/bash
# usage.sh SOURCE_DIR - scripts that users run tell what they do, and refuse what they do not know,
# where nothing else is installed: so neither waits for packages or a build.
set -euo pipefail
cd "$1"
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
for tool in bash dirname sed; do
	ln -s "$(command -v $tool)" "$bin/$tool"
done

status=0
fail() { echo "$*"; status=1; }

for script in examples/quickstart.sh tests/run.sh tests/setup.sh tests/bench/run.sh tests/aarch64/run.sh \
	tests/bare_root.sh; do
	for option in --help -h; do
		text=$(PATH=$bin bash "$script" $option 2>&1) || fail "$script $option: status $?: $text"
		[[ $text = "$script "* ]] || fail "$script $option: begins with ${text:0:40}"
		lines=$(wc -l <<<"$text")
		[ "$lines" -ge 4 ] || fail "$script $option: $lines lines"
	done
	for wrong in --nonsense -x; do
		code=0
		text=$(PATH=$bin bash "$script" $wrong 2>&1 >/dev/null) || code=$?
		[ "$code" = 2 ] || fail "$script $wrong: status $code"
		[[ $text = *"$wrong"* && $text != *$'\n'* ]] || fail "$script $wrong: said $text"
	done
done
exit "$status"
