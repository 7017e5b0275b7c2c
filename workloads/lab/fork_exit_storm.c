/* SPDX: no licence chosen yet, see README */
/* fork_exit_storm.c - children that leave at once by _exit(): what a process costs at least. */
#include "workloads/lab/lab_common.h"

static int fork_rate = 40;
static bool is_concurrent;

static const struct lab_flag flags[] = {
	{ "--fork-rate", LAB_INT, &fork_rate, 1, 2000, "ticks a second" },
	LAB_CONCURRENT_FLAG(is_concurrent),
	{ 0 },
};

static void leave(void)
{
}

int main(int argc, char **argv)
{
	static const struct lab_flag *const lists[] = { flags, NULL };
	lab_parse(argc, argv, "fork_exit_storm", lists);
	lab_fork_prepare();
	lab_start();
	unsigned n_forks = lab_fork_all(fork_rate, is_concurrent, leave);
	lab_stop();
	lab_line_begin("fork_exit_storm");
	if (!lab_options.is_json) {
		lab_line_int("workers", (uint64_t)lab_options.workers);
		lab_line_int("fork_rate", (uint64_t)fork_rate);
		lab_line_int("duration_sec", (uint64_t)lab_options.duration_sec);
	}
	lab_line_int("forks", n_forks);
	lab_line_elapsed();
	lab_line_end();
}
