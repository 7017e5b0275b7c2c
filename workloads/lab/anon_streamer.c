/* SPDX: no licence chosen yet, see README */
/* anon_streamer.c - passes over a large anonymous mapping with rests between them. */
#include "workloads/lab/lab_arena.h"

static int region_mb = 512, idle_ms = 300;

static const struct lab_flag flags[] = {
	{ "--region-mb", LAB_INT, &region_mb, 1, 16384, "memory worked on" },
	{ "--idle-ms", LAB_INT, &idle_ms, 1, 30000, "rest between two passes" },
	{ 0 },
};

static void pass(const struct lab_region *region)
{
	for (size_t page = 0; page < region->n_pages; page++)
		lab_region_increment(region, page);
}

static void print(uint64_t n_passes)
{
	const struct lab_fact shape[] = { { "region_mb", (uint64_t)region_mb },
		{ "idle_ms", (uint64_t)idle_ms }, { 0 } };
	lab_line_region("anon_streamer", (struct lab_fact){ "passes", n_passes }, shape);
	lab_line_policy();
	lab_line_region_end();
}

int main(int argc, char **argv)
{
	static const struct lab_flag *const lists[] = { flags, lab_arena_flags,
		lab_controller_flags, NULL };
	lab_parse(argc, argv, "anon_streamer", lists);
	lab_arena_check();
	uint64_t n_passes = 0;
	lab_start();
	struct lab_region region = lab_region_create(region_mb, false);
	for (; !lab_is_over(); n_passes += 2) {
		pass(&region);
		lab_sleep_ns(idle_ms * LAB_NS_PER_MS);
		pass(&region);
	}
	lab_stop();
	print(n_passes);
}
