/* SPDX: no licence chosen yet, see README */
/* fork_exec_storm.c - children that become another program at once: a build's short commands. */
#include "workloads/lab/lab_common.h"

#include <unistd.h>

static int fork_rate = 10;
static const char *exec_path = "/bin/true";
static bool is_concurrent;

static const struct lab_flag flags[] = {
	{ "--fork-rate", LAB_INT, &fork_rate, 1, 500, "ticks a second" },
	{ "--exec-path", LAB_TEXT, &exec_path, 0, 0, "program of the children, /bin/true" },
	LAB_CONCURRENT_FLAG(is_concurrent),
	{ 0 },
};

static void become(void)
{
	execl(exec_path, exec_path, (char *)NULL);
	_exit(LAB_FAILED);
}

int main(int argc, char **argv)
{
	static const struct lab_flag *const lists[] = { flags, NULL };
	lab_parse(argc, argv, "fork_exec_storm", lists);
	lab_fork_prepare();
	lab_start();
	unsigned n_execs = lab_fork_all(fork_rate, is_concurrent, become);
	lab_stop();
	lab_line_begin("fork_exec_storm");
	if (lab_options.is_json) {
		lab_line_int("execs", n_execs);
		lab_line_text("exec_path", exec_path);
	} else {
		lab_line_int("workers", (uint64_t)lab_options.workers);
		lab_line_int("fork_rate", (uint64_t)fork_rate);
		lab_line_text("exec_path", exec_path);
		lab_line_int("duration_sec", (uint64_t)lab_options.duration_sec);
		lab_line_int("execs", n_execs);
	}
	lab_line_elapsed();
	lab_line_end();
}
