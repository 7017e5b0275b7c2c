/* SPDX: no licence chosen yet, see README */
/* random_touch_heap.c - single pages of a large heap block in random order: a hash table. */
#include "workloads/lab/lab_arena.h"
#include "workloads/lab/lab_region.h"

static int region_mb = 512, ops_per_sec = 400000;
static struct lab_region region;

static const struct lab_flag flags[] = {
	{ "--region-mb", LAB_INT, &region_mb, 1, 16384, "memory worked on" },
	{ "--ops-per-sec", LAB_INT, &ops_per_sec, 1, 50000000, "touches a second, at most" },
	{ 0 },
};

/* xorshift64 (13, 7, 17), which would never leave 0. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t x = *state ? *state : 1;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}

static void print(uint64_t n_ops)
{
	const struct lab_fact shape[] = { { "region_mb", (uint64_t)region_mb },
		{ "ops_per_sec", (uint64_t)ops_per_sec }, { 0 } };
	lab_line_region(&region, (struct lab_fact){ "ops", n_ops }, shape);
	lab_line_policy(&region);
	lab_line_region_end(&region);
}

int main(int argc, char **argv)
{
	static const struct lab_flag *const lists[] = { flags, lab_arena_flags,
		lab_controller_flags, NULL };
	lab_parse(argc, argv, "random_touch_heap", lists);
	lab_arena_check();
	uint64_t n_ops = 0, state = lab_options.document;
	uint64_t every = ops_per_sec < 10 ? 1 : (uint64_t)ops_per_sec / 10;
	lab_start();
	lab_region_create(&region, "random_touch_heap", region_mb, true);
	for (; !lab_is_over(); n_ops++) {
		lab_region_xor(&region, next_random(&state) % region.n_pages);
		lab_region_offer(&region, (n_ops + 1) % every == 0);
		lab_sleep_ns(LAB_NS_PER_S / ops_per_sec);
	}
	lab_stop();
	print(n_ops);
}
