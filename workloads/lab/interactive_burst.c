/* SPDX: no licence chosen yet, see README */
/* interactive_burst.c - works on all of a heap block, rests, works again: an editor, a browser. */
#include <string.h>

#include "workloads/lab/lab_arena.h"
#include "workloads/lab/lab_region.h"

/* Looking at the clock at each page would be most of the work. */
#define PAGES_A_LOOK 256

static int region_mb = 128, active_ms = 100, idle_ms = 400;
static struct lab_region region;

static const struct lab_flag flags[] = {
	{ "--region-mb", LAB_INT, &region_mb, 1, 8192, "memory worked on" },
	{ "--active-ms", LAB_INT, &active_ms, 1, 10000, "time of work" },
	{ "--idle-ms", LAB_INT, &idle_ms, 1, 30000, "time of rest" },
	{ 0 },
};

/* Pages in turn, from the first again, until active_ms are over. Return: touches. */
static uint64_t be_active(void)
{
	int64_t end_ns = lab_now_ns() + active_ms * LAB_NS_PER_MS;
	uint64_t n_touches = 0;
	do {
		for (int i = 0; i < PAGES_A_LOOK; i++)
			lab_region_xor(&region, n_touches++ % region.n_pages);
	} while (lab_now_ns() < end_ns);
	return n_touches;
}

static void print(uint64_t n_touches)
{
	const struct lab_fact shape[] = { { "region_mb", (uint64_t)region_mb },
		{ "active_ms", (uint64_t)active_ms }, { "idle_ms", (uint64_t)idle_ms }, { 0 } };
	lab_line_region(&region, (struct lab_fact){ "touches", n_touches }, shape);
	lab_line_bool("arena_autoloops", lab_arena_options.has_autoloops);
	lab_line_loops(&region);
	lab_line_region_end(&region);
}

int main(int argc, char **argv)
{
	static const struct lab_flag *const lists[] = { flags, lab_arena_flags, lab_autoloop_flags,
		NULL };
	lab_parse(argc, argv, "interactive_burst", lists);
	lab_arena_check();
	uint64_t n_touches = 0;
	lab_start();
	lab_region_create(&region, "interactive_burst", region_mb, true);
	if (region.arena == NULL)
		memset((void *)region.bytes, 0, region.n_pages * LAB_PAGE_BYTES);
	while (!lab_is_over()) {
		n_touches += be_active();
		lab_region_offer(&region, true);
		lab_sleep_ns(idle_ms * LAB_NS_PER_MS);
	}
	lab_stop();
	print(n_touches);
}
