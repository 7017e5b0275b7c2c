/* SPDX: no licence chosen yet, see README */
/* private_memory.c - see private_memory.h. Zone; serves unwind and account. */
#include <stddef.h>
#include <sys/mman.h>

#include "preload/format.h"
#include "preload/zone/atomic.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/raw.h"
#include "preload/zone/zone.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14; older kernels say EINVAL, and faults do it */
#endif

#define HUGE_BYTES ((size_t)2 << 20)

#define PAGE_SHIFT 12
#define COUNT_BITS 28
#define COUNT_MASK (((uint64_t)1 << (COUNT_BITS - 1)) - 1)
#define IS_SEQUENTIAL ((uint64_t)1 << (COUNT_BITS - 1)) /* filled from its beginning */
#define WINDOW_BYTES ((size_t)64 << 10)
#define MAX_SPARSE 512u

static uint64_t mapped_bytes;

/* Maps that need not be in memory all over: page number (36 bits), IS_SEQUENTIAL, number
 * of pages; 0 = free. */
static MW_LARGE uint64_t sparse[MAX_SPARSE];
static uint32_t n_sparse; /* places ever used */

/* Our object, from its ELF header to the end of its .bss; from the linker. */
extern const char __bss_start[] __attribute__((visibility("hidden")));
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[] __attribute__((visibility("hidden")));

static uint64_t word_of(const void *memory, size_t bytes)
{
	return (uintptr_t)memory >> PAGE_SHIFT << COUNT_BITS | bytes >> PAGE_SHIFT;
}

/* Put @to where @from is. */
static bool replace_sparse(uint64_t from, uint64_t to, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t seen = from;
		if (mw_load_relaxed(&sparse[i]) == from && mw_cas_acq_rel(&sparse[i], &seen, to))
			return true;
	}
	return false;
}

static void note_sparse(const void *memory, size_t bytes, uint64_t how)
{
	uint64_t word = word_of(memory, bytes) | how;
	uint32_t n = mw_load_relaxed(&n_sparse);
	if (bytes >> PAGE_SHIFT > COUNT_MASK || replace_sparse(word, word, n) ||
		replace_sparse(0, word, n))
		return;
	while (n < MAX_SPARSE && !mw_cas_acq_rel(&n_sparse, &n, n + 1))
		;
	if (n < MAX_SPARSE)
		mw_store_relaxed(&sparse[n], word);
}

static size_t whole_pages(size_t bytes)
{
	return (bytes + MWD_PAGE - 1) & ~(size_t)(MWD_PAGE - 1);
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
	void *memory = map(bytes, 0);
	if (memory && bytes > MWD_PAGE)
		note_sparse(memory, whole_pages(bytes), 0);
	return memory;
}

void *mw_private_map_sequential(size_t bytes)
{
	void *memory = map(bytes, 0);
	if (memory)
		note_sparse(memory, whole_pages(bytes), IS_SEQUENTIAL);
	return memory;
}

/* Begins where a huge page does. */
static void *map_for_huge_pages(size_t bytes)
{
	bytes = whole_pages(bytes);
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

void *mw_private_map_dense(size_t bytes)
{
	if (bytes < HUGE_BYTES)
		return map(bytes, bytes > MWD_PAGE ? MAP_POPULATE : 0);
	void *memory = map_for_huge_pages(bytes);
	if (memory)
		mw_raw_madvise(memory, whole_pages(bytes), MADV_POPULATE_WRITE);
	return memory;
}

void *mw_private_map_huge(size_t bytes)
{
	void *memory = map_for_huge_pages(bytes);
	if (memory)
		note_sparse(memory, whole_pages(bytes), 0);
	return memory;
}

bool mw_private_discard(void *memory, size_t bytes)
{
	if (mw_raw_madvise(memory, whole_pages(bytes), MADV_DONTNEED) != 0)
		return false;
	note_sparse(memory, whole_pages(bytes), 0);
	return true;
}

void mw_private_unmap(void *memory, size_t bytes)
{
	bytes = whole_pages(bytes);
	uint64_t word = word_of(memory, bytes);
	uint32_t n = mw_load_relaxed(&n_sparse);
	if (!replace_sparse(word, 0, n))
		replace_sparse(word | IS_SEQUENTIAL, 0, n);
	mw_raw_munmap(memory, bytes);
	mw_add_relaxed(&mapped_bytes, -(uint64_t)bytes);
}

uint64_t mw_private_bytes(void)
{
	return mw_load_relaxed(&mapped_bytes);
}

#define LOOK_PAGES 1024u

/* Pages of [@low, @high) that are not in memory (mincore(2)). */
static uint64_t count_absent(uintptr_t low, uintptr_t high)
{
	uint64_t states[LOOK_PAGES / 8]; /* a byte a page, its lowest bit set = in memory */
	uint64_t n_absent = 0;
	while (low < high && !mw_is_sandboxed) {
		size_t n = (high - low) >> PAGE_SHIFT;
		n = n < LOOK_PAGES ? n : LOOK_PAGES;
		states[(n - 1) / 8] = 0;
		if (mw_raw(SYS_mincore, low, n << PAGE_SHIFT, states) != 0)
			break;
		uint64_t n_present = 0;
		for (size_t i = 0; i < (n + 7) / 8; i++)
			n_present += (states[i] & 0x0101010101010101u) * 0x0101010101010101u >> 56;
		n_absent += n - n_present;
		low += n << PAGE_SHIFT;
	}
	return n_absent;
}

/* The same of a table that is filled from its beginning: nothing behind a window of nothing. */
static uint64_t count_absent_behind(uintptr_t low, uintptr_t high)
{
	uint64_t n_absent = 0;
	while (low < high && !mw_is_sandboxed) {
		uintptr_t end = high - low > WINDOW_BYTES ? low + WINDOW_BYTES : high;
		uint64_t n = count_absent(low, end);
		if (n == (end - low) >> PAGE_SHIFT)
			return n_absent + ((high - low) >> PAGE_SHIFT);
		n_absent += n;
		low = end;
	}
	return n_absent;
}

uint64_t mw_private_resident_bytes(void)
{
	uintptr_t bss = whole_pages((uintptr_t)__bss_start), end = whole_pages((uintptr_t)_end);
	uint64_t n_absent = count_absent(bss, end);
	uint32_t n = mw_load_relaxed(&n_sparse);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t word = mw_load_relaxed(&sparse[i]);
		uintptr_t low = word >> COUNT_BITS << PAGE_SHIFT;
		uintptr_t high = low + ((word & COUNT_MASK) << PAGE_SHIFT);
		n_absent += word & IS_SEQUENTIAL ? count_absent_behind(low, high)
						 : count_absent(low, high);
	}
	return mw_private_bytes() + end - (uintptr_t)__ehdr_start - (n_absent << PAGE_SHIFT);
}
