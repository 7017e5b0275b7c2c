/* SPDX: no licence chosen yet, see README */
/* lab_region.c - the pages that four of the lab's programs work on. See lab_region.h. */
#include "workloads/lab/lab_region.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "workloads/lab/lab_arena.h"
#include "workloads/lab/lab_controller.h"

#define MB_BYTES ((size_t)1 << 20)

static void create_in_arena(struct lab_region *region, int mb)
{
	region->arena = mem_arena_create((size_t)mb * MB_BYTES,
		(size_t)lab_arena_options.cap_mb * MB_BYTES, lab_arena_options.min_savings_pct);
	if (region->arena == NULL)
		lab_die("--use-mem-arena");
	if (lab_arena_policy() != LAB_POLICY_INTERNAL)
		lab_controller_watch();
	if (lab_arena_options.is_enrolled)
		lab_controller_enroll(region->workload, mb);
}

void lab_region_create(struct lab_region *region, const char *workload, int mb, bool is_heap)
{
	size_t n_bytes = (size_t)mb * MB_BYTES;
	*region = (struct lab_region){ .workload = workload, .n_pages = n_bytes / LAB_PAGE_BYTES };
	if (lab_arena_options.is_used) {
		create_in_arena(region, mb);
		return;
	}
	void *bytes = is_heap ? malloc(n_bytes)
			      : mmap(NULL, n_bytes, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (bytes == NULL || bytes == MAP_FAILED)
		lab_die("region");
	region->bytes = bytes;
}

void lab_region_offer(struct lab_region *region, bool is_due)
{
	if (region->arena == NULL)
		return;
	if (is_due && lab_arena_policy() != LAB_POLICY_EXTERNAL)
		mem_arena_compress(region->arena);
	if (!lab_controller_is_asked())
		return;
	mem_arena_compress(region->arena);
	region->n_triggers++;
	if (lab_arena_options.is_enrolled)
		lab_controller_acknowledge(
			region->workload, region->n_triggers, mem_arena_stats(region->arena));
}

void lab_line_region(
	const struct lab_region *region, struct lab_fact count, const struct lab_fact *shape)
{
	lab_line_begin(region->workload);
	if (lab_options.is_json) {
		lab_line_int(count.key, count.value);
		lab_line_int(shape->key, shape->value);
	} else {
		for (; shape->key != NULL; shape++)
			lab_line_int(shape->key, shape->value);
		lab_line_int("duration_sec", (uint64_t)lab_options.duration_sec);
		lab_line_int(count.key, count.value);
		lab_line_elapsed();
	}
	lab_line_bool("use_mem_arena", lab_arena_options.is_used);
}

static void line_arena(const struct lab_region *region)
{
	const struct mem_arena_stats *stats = mem_arena_stats(region->arena);
	lab_line_int("arena_compress_ops", stats->compress_ops);
	lab_line_int("arena_decompress_ops", stats->decompress_ops);
	lab_line_int("arena_evictions_lru", stats->evictions_lru);
}

void lab_line_policy(const struct lab_region *region)
{
	lab_line_text("compress_policy", lab_arena_options.policy_text);
	lab_line_int("external_compress_triggers", region->n_triggers);
	if (region->arena != NULL)
		line_arena(region);
}

void lab_line_loops(const struct lab_region *region)
{
	if (region->arena == NULL)
		return;
	const struct mem_arena_stats *stats = mem_arena_stats(region->arena);
	bool is_json = lab_options.is_json;
	line_arena(region);
	lab_line_int("arena_hotness_epoch", 0);
	lab_line_int("arena_damon_snapshots", 0);
	lab_line_int(is_json ? "arena_damon_regions_observed" : "arena_damon_regions", 0);
	lab_line_int("arena_damon_read_errors", 0);
	lab_line_int("arena_bg_compress_attempts", 0);
	lab_line_int("arena_bg_compress_admits", 0);
	lab_line_int("arena_prefetch_decompress_ops", 0);
	lab_line_int(
		is_json ? "arena_demand_decompress_stall_events" : "arena_demand_decomp_stalls",
		stats->access_hits_decompressed);
	lab_line_int("arena_demand_decompress_stall_ns_total", stats->decompress_stall_ns);
	lab_line_int("arena_t_cold_epochs_current", 0);
}

static void write_stats(const struct lab_region *region)
{
	const struct mem_arena_stats *stats = mem_arena_stats(region->arena);
	const struct lab_fact facts[] = { { "logical_input_bytes", stats->logical_input_bytes },
		{ "compressed_bytes_live", stats->compressed_bytes_live },
		{ "slot_bytes_live", stats->pool_bytes_live },
		{ "compress_ops", stats->compress_ops },
		{ "decompress_ops", stats->decompress_ops },
		{ "evictions_lru", stats->evictions_lru },
		{ "incompressible_chunks", stats->incompressible_chunks },
		{ "access_hits_raw", stats->access_hits_raw },
		{ "access_hits_decompressed", stats->access_hits_decompressed },
		{ "compression_reject_small_gain", stats->compression_reject_small_gain } };
	FILE *file = fopen(lab_arena_options.stats_json, "we");
	if (file == NULL)
		lab_die(lab_arena_options.stats_json);
	fprintf(file, "{\"workload\":\"%s\"", region->workload);
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		fprintf(file, ",\"%s\":%llu", facts[i].key, (unsigned long long)facts[i].value);
	fputs("}\n", file);
	if (fclose(file) != 0)
		lab_die(lab_arena_options.stats_json);
}

void lab_line_region_end(const struct lab_region *region)
{
	if (lab_options.is_json)
		lab_line_elapsed();
	lab_line_end();
	if (region->arena != NULL && lab_arena_options.stats_json != NULL)
		write_stats(region);
}
