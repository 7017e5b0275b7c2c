#!/usr/bin/python3
"""The process's heap peak is what glibc's memusage measures, on single-threaded programs.

Known difference: memusage adds its own header of 16 bytes to no number it prints, but counts a
realloc's growth, and counts nothing of posix_memalign, aligned_alloc, memalign, valloc, pvalloc
(it does not hook them). So the programs here use malloc, calloc, realloc and free only.
"""

import lib

PROGRAMS = [["truth_peak", "hills"], ["truth_peak", "exit"], ["truth_peak", "equal"],
            ["truth_peak", "realloc"], ["truth_peak", "sawtooth"], ["truth_deep", "200"],
            ["truth_coroutine"], ["truth_die", "return"], ["truth_signals"]]
# Programs that end with their stderr open, or memusage could not say anything.
REAL = [["/usr/bin/perl", "-e", 'my @a = map { "x" x $_ } 1..2000; print scalar(@a)'],
        ["/bin/bash", "-c", "for i in {1..20000}; do :; done"],
        ["/usr/bin/perl", "-MPOSIX", "-e", 'print join ",", sort { $a <=> $b } 1..5000']]


def main():
    lib.need("memusage")
    for name, *arguments in PROGRAMS:
        for level in ("O0", "O2"):
            command = [lib.workload(name, level), *arguments]
            got = lib.Profiled(command).must_have_profile().processes[0].peak_heap_bytes
            lib.equal(got, lib.memusage_peak(command), f"{name} {arguments} -{level}: heap peak")
    for command in REAL:
        got = lib.Profiled(command).must_have_profile().processes[0].peak_heap_bytes
        other = lib.memusage_peak(command)
        lib.check(abs(got - other) <= other * 0.02,
                  f"{command[0]}: heap peak {got}, memusage says {other}")
    lib.finish()


main()
