/* SPDX: no licence chosen yet, see README */
/*
 * test_alloc_fail.c - the N-th allocation of symbolize/ fails, for all N: each time a clean
 * -ENOMEM, and then everything is given back.
 *
 * The linker's --wrap turns the allocations of our objects and of libiberty (not of libdw) to the
 * counters here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/check.h"
#include "tests/unit/symbolize/fixture.h"

static unsigned long n_allocations;
static unsigned long failing_idx; /* 0 = none */

void *__real_malloc(size_t size_bytes);
void *__real_calloc(size_t n, size_t size_bytes);
void *__real_reallocarray(void *block, size_t n, size_t size_bytes);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size_bytes);
void *__wrap_calloc(size_t n, size_t size_bytes);
void *__wrap_reallocarray(void *block, size_t n, size_t size_bytes);
char *__wrap_strdup(const char *text);

static bool fails(void)
{
	bool is_it = ++n_allocations == failing_idx;

	if (is_it)
		errno = ENOMEM;
	return is_it;
}

void *__wrap_malloc(size_t size_bytes)
{
	return fails() ? NULL : __real_malloc(size_bytes);
}

void *__wrap_calloc(size_t n, size_t size_bytes)
{
	return fails() ? NULL : __real_calloc(n, size_bytes);
}

void *__wrap_reallocarray(void *block, size_t n, size_t size_bytes)
{
	return fails() ? NULL : __real_reallocarray(block, n, size_bytes);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

/* Return: 0, or the error of the first call that failed. */
static int symbolize_all(const char *path, uint64_t start, struct mw_symbolizer **symbolizer_out)
{
	struct mw_symbolizer_options options = { .n_threads = 1 };
	struct mw_symbolizer *symbolizer = mw_symbolizer_create(&options);
	const uint8_t build_id[] = { 1, 2, 3 };
	unsigned module, other;
	size_t id;
	int result;

	*symbolizer_out = symbolizer;
	if (!symbolizer)
		return -ENOMEM;
	result = mw_symbolizer_add_module(symbolizer, path, NULL, 0, &module);
	if (result == 0)
		result = mw_symbolizer_add_module(symbolizer, path, build_id, 3, &other);
	for (uint64_t i = 0; result == 0 && i < 400; i++)
		result = mw_symbolizer_want(
			symbolizer, i % 8 ? module : other, start + i, false, &id);
	if (result == 0)
		result = mw_symbolizer_resolve(symbolizer, NULL, NULL);
	return result;
}

int main(void)
{
	struct mw_symbolizer *symbolizer;
	unsigned long n_all, n_clean = 0;
	uint64_t start;
	char path[512];

	if (!fixture_has("g++")) {
		printf("skip: no g++\n");
		return 77;
	}
	if (!CHECK(fixture_run("g++ -O2 -g -o names " FIXTURE_SOURCES "/names.cc")))
		return mw_check_tally("symbolize/alloc_fail");
	snprintf(path, sizeof(path), "%s", fixture_path("names"));
	start = fixture_symbol("names", "mark_plain", NULL) - 100;

	n_allocations = 0;
	CHECK_NUMBER(symbolize_all(path, start, &symbolizer), 0);
	n_all = n_allocations;
	mw_symbolizer_destroy(symbolizer);
	CHECK(n_all > 20);
	for (failing_idx = 1; failing_idx <= n_all; failing_idx++) {
		n_allocations = 0;
		n_clean += symbolize_all(path, start, &symbolizer) == -ENOMEM;
		mw_symbolizer_destroy(symbolizer);
	}
	printf("%lu allocations, %lu failures reported\n", n_all, n_clean);
	CHECK_NUMBER(n_clean, n_all);
	return mw_check_tally("symbolize/alloc_fail");
}
