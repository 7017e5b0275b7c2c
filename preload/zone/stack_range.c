/* SPDX: no licence chosen yet, see README */
/*
 * stack_range.c - which mapping a stack pointer lies in: main, thread, signal and coroutine
 * stacks alike. Zone; unwind. Bounds are a safety net against broken unwind data, so that a wrong
 * CFA cannot lead outside mapped memory.
 *
 * Ranges seen before are kept for the whole process, one atomic word each: page number of the low
 * end (36 bits) and number of pages (28 bits), in the place that the stack pointer's 64 KiB choose:
 * a program can have thousands of coroutine stacks. A miss reads /proc/self/maps, but for the main
 * stack, of which the kernel has told the upper end: most processes have no other.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>

#include "preload/zone/atomic.h"
#include "preload/zone/raw.h"
#include "preload/zone/unwind.h"
#include "preload/zone/zone.h"

#define KNOWN_BITS 13 /* 64 KiB, touched as used */
#define PAGE_SHIFT 12
#define COUNT_BITS 28
/* The main stack grows down: what lies up to a guard gap below it will be stack, too. */
#define GROWTH_BYTES ((uintptr_t)1 << 20)

static MW_LARGE uint64_t known[1u << KNOWN_BITS];

static uint64_t *place_of(uintptr_t sp)
{
	return &known[(sp >> 16) * 0x9e3779b97f4a7c15u >> (64 - KNOWN_BITS)];
}

static bool find_known(uintptr_t sp, uintptr_t *low_out, uintptr_t *high_out)
{
	uint64_t word = mw_load_relaxed(place_of(sp));
	uintptr_t low = word >> COUNT_BITS << PAGE_SHIFT;
	uintptr_t bytes = (word & (((uint64_t)1 << COUNT_BITS) - 1)) << PAGE_SHIFT;
	if (sp - low >= bytes)
		return false;
	*low_out = low;
	*high_out = low + bytes;
	return true;
}

static void keep(uintptr_t sp, uintptr_t low, uintptr_t high)
{
	uint64_t pages = (high - low) >> PAGE_SHIFT;
	if (pages >> COUNT_BITS || low >> 48)
		return;
	mw_store_relaxed(place_of(sp), low >> PAGE_SHIFT << COUNT_BITS | pages);
}

/* One line of maps(5): "55d0-55e0 rw-p ... [stack]". Characters come one by one. */
struct line {
	enum { LOW, HIGH, PERMISSIONS, REST } part;
	uintptr_t low, high;
	bool is_readable, is_main_stack;
};

static unsigned hex_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* Return: whether the line is complete. */
static bool feed(struct line *line, char c)
{
	if (c == '\n')
		return true;
	switch (line->part) {
	case LOW:
		if (c == '-')
			line->part = HIGH;
		else
			line->low = line->low << 4 | hex_digit(c);
		break;
	case HIGH:
		if (c == ' ')
			line->part = PERMISSIONS;
		else
			line->high = line->high << 4 | hex_digit(c);
		break;
	case PERMISSIONS:
		line->is_readable = c == 'r';
		line->part = REST;
		break;
	case REST:
		line->is_main_stack |= c == '['; /* "[stack]"; "[heap]" does not grow down, but a
						  * megabyte below it is not mapped either */
	}
	return false;
}

static bool find_in_maps(uintptr_t sp, uintptr_t *low_out, uintptr_t *high_out)
{
	char text[1024];
	int fd = mw_raw_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	struct line line = { 0 };
	bool is_found = false;
	long n;
	while (!is_found && (n = mw_raw_read(fd, text, sizeof(text))) > 0) {
		for (long i = 0; i < n && !is_found; i++) {
			if (!feed(&line, text[i]))
				continue;
			is_found = sp >= line.low && sp < line.high && line.is_readable;
			if (!is_found)
				line = (struct line){ 0 };
		}
	}
	mw_raw_close(fd);
	if (is_found) {
		*low_out = line.is_main_stack ? line.low - GROWTH_BYTES : line.low;
		*high_out = line.high;
		keep(sp, *low_out, *high_out);
	}
	return is_found;
}

#define MAX_LOOK_PAGES 128u

/*
 * The path of the program is the uppermost thing on its stack (execve(2), AT_EXECFN). mincore()
 * fails where anything up to there is not mapped, so it is one mapping, or as good as one.
 */
static bool find_main_stack(uintptr_t sp, uintptr_t *low_out, uintptr_t *high_out)
{
	uint8_t is_in_memory[MAX_LOOK_PAGES];
	const char *path = (const char *)getauxval(AT_EXECFN);
	uintptr_t page = (uintptr_t)1 << PAGE_SHIFT, low = sp & -page;
	if (!path || mw_is_sandboxed || (uintptr_t)path <= sp ||
		(uintptr_t)path - low > (MAX_LOOK_PAGES - 2) * page)
		return false;
	uintptr_t high = ((uintptr_t)path + strnlen(path, page) + page) & -page;
	if (mw_raw(SYS_mincore, low, high - low, is_in_memory) != 0)
		return false;
	*low_out = low - GROWTH_BYTES;
	*high_out = high;
	keep(sp, *low_out, *high_out);
	return true;
}

bool mw_stack_range_find(uintptr_t sp, uintptr_t *low_out, uintptr_t *high_out)
{
	return find_known(sp, low_out, high_out) || find_main_stack(sp, low_out, high_out) ||
	       find_in_maps(sp, low_out, high_out);
}
