/* SPDX: no licence chosen yet, see README */
/*
 * truth_mappings.c - memory that is not malloc's: mmap (anonymous, file, shared), munmap of a part
 * and of a hole in the middle, MAP_FIXED over an older mapping, mremap (grow, move, shrink),
 * mmap64, brk and sbrk, and calls that fail. The amounts are written beside each call by hand, in
 * pages; a mremap is, like a realloc, the end of the old mapping and the birth of a new one.
 */
#include "workloads/truth.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096L
#define ANON_FLAGS (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

/* @pages allocated (or, negative, freed) by the mapping made on @line of the calling function. */
#define ANON(line, pages, n) truth_count(TRUTH_ANON, __func__, (line), (pages)*PAGE, (n))
#define FILE_(line, pages, n) truth_count(TRUTH_FILE, __func__, (line), (pages)*PAGE, (n))

static void *must(void *p)
{
	if (p == MAP_FAILED)
		abort();
	return p;
}

static TRUTH_NOINLINE void whole(void)
{
	int first = __LINE__ + 1;
	void *p = must(mmap(NULL, 16 * PAGE, RW, ANON_FLAGS, -1, 0));

	ANON(first, 16, 1);
	munmap(p, 16 * PAGE);
	ANON(first, -16, -1);
	int second = __LINE__ + 1;
	p = must(mmap64(NULL, 5000, RW, ANON_FLAGS, -1, 0)); /* rounds up to two pages */
	ANON(second, 2, 1);
	munmap(p, 5000);
	ANON(second, -2, -1);
}

static TRUTH_NOINLINE void parts(void)
{
	int made = __LINE__ + 1;
	char *p = must(mmap(NULL, 20 * PAGE, RW, ANON_FLAGS, -1, 0));

	ANON(made, 20, 1);
	munmap(p, 2 * PAGE); /* front */
	ANON(made, -2, 0);
	munmap(p + 17 * PAGE, 3 * PAGE); /* back */
	ANON(made, -3, 0);
	munmap(p + 5 * PAGE, 4 * PAGE); /* a hole: two pieces are left */
	ANON(made, -4, 0);
	munmap(p, 12 * PAGE); /* across the hole and into the second piece */
	ANON(made, -6, 0);
	munmap(p + 12 * PAGE, 5 * PAGE);
	ANON(made, -5, -1);
}

static TRUTH_NOINLINE void fixed_over(void)
{
	int first = __LINE__ + 1;
	char *p = must(mmap(NULL, 10 * PAGE, RW, ANON_FLAGS, -1, 0));

	ANON(first, 10, 1);
	int second = __LINE__ + 1;
	must(mmap(p + 3 * PAGE, 4 * PAGE, RW, ANON_FLAGS | MAP_FIXED, -1, 0));
	ANON(first, -4, 0);
	ANON(second, 4, 1);
	munmap(p, 10 * PAGE);
	ANON(first, -6, -1);
	ANON(second, -4, -1);
}

static TRUTH_NOINLINE void moved(void)
{
	int first = __LINE__ + 1;
	char *p = must(mmap(NULL, 8 * PAGE, RW, ANON_FLAGS, -1, 0));

	ANON(first, 8, 1);
	memset(p, 7, 8 * PAGE);
	int grown = __LINE__ + 1;
	p = must(mremap(p, 8 * PAGE, 30 * PAGE, MREMAP_MAYMOVE));
	ANON(first, -8, -1);
	ANON(grown, 30, 1);
	if (p[8 * PAGE - 1] != 7)
		abort();
	int shrunk = __LINE__ + 1;
	p = must(mremap(p, 30 * PAGE, 4 * PAGE, 0));
	ANON(grown, -30, -1);
	ANON(shrunk, 4, 1);
	int place = __LINE__ + 1;
	char *target = must(mmap(NULL, 12 * PAGE, PROT_NONE, ANON_FLAGS, -1, 0));

	ANON(place, 12, 1);
	int fixed = __LINE__ + 1;
	p = must(mremap(p, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + 2 * PAGE));
	ANON(shrunk, -4, -1);
	ANON(place, -4, 0);
	ANON(fixed, 4, 1);
	munmap(target, 12 * PAGE);
	ANON(fixed, -4, -1);
	ANON(place, -8, -1);
}

static TRUTH_NOINLINE void files(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int private = __LINE__ + 1;
	char *p = must(mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0));

	FILE_(private, 2, 1);
	int shared = __LINE__ + 1;
	char *q = must(mmap(NULL, 100, PROT_READ, MAP_SHARED, fd, PAGE));

	FILE_(shared, 1, 1);
	close(fd);
	munmap(p, 2 * PAGE);
	FILE_(private, -2, -1);
	(void)q; /* stays mapped */
	int shared_anon = __LINE__ + 1;
	must(mmap(NULL, 3 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	ANON(shared_anon, 3, 1);
}

static TRUTH_NOINLINE void failing(void)
{
	volatile size_t nothing = 0;
	int made = __LINE__ + 1;
	char *p = must(mmap(NULL, 4 * PAGE, RW, ANON_FLAGS, -1, 0));

	ANON(made, 4, 1);
	if (mmap(NULL, nothing, RW, ANON_FLAGS, -1, 0) != MAP_FAILED || errno != EINVAL)
		abort();
	if (mmap(NULL, PAGE, RW, MAP_PRIVATE, 9999, 0) != MAP_FAILED || errno != EBADF)
		abort();
	if (munmap(p + 1, PAGE) != -1 || errno != EINVAL)
		abort();
	if (munmap(p, nothing) != -1 || errno != EINVAL)
		abort();
	if (mremap(p, 4 * PAGE, (size_t)1 << 60, MREMAP_MAYMOVE) != MAP_FAILED)
		abort();
	munmap(p, 4 * PAGE); /* all of it is still there to be freed */
	ANON(made, -4, -1);
}

static TRUTH_NOINLINE void program_break(void)
{
	int up = __LINE__ + 1;
	char *old = must(sbrk(40 * PAGE));

	ANON(up, 40, 1);
	memset(old, 1, 40 * PAGE);
	must(sbrk(-15 * PAGE));
	ANON(up, -15, 0);
	if (brk(old + 5 * PAGE))
		abort();
	ANON(up, -20, 0);
	int again = __LINE__ + 1;
	if (brk(old + 11 * PAGE))
		abort();
	ANON(again, 6, 1);
}

int main(void)
{
	whole();
	parts();
	fixed_over();
	moved();
	files();
	failing();
	program_break();
	truth_print("main");
	return 0;
}
