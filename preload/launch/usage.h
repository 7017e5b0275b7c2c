/* SPDX: no licence chosen yet, see README */
/*
 * usage.h - what the kernel counts for a process since its fork, whatever it execs: one shape for
 * /proc and getrusage. Hosted; sampler -> run.json.
 */
#pragma once

#include <stdint.h>

struct mw_usage {
	int64_t cpu_user_ns, cpu_system_ns;
	int64_t minor_faults, major_faults;
	int64_t voluntary_switches, involuntary_switches;
	int64_t read_bytes, write_bytes; /* of block devices, not of pipes or the page cache */
};
