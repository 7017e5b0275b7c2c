/* SPDX: no licence chosen yet, see README */
/* anon_streamer.c - passes over a large anonymous mapping with rests between them. */
#include "workloads/lab/lab_arena.h"
#include "workloads/lab/lab_region.h"

static int region_mb = 512, idle_ms = 300;
static struct lab_region region;

static const struct lab_flag flags[] = {
	{ "--region-mb", LAB_INT, &region_mb, 1, 16384, "memory worked on" },
	{ "--idle-ms", LAB_INT, &idle_ms, 1, 30000, "rest between two passes" },
	{ 0 },
};

static void pass(void)
{
	for (size_t page = 0; page < region.n_pages; page++)
		lab_region_increment(&region, page);
	lab_region_offer(&region, true);
}

static void print(uint64_t n_passes)
{
	const struct lab_fact shape[] = { { "region_mb", (uint64_t)region_mb },
		{ "idle_ms", (uint64_t)idle_ms }, { 0 } };
	lab_line_region(&region, (struct lab_fact){ "passes", n_passes }, shape);
	lab_line_policy(&region);
	lab_line_region_end(&region);
}

int main(int argc, char **argv)
{
	static const struct lab_flag *const lists[] = { flags, lab_arena_flags,
		lab_controller_flags, NULL };
	lab_parse(argc, argv, "anon_streamer", lists);
	lab_arena_check();
	uint64_t n_passes = 0;
	lab_start();
	lab_region_create(&region, "anon_streamer", region_mb, false);
	for (; !lab_is_over(); n_passes += 2) {
		pass();
		lab_sleep_ns(idle_ms * LAB_NS_PER_MS);
		pass();
	}
	lab_stop();
	print(n_passes);
}
