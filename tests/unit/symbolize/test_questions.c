/* SPDX: no licence chosen yet, see README */
/*
 * test_questions.c - modules, ids and resolving in several threads: the public interface as the
 * report uses it, on many modules at once.
 */
#include <stdio.h>

#include "tests/unit/check.h"
#include "tests/unit/symbolize/fixture.h"

#define N_MODULES 24

static void test_ids(void)
{
	struct mw_symbolizer *symbolizer = mw_symbolizer_create(NULL);
	const uint8_t build_id[2] = { 1, 2 };
	unsigned first, again, with_id, other;
	size_t plain, same, returning, same_instruction, elsewhere, zero;

	CHECK(mw_symbolizer_destroy(NULL) == NULL);
	CHECK(mw_symbolizer_add_module(symbolizer, "/a", NULL, 0, &first) == 0);
	CHECK(mw_symbolizer_add_module(symbolizer, "/a", build_id, 2, &with_id) == 0);
	CHECK(mw_symbolizer_add_module(symbolizer, "/b", NULL, 0, &other) == 0);
	CHECK(mw_symbolizer_add_module(symbolizer, "/a", NULL, 0, &again) == 0);
	CHECK(first == again && first != with_id && first != other && with_id != other);

	CHECK(mw_symbolizer_want(symbolizer, first, 100, false, &plain) == 0);
	CHECK(mw_symbolizer_want(symbolizer, first, 100, false, &same) == 0);
	CHECK(mw_symbolizer_want(symbolizer, first, 100, true, &returning) == 0);
	CHECK(mw_symbolizer_want(symbolizer, first, 99, false, &same_instruction) == 0);
	CHECK(mw_symbolizer_want(symbolizer, other, 100, false, &elsewhere) == 0);
	CHECK(mw_symbolizer_want(symbolizer, other, 0, true, &zero) == 0);
	CHECK_NUMBER(plain, 0);
	CHECK_NUMBER(same, 0);
	CHECK_NUMBER(returning, 1);
	CHECK_NUMBER(same_instruction, 1);
	CHECK_NUMBER(elsewhere, 2);
	CHECK_NUMBER(zero, 3);

	/* Before resolve(), and for an id that nobody has: unknown, not garbage. */
	CHECK_NUMBER(mw_symbolizer_get(symbolizer, plain).n_frames, 1);
	CHECK(mw_symbolizer_get(symbolizer, 12345).frames[0].function == NULL);
	CHECK(mw_symbolizer_destroy(symbolizer) == NULL);
}

/* Ids stay dense and findable through every growth of the tables. */
static void test_many_ids(void)
{
	struct mw_symbolizer *symbolizer = mw_symbolizer_create(NULL);
	unsigned modules[3];
	size_t id, n_wrong = 0;

	for (unsigned i = 0; i < 3; i++)
		mw_symbolizer_add_module(
			symbolizer, &"/aaa"[0], (const uint8_t *)"abc", i + 1, &modules[i]);
	for (unsigned round = 0; round < 2; round++)
		for (size_t i = 0; i < 60000; i++) {
			if (mw_symbolizer_want(
				    symbolizer, modules[i % 3], i / 3 * 16, false, &id) != 0)
				n_wrong++;
			n_wrong += id != i;
		}
	CHECK_NUMBER(n_wrong, 0);
	mw_symbolizer_destroy(symbolizer);
}

struct progress {
	size_t n_calls;
	size_t last_done;
	bool is_rising;
};

static void note_progress(void *context, size_t n_done, size_t n_all)
{
	struct progress *progress = context;

	progress->is_rising &= n_done >= progress->last_done && n_all == N_MODULES;
	progress->last_done = n_done;
	progress->n_calls++;
}

static bool make_modules(void)
{
	for (unsigned i = 0; i < N_MODULES; i++)
		if (!fixture_run("cp inline module%u", i))
			return false;
	return true;
}

static void test_threads(unsigned n_threads)
{
	struct mw_symbolizer_options options = { .n_threads = n_threads };
	struct mw_symbolizer *symbolizer = mw_symbolizer_create(&options);
	uint64_t inlined = fixture_symbol("inline", "mark_inlined", NULL);
	uint64_t start = fixture_symbol("inline", "outer", NULL);
	struct progress progress = { .is_rising = true };
	unsigned modules[N_MODULES];
	size_t ids[N_MODULES], id;
	char name[32];

	for (unsigned i = 0; i < N_MODULES; i++) {
		snprintf(name, sizeof(name), "module%u", i);
		mw_symbolizer_add_module(symbolizer, fixture_path(name), NULL, 0, &modules[i]);
		for (uint64_t offset = 0; offset < 16; offset++)
			mw_symbolizer_want(symbolizer, modules[i], start + offset, false, &id);
		mw_symbolizer_want(symbolizer, modules[i], inlined, false, &ids[i]);
	}
	CHECK_NUMBER(mw_symbolizer_resolve(symbolizer, note_progress, &progress), 0);
	CHECK(progress.is_rising && progress.n_calls > 0);
	CHECK_NUMBER(progress.last_done, N_MODULES);
	for (unsigned i = 0; i < N_MODULES; i++) {
		struct mw_symbol symbol = mw_symbolizer_get(symbolizer, ids[i]);

		CHECK_NUMBER(symbol.n_frames, 4);
		CHECK_TEXT(symbol.frames[symbol.n_frames - 1].function, "outer");
		CHECK_NUMBER(mw_symbolizer_module_source(symbolizer, modules[i], NULL),
			MW_SYMBOL_SOURCE_DWARF);
	}
	mw_symbolizer_destroy(symbolizer);
}

/* Asking on after resolve(): old answers stay where they were. */
static void test_asking_again(void)
{
	struct mw_symbolizer *symbolizer = mw_symbolizer_create(NULL);
	struct mw_symbol before, after;
	unsigned module, idle;
	const char *reason;
	size_t first, second;

	mw_symbolizer_add_module(symbolizer, fixture_path("inline"), NULL, 0, &module);
	mw_symbolizer_add_module(symbolizer, "/idle", NULL, 0, &idle);
	mw_symbolizer_want(
		symbolizer, module, fixture_symbol("inline", "mark_inlined", NULL), false, &first);
	CHECK_NUMBER(mw_symbolizer_resolve(symbolizer, NULL, NULL), 0);
	before = mw_symbolizer_get(symbolizer, first);
	mw_symbolizer_want(
		symbolizer, module, fixture_symbol("inline", "mark_static", NULL), false, &second);
	CHECK_NUMBER(mw_symbolizer_resolve(symbolizer, NULL, NULL), 0);
	after = mw_symbolizer_get(symbolizer, first);
	CHECK(before.frames == after.frames && before.n_frames == after.n_frames);
	CHECK_TEXT(mw_symbolizer_get(symbolizer, second).frames[0].function, "hidden");
	CHECK_NUMBER(mw_symbolizer_resolve(symbolizer, NULL, NULL), 0);
	CHECK_NUMBER(mw_symbolizer_module_source(symbolizer, idle, &reason), MW_SYMBOL_SOURCE_NONE);
	CHECK_TEXT(reason, "nothing was asked of it");
	mw_symbolizer_destroy(symbolizer);
}

int main(void)
{
	test_ids();
	test_many_ids();
	if (CHECK(fixture_run("gcc -O2 -g -o inline " FIXTURE_SOURCES "/inline.c") &&
		    make_modules())) {
		test_threads(1);
		test_threads(4);
		test_threads(0);
		test_asking_again();
	}
	return mw_check_tally("symbolize/questions");
}
