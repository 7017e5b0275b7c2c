#!/bin/sh
# job.sh - a pipeline like many: five programs, two of them at the same time, one of them hungry.
set -e
seq 1 20000 | sort -R | sort -n | tail -n 1
perl -e '$x = "x" x shift; print length($x), "\n"' 25165824
env -i /usr/bin/awk 'BEGIN { for (i = 0; i < 10000; i++) a[i] = i; print length(a) }'
