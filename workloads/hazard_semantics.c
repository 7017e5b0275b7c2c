/* SPDX: no licence chosen yet, see README */
/*
 * hazard_semantics.c - the corners of what allocation and mapping promise. Prints each result, and
 * errno; no addresses. What it prints alone is the truth.
 *
 *   heap       sizes nobody has, alignments nobody wants, errno kept and set
 *   mappings   contents and flags of what mremap, MAP_FIXED_NOREPLACE, MAP_GROWSDOWN, files do
 *   memory     what happens when there is no memory left (RLIMIT_AS)
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static void say(const char *what, long result)
{
	printf("%s: %ld, errno %d\n", what, result, errno);
	errno = 4321;
}

#define PAGE 4096

/* ---- heap ---------------------------------------------------------------------------------- */

static void try_sizes(void)
{
	static const size_t sizes[] = { 0, 1, PTRDIFF_MAX - 4096, PTRDIFF_MAX,
		(size_t)PTRDIFF_MAX + 1, SIZE_MAX - 4096, SIZE_MAX };
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t volatile n = sizes[i];
		void *block = malloc(n), *zeroed = calloc(n, 1), *other = calloc(1, n);
		say("malloc", block != NULL);
		say("calloc", (zeroed != NULL) + 2 * (other != NULL));
		void *grown = realloc(block, n / 2 + 1);
		say("realloc", grown != NULL);
		free(grown ? grown : block);
		say("free", 0);
		free(zeroed);
		free(other);
		say("valloc", (block = valloc(n)) != NULL);
		free(block);
		say("pvalloc", (block = pvalloc(n)) != NULL);
		free(block);
	}
}

static void try_products(void)
{
	static const size_t pairs[][2] = { { SIZE_MAX, 2 }, { (size_t)1 << 32, (size_t)1 << 32 },
		{ SIZE_MAX / 2, 3 }, { 0, SIZE_MAX }, { SIZE_MAX, 0 }, { ((size_t)1 << 63) + 8, 2 },
		{ 3, 5 } };
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		size_t volatile n = pairs[i][0], bytes = pairs[i][1];
		void *block = calloc(n, bytes), *array = reallocarray(NULL, n, bytes);
		say("calloc n x m", block != NULL);
		say("reallocarray", array != NULL);
		void *kept = malloc(10);
		say("reallocarray of a block", (array = reallocarray(kept, n, bytes)) != NULL);
		free(block);
	}
}

static void try_alignments(void)
{
	for (size_t volatile alignment = 0; alignment < 70; alignment++) {
		void *block = (void *)1;
		int error = posix_memalign(&block, alignment, 100);
		say("posix_memalign", error * 10 + (block == (void *)1));
		if (error == 0)
			free(block);
		block = aligned_alloc(alignment, 100);
		say("aligned_alloc", block != NULL);
		free(block);
		block = memalign(alignment, 100);
		say("memalign", block != NULL);
		free(block);
	}
	for (size_t volatile alignment = 128; alignment; alignment *= 2) {
		void *block = NULL;
		say("posix_memalign", posix_memalign(&block, alignment, 100));
		say("alignment", block && (uintptr_t)block % alignment == 0);
		free(block);
		say("memalign", (block = memalign(alignment, 64)) != NULL);
		free(block);
	}
	void *volatile block = NULL;
	say("posix_memalign of PTRDIFF_MAX", posix_memalign((void **)&block, 64, PTRDIFF_MAX));
}

static void try_contents(void)
{
	char *block = malloc(100);
	memset(block, 'x', 100);
	block = realloc(block, 100000);
	say("kept by growing", block[99] == 'x' && block[0] == 'x');
	block = realloc(block, 10);
	say("kept by shrinking", block[9] == 'x');
	say("realloc to 0", realloc(block, 0) != NULL);
	say("realloc of NULL to 0", (block = realloc(NULL, 0)) != NULL);
	free(block);
	for (size_t n = 1; n < 3000000; n = n * 3 + 1) {
		block = malloc(n);
		size_t usable = malloc_usable_size(block);
		memset(block, 1, usable);
		say("usable", usable >= n && usable < n + PAGE + 32);
		free(block);
		char *zeroed = calloc(n, 1);
		size_t n_dirty = 0;
		for (size_t i = 0; i < n; i++)
			n_dirty += zeroed[i] != 0;
		say("dirty bytes", (long)n_dirty);
		free(zeroed);
	}
	say("usable of NULL", (long)malloc_usable_size(NULL));
	free(NULL);
	say("malloc_trim", malloc_trim(0) >= 0);
	say("mallopt", mallopt(M_MMAP_THRESHOLD, 65536));
	struct mallinfo2 info = mallinfo2();
	say("mallinfo2", info.uordblks > 0);
}

static int run_heap(void)
{
	errno = 4321;
	try_sizes();
	try_products();
	try_alignments();
	try_contents();
	return 0;
}

/* ---- mappings ------------------------------------------------------------------------------ */

static char *anonymous(size_t pages, int more)
{
	return mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | more,
		-1, 0);
}

static long sum_of(const char *at, size_t pages)
{
	long sum = 0;
	for (size_t i = 0; i < pages; i++)
		sum = sum * 3 + at[i * PAGE];
	return sum;
}

static void try_mremap(void)
{
	char *at = anonymous(8, 0), *place = anonymous(16, 0), *moved;
	for (int i = 0; i < 8; i++)
		at[i * PAGE] = (char)(i + 1);
	moved = mremap(at, 8 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
	say("grown", sum_of(moved, 8) + moved[63 * PAGE]);
	moved = mremap(moved, 64 * PAGE, 4 * PAGE, 0);
	say("shrunk", sum_of(moved, 4));
	moved = mremap(moved, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place + 4 * PAGE);
	say("moved to a place", moved == place + 4 * PAGE ? sum_of(place, 16) : -1);
	char *left = mremap(moved, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
	say("left behind", left == MAP_FAILED ? -1 : sum_of(left, 4) * 1000 + sum_of(moved, 4));
	say("in place", mremap(place, PAGE, 9 * PAGE, 0) == MAP_FAILED);
	say("bad flags", mremap(place, PAGE, PAGE, 64) == MAP_FAILED);
	say("bad address", mremap(place + 1, PAGE, PAGE, MREMAP_MAYMOVE) == MAP_FAILED);
	say("to zero", mremap(place, PAGE, 0, MREMAP_MAYMOVE) == MAP_FAILED);
	say("fixed alone", mremap(place, PAGE, PAGE, MREMAP_FIXED, place) == MAP_FAILED);
	munmap(at, PAGE);
}

static void try_fixed(void)
{
	char *at = anonymous(8, 0);
	memset(at, 5, 8 * PAGE);
	int no_replace = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
	void *there = mmap(at + PAGE, PAGE, PROT_READ, no_replace, -1, 0);
	say("not replaced", there == MAP_FAILED ? sum_of(at, 8) : -1);
	munmap(at + 2 * PAGE, PAGE);
	there = mmap(at + 2 * PAGE, PAGE, PROT_READ, no_replace, -1, 0);
	say("free again", there == at + 2 * PAGE);
	there = mmap(
		at + 3 * PAGE, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	say("replaced", there == at + 3 * PAGE ? sum_of(at, 8) : -1);
	there = mmap(at + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	say("crooked", there == MAP_FAILED);
	say("unmap nothing", munmap(at, 0));
	say("unmap crooked", munmap(at + 7, PAGE));
	say("unmap a hole", munmap(at, 8 * PAGE) + munmap(at, 8 * PAGE));
	say("of no bytes",
		mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	say("too much", anonymous((size_t)1 << 40, 0) == MAP_FAILED);
}

static void try_files(void)
{
	int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, 3 * PAGE) != 0)
		return;
	char *at = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	char *offset = mmap64(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 2 * PAGE);
	close(fd);
	at[2 * PAGE] = 'y';
	say("of a file", offset[0]);
	say("msync", msync(at, 3 * PAGE, MS_SYNC));
	munmap(at, 3 * PAGE);
	munmap(offset, PAGE);
	say("of a closed file", mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	char *there = anonymous(4, MAP_POPULATE);
	unsigned char resident[4] = { 0 };
	say("populated", mincore(there, 4 * PAGE, resident) + resident[3] % 2);
	say("madvise", madvise(there, PAGE, MADV_DONTNEED));
}

/* A mapping that the kernel extends when the page below it is touched: 20 pages in the end, of
 * which we asked for 4. What is unmapped is more than what was mapped. */
static void try_growing(void)
{
	char *room = anonymous(1024, MAP_NORESERVE);
	char *top = room + 1020 * PAGE;
	munmap(room, 1024 * PAGE);
	char *at = mmap(top, 4 * PAGE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_STACK | MAP_FIXED_NOREPLACE, -1,
		0);
	if (at != top)
		return say("no room to grow", at == MAP_FAILED);
	for (int i = 3; i >= -16; i--)
		at[i * PAGE] = (char)(i & 7);
	say("grown down", sum_of(at - 16 * PAGE, 20));
	unsigned char resident[20];
	say("pages of it", mincore(at - 16 * PAGE, 20 * PAGE, resident));
	char *moved =
		mremap(at - 8 * PAGE, 10 * PAGE, 10 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room);
	say("its middle moved", moved == room ? sum_of(room, 10) : -1);
	say("unmapped whole", munmap(at - 16 * PAGE, 20 * PAGE) + munmap(room, 10 * PAGE));
}

static void try_break(void)
{
	char *before = sbrk(0);
	say("sbrk", sbrk(3 * PAGE) == before);
	before[2 * PAGE] = 1;
	say("brk", brk(before + PAGE));
	say("sbrk back", (char *)sbrk(-PAGE) - before);
	say("sbrk too much", sbrk(INTPTR_MAX) == (void *)-1);
	say("brk too far", brk((void *)INTPTR_MAX));
}

static int run_mappings(void)
{
	errno = 4321;
	try_mremap();
	try_fixed();
	try_files();
	try_growing();
	try_break();
	return 0;
}

/* ---- memory -------------------------------------------------------------------------------- */

/* @limit of address space: all that is there is used up, given back, and used again. */
static int run_memory(size_t limit)
{
	static void *blocks[100000];
	struct rlimit all = { limit, limit };
	int n[2] = { 0, 0 };
	if (setrlimit(RLIMIT_AS, &all) != 0)
		return 1;
	for (int round = 0; round < 2; round++) {
		errno = 0;
		while (n[round] < 100000 && (blocks[n[round]] = malloc(8000)) != NULL)
			memset(blocks[n[round]++], 1, 8000);
		printf("round %d ended by %d\n", round, errno);
		for (int i = 0; i < n[round]; i++)
			free(blocks[i]);
	}
	printf("mmap %d\n", anonymous(limit / PAGE, 0) == MAP_FAILED);
	/* Nothing lost in between, but what a heap in pieces costs. */
	return printf("%s\n", n[1] > n[0] / 2 ? "as much again" : "less") < 0;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "heap") == 0)
		return run_heap();
	if (argc > 1 && strcmp(argv[1], "mappings") == 0)
		return run_mappings();
	if (argc > 2 && strcmp(argv[1], "memory") == 0)
		return run_memory((size_t)atol(argv[2]) << 20);
	puts("usage: hazard_semantics heap | mappings | memory MIB");
	return 2;
}
