/* SPDX: no licence chosen yet, see README */
/*
 * test_names.c - names without any ELF file: demangling, full paths of sources, interning.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "symbolize/source_path.h"
#include "symbolize/store.h"
#include "symbolize/symbolize.h"
#include "tests/unit/check.h"
#include "tests/unit/symbolize/fixture.h"

static void test_demangling(void)
{
	static const struct {
		const char *mangled;
		const char *readable;
	} names[] = {
		{ "_ZN4shop5shelfIlE5countEi", "shop::shelf<long>::count(int)" },
		{ "_Znwm", "operator new(unsigned long)" },
		{ "_ZN3FooC4Ev", "Foo::Foo()" },
		{ "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad" },
		{ "_RNvNtCs1234_5crate4shop7deliver", "crate::shop::deliver" },
		{ "main", NULL },
		{ "_start", NULL },
		{ "", NULL },
		{ "_Z", NULL },
		{ "_ZN", NULL },
		{ "_R", NULL },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *readable = mw_symbol_demangle(names[i].mangled);

		CHECK_TEXT(readable, names[i].readable);
		free(readable);
	}
}

/* Names made to break demanglers: nested a hundred thousand deep. */
static void test_hostile_name(void)
{
	char *name = malloc(200010);

	memset(name, 'P', 200000);
	memcpy(name, "_Z1fP", 4);
	strcpy(name + 200000, "i");
	free(mw_symbol_demangle(name));
	memset(name, 'N', 200000);
	memcpy(name, "_Z", 2);
	free(mw_symbol_demangle(name));
	free(name);
	CHECK(true);
}

static void test_source_paths(void)
{
	static const struct {
		const char *directory;
		const char *file;
		const char *path;
	} sources[] = {
		{ "/nowhere/b", "a.c", "/nowhere/b/a.c" },
		{ "/nowhere/b", "./a.c", "/nowhere/b/a.c" },
		{ "/nowhere/b/lib", "../inc/a.h", "/nowhere/b/inc/a.h" },
		{ "/nowhere/b", "/nowhere/./x/../a.c", "/nowhere/a.c" },
		{ "/nowhere", "/nowhere/a.c", "/nowhere/a.c" },
		{ "/nowhere", "../../../a.c", "/a.c" },
		{ "/nowhere//b/", "a.c", "/nowhere/b/a.c" },
		{ NULL, "a.c", "a.c" },
		{ NULL, "../a.c", "../a.c" },
		{ "./lib", "./lib/a.c", "./lib/a.c" },
		{ "./build", "../lib/a.c", "./lib/a.c" },
		{ "./build", "../../lib/a.c", "./../lib/a.c" },
	};
	struct mw_symbol_store *store = mw_symbol_store_create();

	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		CHECK_TEXT(mw_symbol_source_path(store, sources[i].directory, sources[i].file),
			sources[i].path);
	mw_symbol_store_destroy(store);
}

/* Where "dir" is a link elsewhere, "dir/.." is not here. */
static void test_linked_directory(void)
{
	struct mw_symbol_store *store = mw_symbol_store_create();
	char expected[512];

	CHECK(fixture_run("mkdir -p far/deep && ln -s far/deep near && touch far/a.c b.c"));
	snprintf(expected, sizeof(expected), "%s/near/../a.c", fixture_directory());
	CHECK_TEXT(mw_symbol_source_path(store, fixture_path("near"), "../a.c"), expected);
	snprintf(expected, sizeof(expected), "%s/b.c", fixture_directory());
	CHECK_TEXT(mw_symbol_source_path(store, fixture_path("far"), "../b.c"), expected);
	mw_symbol_store_destroy(store);
}

static char *derive_never(const char *text)
{
	CHECK_TEXT(text, "nothing derives this twice");
	return NULL;
}

static void test_interning(void)
{
	struct mw_symbol_store *store = mw_symbol_store_create();
	const char *kept[2000];
	char text[32];
	size_t n_moved = 0;

	for (size_t round = 0; round < 2; round++)
		for (size_t i = 0; i < 2000; i++) {
			const char *now;

			snprintf(text, sizeof(text), "text %zu", i);
			now = mw_symbol_store_intern(store, text);
			n_moved += strcmp(now, text) != 0 || (round == 1 && now != kept[i]);
			kept[i] = now;
		}
	CHECK_NUMBER(n_moved, 0);
	CHECK_TEXT(mw_symbol_store_derive(store, "_Znwm", mw_symbol_demangle),
		"operator new(unsigned long)");
	CHECK_TEXT(mw_symbol_store_derive(store, "_Znwm", derive_never),
		"operator new(unsigned long)");
	CHECK(mw_symbol_store_alloc(store, 1 << 20) != NULL);
	CHECK(!mw_symbol_store_has_failed(store));
	CHECK(mw_symbol_store_alloc(store, SIZE_MAX - 3) == NULL);
	CHECK(mw_symbol_store_has_failed(store));
	mw_symbol_store_destroy(store);
}

int main(void)
{
	test_demangling();
	test_hostile_name();
	test_source_paths();
	test_linked_directory();
	test_interning();
	return mw_check_tally("symbolize/names");
}
