/* SPDX: no licence chosen yet, see README */
/* mmap_churn.c - mappings come, are written to, and go: RSS that no malloc knows of. */
#include <sys/mman.h>

#include "workloads/lab/lab_arena.h"
#include "workloads/lab/lab_region.h"

static int map_kb = 512, ops_per_sec = 500, arena_region_mb = 128;
static struct lab_region region = { .workload = "mmap_churn" }; /* pages: with the arena only */

static const struct lab_flag flags[] = {
	{ "--map-kb", LAB_INT, &map_kb, 4, 1048576, "size of a mapping" },
	{ "--ops-per-sec", LAB_INT, &ops_per_sec, 1, 100000, "mappings a second" },
	{ "--arena-region-mb", LAB_INT, &arena_region_mb, 1, 16384, "region with the arena" },
	{ 0 },
};

static void churn_once(size_t n_bytes)
{
	volatile char *bytes =
		mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == MAP_FAILED)
		lab_die("mmap");
	for (size_t at = 0; at < n_bytes; at += LAB_PAGE_BYTES)
		bytes[at] = 1;
	munmap((void *)bytes, n_bytes);
}

static void print(uint64_t n_ops)
{
	const struct lab_fact shape[] = { { "map_kb", (uint64_t)map_kb },
		{ "ops_per_sec", (uint64_t)ops_per_sec }, { 0 } };
	lab_line_region(&region, (struct lab_fact){ "ops", n_ops }, shape);
	if (lab_arena_options.is_used)
		lab_line_int("arena_region_mb", (uint64_t)arena_region_mb);
	lab_line_policy(&region);
	lab_line_region_end(&region);
}

int main(int argc, char **argv)
{
	static const struct lab_flag *const lists[] = { flags, lab_arena_flags,
		lab_controller_flags, NULL };
	lab_parse(argc, argv, "mmap_churn", lists);
	lab_arena_check();
	uint64_t n_ops = 0, every = ops_per_sec < 10 ? 1 : (uint64_t)ops_per_sec / 10;
	lab_start();
	if (lab_arena_options.is_used)
		lab_region_create(&region, "mmap_churn", arena_region_mb, false);
	for (; !lab_is_over(); n_ops++) {
		churn_once((size_t)map_kb << 10);
		if (region.arena != NULL)
			lab_region_xor(&region, n_ops % region.n_pages);
		lab_region_offer(&region, (n_ops + 1) % every == 0);
		lab_sleep_ns(LAB_NS_PER_S / ops_per_sec);
	}
	lab_stop();
	print(n_ops);
}
