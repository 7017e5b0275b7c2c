/* SPDX: no licence chosen yet, see README */
/*
 * test_live_table.c - the table of live blocks against a list of them: blocks of all kinds of sizes
 * as close as an allocator puts them, on both sides of a leaf's end, freed with and without the
 * table being told. No memory lies at their addresses, only the table's shadow does.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "preload/zone/live_table.h"
#include "preload/zone/private_memory.h"
#include "tests/unit/check.h"

#define PAGE 4096u
#define N_BLOCKS 4096u
#define N_STEPS 400000u
#define ARENA_BYTES 8192u

/* ---- what private_memory.c is in the zone: a leaf ends where the page ends */

void *mw_private_map(size_t bytes)
{
	size_t whole = (bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
	char *memory = mmap(NULL, whole + 2 * PAGE, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED || mprotect(memory + PAGE, whole, PROT_READ | PROT_WRITE) != 0)
		abort();
	return memory + PAGE;
}

void *mw_private_map_huge(size_t bytes)
{
	return mw_private_map(bytes);
}

void mw_private_unmap(void *memory, size_t bytes)
{
	munmap(memory, bytes);
}

/* ---- the list */

enum state { NONE, LIVE, STALE /* freed, and the table does not know */ };

struct block {
	enum state state;
	uintptr_t address, span; /* nobody else begins in between */
	uint64_t bytes;
};

static struct block blocks[N_BLOCKS]; /* by record id; 0 is none */
static struct mw_live_leaf leaf;
static uintptr_t arena, alignment, least, header;
static unsigned n_evicted, n_neighbours;

static uint64_t random_number(void)
{
	static uint64_t x = 88172645463325252u;
	x ^= x << 13;
	x ^= x >> 7;
	return x ^= x << 17;
}

static uint64_t random_bytes(void)
{
	uint64_t edge = (uint64_t)1 << (33 + random_number() % 29);
	switch (random_number() % 8) {
	case 0:
		return edge - 2 + random_number() % 4;
	case 1:
		return random_number() % ((uint64_t)1 << 36);
	default:
		return random_number() % 70;
	}
}

/* As glibc cuts them, or as near as an allocator may; of a huge one only the beginning. */
static uintptr_t span_of(uint64_t bytes)
{
	uint64_t seen = bytes < 128 ? bytes : 128;
	uintptr_t span = (seen + header + alignment - 1) & ~(alignment - 1);
	return span < least ? least : span;
}

static bool is_free(uintptr_t address, uintptr_t span)
{
	for (unsigned i = 1; i < N_BLOCKS; i++)
		if (blocks[i].state == LIVE && address < blocks[i].address + blocks[i].span &&
			blocks[i].address < address + span)
			return false;
	return true;
}

/* What the table gives up must be what was freed behind its back, unchanged. */
static void check_stale(uint32_t id, uint64_t bytes)
{
	struct block *block = &blocks[id % N_BLOCKS];
	CHECK(id < N_BLOCKS && block->state == STALE);
	CHECK(block->bytes == bytes);
	block->state = NONE;
	n_evicted++;
}

static void make(uint32_t id)
{
	uint32_t old_id;
	uint64_t bytes = random_bytes(), old_bytes;
	uintptr_t span = span_of(bytes),
		  address = arena + random_number() % (ARENA_BYTES / alignment) * alignment;
	if (!is_free(address, span))
		return;
	uint32_t *slot = mw_live_table_slot(&leaf, address);
	if (random_number() % 16 == 0) { /* allocated unseen, its free is not */
		if (mw_live_table_take(slot, &old_id, &old_bytes))
			check_stale(old_id, old_bytes);
		return;
	}
	while (mw_live_table_evict(slot, bytes, &old_id, &old_bytes))
		check_stale(old_id, old_bytes);
	CHECK(mw_live_table_put(slot, address, id, bytes));
	blocks[id] = (struct block){ LIVE, address, span, bytes };
	n_neighbours += !is_free(address - alignment, alignment);
}

static void end(uint32_t id, bool is_seen)
{
	struct block *block = &blocks[id];
	uint32_t found_id = 0;
	uint64_t bytes = 0;
	CHECK(mw_live_table_has(block->address));
	if (!is_seen) {
		block->state = STALE;
		return;
	}
	CHECK(mw_live_table_take(mw_live_table_slot(&leaf, block->address), &found_id, &bytes));
	CHECK_NUMBER(found_id, id);
	CHECK(bytes == block->bytes);
	block->state = NONE;
}

/* All is there, once. */
static void end_all(void)
{
	uint32_t id;
	uint64_t bytes;
	for (uint32_t i = 1; i < N_BLOCKS; i++)
		if (blocks[i].state == LIVE)
			end(i, true);
	for (uint32_t i = 1; i < N_BLOCKS; i++)
		if (blocks[i].state == STALE &&
			CHECK(mw_live_table_take(
				mw_live_table_slot(&leaf, blocks[i].address), &id, &bytes)))
			check_stale(id, bytes);
	for (uintptr_t at = arena; at < arena + ARENA_BYTES; at += alignment)
		CHECK(!mw_live_table_has(at));
}

static void run(bool is_glibc, unsigned unseen_in_100)
{
	mw_live_table_init(is_glibc);
	leaf = (struct mw_live_leaf){ 0, NULL };
	alignment = is_glibc ? 16 : 8;
	least = is_glibc ? 32 : 8;
	header = is_glibc ? 8 : 0;
	arena = ((uintptr_t)(is_glibc ? 0x5500 : 0x6600) << 32) - ARENA_BYTES / 2;
	for (unsigned i = 0; i < N_STEPS && mw_check_n_failed < 20; i++) {
		uint32_t id = 1 + (uint32_t)(random_number() % (N_BLOCKS - 1));
		if (blocks[id].state == NONE)
			make(id);
		else if (blocks[id].state == LIVE)
			end(id, random_number() % 100 >= unseen_in_100);
	}
	end_all();
}

/* The largest id, and sizes beyond what is kept. */
static void check_limits(void)
{
	uint32_t id = 0, *slot = mw_live_table_slot(&leaf, arena);
	uint64_t bytes = 0, most = ((uint64_t)1 << 62) - 1;
	CHECK(mw_live_table_put(slot, arena, MW_LIVE_MAX_RECORD_ID, most));
	CHECK(mw_live_table_take(slot, &id, &bytes) && id == MW_LIVE_MAX_RECORD_ID &&
		bytes == most);
	CHECK(!mw_live_table_put(slot, arena, 1, most + 1));
	CHECK(!mw_live_table_has(arena)); /* it is not counted: so nothing may be left of it */
	CHECK(!mw_live_table_put(NULL, UINTPTR_MAX - 15, 1, 8));
}

int main(void)
{
	run(true, 0);
	run(true, 20);
	check_limits();
	run(false, 0);
	run(false, 20);
	CHECK(n_evicted > 1000 && n_neighbours > 1000);
	return mw_check_tally("live table");
}
