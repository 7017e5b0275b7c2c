/* SPDX: no licence chosen yet, see README */
/* private_memory.c - see private_memory.h. Zone; serves unwind and account. */
#include <stddef.h>
#include <sys/mman.h>

#include "preload/format.h"
#include "preload/zone/atomic.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/raw.h"
#include "preload/zone/zone.h"

#define HUGE_BYTES ((size_t)2 << 20)

static uint64_t mapped_bytes;

static size_t whole_pages(size_t bytes)
{
	return (bytes + 4095) & ~(size_t)4095;
}

static void *map(size_t bytes, int more_flags)
{
	bytes = whole_pages(bytes);
	void *memory = mw_raw_mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | more_flags, -1, 0);
	if (memory)
		mw_add_relaxed(&mapped_bytes, bytes);
	return memory;
}

void *mw_private_map(size_t bytes)
{
	return map(bytes, 0);
}

void *mw_private_map_dense(size_t bytes)
{
	return map(bytes, bytes > MWD_PAGE ? MAP_POPULATE : 0);
}

void *mw_private_map_huge(size_t bytes)
{
	char *memory = map(bytes + HUGE_BYTES, 0);
	if (!memory)
		return NULL;
	size_t before = -(uintptr_t)memory & (HUGE_BYTES - 1);
	if (before)
		mw_private_unmap(memory, before);
	if (before != HUGE_BYTES)
		mw_private_unmap(memory + before + bytes, HUGE_BYTES - before);
	mw_raw_madvise(memory + before, bytes, MADV_HUGEPAGE);
	return memory + before;
}

void mw_private_unmap(void *memory, size_t bytes)
{
	bytes = whole_pages(bytes);
	mw_raw_munmap(memory, bytes);
	mw_add_relaxed(&mapped_bytes, -(uint64_t)bytes);
}

uint64_t mw_private_bytes(void)
{
	return mw_load_relaxed(&mapped_bytes);
}
