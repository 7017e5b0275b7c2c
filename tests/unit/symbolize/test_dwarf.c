/* SPDX: no licence chosen yet, see README */
/*
 * test_dwarf.c - functions, files, lines and inline chains, in every form of debug information
 * that the compilers here can write. The fixtures carry a symbol at each spot of interest, so the
 * address comes from nm and the expected line from the source text.
 */
#include <stdio.h>

#include "tests/unit/check.h"
#include "tests/unit/symbolize/fixture.h"

static void check_chain(const char *program, bool has_functions)
{
	static const char *const names[] = { "level3", "level2", "level1", "outer" };
	uint64_t address = fixture_symbol(program, "mark_inlined", NULL);
	struct lookup found = lookup(fixture_path(program), address, NULL);

	CHECK_NUMBER(found.source, MW_SYMBOL_SOURCE_DWARF);
	CHECK_TEXT(found.reason, NULL);
	CHECK_NUMBER(lookup_line(&found, 0), fixture_line("inline.c", "level3"));
	CHECK_TEXT(lookup_file(&found, 0), "inline.c");
	if (has_functions && CHECK_NUMBER(found.symbol.n_frames, 4)) {
		for (size_t i = 0; i < 4; i++) {
			CHECK_TEXT(lookup_function(&found, i), names[i]);
			CHECK_TEXT(lookup_file(&found, i), "inline.c");
			CHECK_NUMBER(lookup_line(&found, i), fixture_line("inline.c", names[i]));
			CHECK_NUMBER(found.symbol.frames[i].is_inlined, i < 3);
		}
		CHECK_TEXT(found.symbol.frames[0].file, FIXTURE_SOURCES "/inline.c");
	}
	lookup_end(&found);
}

static void check_static(const char *program)
{
	struct lookup found =
		lookup(fixture_path(program), fixture_symbol(program, "mark_static", NULL), NULL);

	CHECK_NUMBER(found.symbol.n_frames, 1);
	CHECK_TEXT(lookup_function(&found, 0), "hidden");
	CHECK_NUMBER(lookup_line(&found, 0), fixture_line("inline.c", "hidden"));
	lookup_end(&found);
}

/* dies() ends with a call that never returns: its return address is the function's end. */
static void check_return_address(const char *program)
{
	struct lookup_options options = { .is_return_address = true };
	uint64_t size_bytes = 0;
	uint64_t end = fixture_symbol(program, "dies", &size_bytes);
	struct lookup found;

	end += size_bytes;
	found = lookup(fixture_path(program), end, &options);
	CHECK_TEXT(lookup_function(&found, found.symbol.n_frames - 1), "dies");
	lookup_end(&found);
	found = lookup(fixture_path(program), end, NULL);
	CHECK(!lookup_function(&found, found.symbol.n_frames - 1) ||
		strcmp(lookup_function(&found, found.symbol.n_frames - 1), "dies") != 0);
	lookup_end(&found);
}

static const struct form {
	const char *compiler;
	const char *options;
	bool has_end_call; /* dies() is not inlined, nor followed by code */
} forms[] = {
	{ "gcc", "-O2 -g", true },
	{ "gcc", "-O2 -gdwarf-4", true },
	{ "gcc", "-O2 -gdwarf-4 -no-pie", true },
	{ "gcc", "-O2 -gdwarf-3 -gstrict-dwarf", true },
	{ "gcc", "-O1 -g -gz=zlib", true },
	{ "gcc", "-O2 -g -shared -fPIC", true },
	{ "gcc", "-O2 -g -gsplit-dwarf", true },
	{ "gcc", "-O2 -gdwarf-4 -gsplit-dwarf", true },
	{ "gcc", "-O2 -g -flto -ffat-lto-objects", false },
	{ "gcc", "-O2 -g -ffunction-sections -Wl,--gc-sections", true },
	{ "clang", "-O2 -g", true },
	{ "clang", "-O2 -gdwarf-4", true },
	{ "clang", "-O2 -gline-tables-only", true },
	{ "clang", "-O2 -g -gz=zlib -no-pie", true },
	{ "clang", "-O2 -g -gsplit-dwarf", true },
	{ "clang", "-O2 -g -fdebug-types-section", true },
};

static void check_form(const struct form *form)
{
	printf("%s %s\n", form->compiler, form->options);
	if (!fixture_has(form->compiler)) {
		mw_check_skip(form->options, "no such compiler here");
		return;
	}
	if (!CHECK(fixture_run(
		    "%s %s -o inline " FIXTURE_SOURCES "/inline.c", form->compiler, form->options)))
		return;
	check_chain("inline", true);
	check_static("inline");
	if (form->has_end_call)
		check_return_address("inline");
}

static void test_missing_split_half(void)
{
	if (!CHECK(fixture_run("mkdir -p gone && cd gone && gcc -O2 -g -gsplit-dwarf -o "
			       "../split " FIXTURE_SOURCES "/inline.c && cd .. && rm -r gone")))
		return;
	check_chain("split", false);
	struct lookup found =
		lookup(fixture_path("split"), fixture_symbol("split", "mark_static", NULL), NULL);

	CHECK_TEXT(lookup_function(&found, 0), "hidden");
	lookup_end(&found);
}

static void check_name(const char *program, const char *source, const char *mark, const char *tag,
	const char *function)
{
	struct lookup found =
		lookup(fixture_path(program), fixture_symbol(program, mark, NULL), NULL);

	CHECK_TEXT(lookup_function(&found, 0), function);
	CHECK_NUMBER(lookup_line(&found, 0), fixture_line(source, tag));
	CHECK_TEXT(lookup_file(&found, 0), source);
	lookup_end(&found);
}

static void test_cplusplus(const char *compiler)
{
	struct lookup found;

	if (!fixture_has(compiler)) {
		mw_check_skip("C++ names", compiler);
		return;
	}
	if (!CHECK(fixture_run("%s -O2 -g -o names " FIXTURE_SOURCES "/names.cc", compiler)))
		return;
	check_name("names", "names.cc", "mark_template", "template",
		"shop::shelf<long>::count(int) const");
	check_name("names", "names.cc", "mark_anonymous", "anonymous",
		"shop::(anonymous namespace)::drawer::open(int)");
	check_name("names", "names.cc", "mark_local", "local", "shop::sell(int)::till::ring(int)");
	check_name("names", "names.cc", "mark_plain", "plain", "plain_c");
	check_name("names", "names.cc", "mark_inlined", "wrapped", "shop::wrap(int)");
	found = lookup(fixture_path("names"), fixture_symbol("names", "mark_peek", NULL), NULL);
	/* gcc gives no linkage name, so no parameters. */
	CHECK(lookup_function(&found, 0) &&
		strncmp(lookup_function(&found, 0), "shop::(anonymous namespace)::peek",
			strlen("shop::(anonymous namespace)::peek")) == 0);
	CHECK_NUMBER(lookup_line(&found, 0), fixture_line("names.cc", "peek"));
	lookup_end(&found);
	found = lookup(fixture_path("names"), fixture_symbol("names", "mark_lambda", NULL), NULL);
	CHECK_NUMBER(found.symbol.n_frames, 3);
	CHECK(lookup_function(&found, 0) && strstr(lookup_function(&found, 0), "operator()"));
	CHECK_NUMBER(lookup_line(&found, 0), fixture_line("names.cc", "lambda"));
	CHECK(lookup_function(&found, 1) && strstr(lookup_function(&found, 1), "shop::twice<"));
	CHECK_NUMBER(lookup_line(&found, 1), fixture_line("names.cc", "twice"));
	CHECK_TEXT(lookup_function(&found, 2), "shop::deliver(int)");
	lookup_end(&found);
	found = lookup(fixture_path("names"), fixture_symbol("names", "mark_inlined", NULL), NULL);
	CHECK_NUMBER(found.symbol.n_frames, 2);
	CHECK_TEXT(lookup_function(&found, 1), "shop::deliver(int)");
	CHECK_NUMBER(lookup_line(&found, 1), fixture_line("names.cc", "deliver"));
	lookup_end(&found);
}

/* Then DWARF has no linkage names, and the symbol tells the class. */
static void test_line_tables_only(void)
{
	if (!fixture_has("clang++")) {
		mw_check_skip("C++ line tables", "no clang++");
		return;
	}
	if (!CHECK(fixture_run(
		    "clang++ -O2 -gline-tables-only -o tables " FIXTURE_SOURCES "/names.cc")))
		return;
	check_name("tables", "names.cc", "mark_template", "template",
		"shop::shelf<long>::count(int) const");
	check_name("tables", "names.cc", "mark_plain", "plain", "plain_c");
}

static void test_rust(const char *options)
{
	struct lookup found;

	if (!fixture_has("rustc")) {
		mw_check_skip("Rust names", "no rustc");
		return;
	}
	if (!fixture_run("RUSTC_BOOTSTRAP=1 rustc -g -O %s -o rust " FIXTURE_SOURCES
			 "/names.rs 2>rustc.log",
		    options)) {
		mw_check_skip(options, "not taken by this rustc");
		return;
	}
	check_name("rust", "names.rs", "mark_inlined", "wrapped", "names::shop::wrap");
	found = lookup(fixture_path("rust"), fixture_symbol("rust", "mark_inlined", NULL), NULL);
	CHECK_TEXT(lookup_function(&found, 1), "names::shop::deliver");
	CHECK_NUMBER(lookup_line(&found, 1), fixture_line("names.rs", "deliver"));
	lookup_end(&found);
	found = lookup(fixture_path("rust"), fixture_symbol("rust", "mark_method", NULL), NULL);
	CHECK_TEXT(lookup_function(&found, 0), strstr(options, "v0")
						       ? "<names::shop::Shelf<i32>>::count"
						       : "names::shop::Shelf<T>::count");
	CHECK_NUMBER(lookup_line(&found, 0), fixture_line("names.rs", "method"));
	lookup_end(&found);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		check_form(&forms[i]);
	test_missing_split_half();
	test_cplusplus("g++");
	test_cplusplus("clang++");
	test_line_tables_only();
	test_rust("-C symbol-mangling-version=v0");
	test_rust("-C symbol-mangling-version=legacy -Z unstable-options");
	return mw_check_tally("symbolize/dwarf");
}
