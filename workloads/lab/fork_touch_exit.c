/* SPDX: no licence chosen yet, see README */
/* fork_touch_exit.c - short-lived children with memory of their own, freed before they _exit(). */
#include "workloads/lab/lab_common.h"

#include <stdlib.h>
#include <unistd.h>

static int fork_rate = 20, touch_pages = 64;
static bool is_concurrent;

static const struct lab_flag flags[] = {
	{ "--fork-rate", LAB_INT, &fork_rate, 1, 1000, "ticks a second" },
	{ "--touch-pages", LAB_INT, &touch_pages, 1, 16384, "pages a child writes to" },
	LAB_CONCURRENT_FLAG(is_concurrent),
	{ 0 },
};

static void touch(void)
{
	size_t n_bytes = (size_t)touch_pages * LAB_PAGE_BYTES;
	volatile char *bytes = malloc(n_bytes);
	if (bytes == NULL)
		_exit(LAB_FAILED);
	for (size_t at = 0; at < n_bytes; at += LAB_PAGE_BYTES)
		bytes[at] = 1;
	free((void *)bytes);
}

int main(int argc, char **argv)
{
	static const struct lab_flag *const lists[] = { flags, NULL };
	lab_parse(argc, argv, "fork_touch_exit", lists);
	lab_fork_prepare();
	lab_start();
	unsigned n_forks = lab_fork_all(fork_rate, is_concurrent, touch);
	lab_stop();
	lab_line_begin("fork_touch_exit");
	if (lab_options.is_json) {
		lab_line_int("forks", n_forks);
		lab_line_int("touch_pages", (uint64_t)touch_pages);
	} else {
		lab_line_int("workers", (uint64_t)lab_options.workers);
		lab_line_int("fork_rate", (uint64_t)fork_rate);
		lab_line_int("touch_pages", (uint64_t)touch_pages);
		lab_line_int("duration_sec", (uint64_t)lab_options.duration_sec);
		lab_line_int("forks", n_forks);
	}
	lab_line_elapsed();
	lab_line_end();
}
