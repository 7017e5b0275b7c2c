#!/bin/bash
# rule_compile.sh PROGRAM [--long] - what test_rule_compile reads: the files that most stacks go
# through; with --long, everything under /usr/bin and the library directory.
set -euo pipefail
program=$1
libraries=/usr/lib/$(gcc -print-multiarch 2>/dev/null || echo x86_64-linux-gnu)

if [ "${2:-}" = --long ]; then
	find "$libraries" /usr/bin /usr/sbin /usr/lib/gcc -type f -size -200M \
		\( -perm -u+x -o -name '*.so*' \) -print0 | xargs -0 -x "$program"
	exit
fi

files=()
for name in libc.so.6 libstdc++.so.6 libcrypto.so.3 libgcrypt.so.20 libm.so.6; do
	[ ! -e "$libraries/$name" ] || files+=("$libraries/$name")
done
for file in /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1 /usr/bin/python3 /usr/bin/perl; do
	[ ! -e "$file" ] || files+=("$file")
done
large=$(gcc -print-prog-name=cc1 2>/dev/null || true)
[ ! -x "$large" ] || large=(--sample 16 "$large")
"$program" "${files[@]}" "${large[@]}"
