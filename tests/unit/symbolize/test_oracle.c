/* SPDX: no licence chosen yet, see README */
/*
 * test_oracle.c - every 7th address of whole programs against binutils and LLVM, which share no
 * code with elfutils. Equal means: as many levels, the same functions, files and lines.
 *
 * binutils up to 2.40 at least takes the wrong file for calls in DWARF 5, and LLVM spells some
 * C++ names its own way; so binutils gets DWARF 4 and LLVM gets C. Neither follows inlining in
 * split DWARF: test_dwarf.c has that.
 */
#include <stdio.h>

#include "tests/unit/check.h"
#include "tests/unit/symbolize/fixture.h"
#include "tests/unit/symbolize/oracle.h"

#define OWN "-D_GNU_SOURCE -shared -fPIC -I" PROJECT_SOURCES " " PROJECT_SOURCES "/symbolize/*.c"
#define TEMPLATES FIXTURE_SOURCES "/templates.cc"

static const struct trial {
	const char *compiler;
	const char *options;
	const char *tool;
	size_t min_inlined; /* lest the trial has nothing to say about chains */
} trials[] = {
	{ "gcc", "-O2 -gdwarf-4 " OWN, "addr2line", 100 },
	{ "gcc", "-O2 -g " OWN, "llvm-addr2line", 100 },
	{ "gcc", "-O2 -gdwarf-4 -gz -flto " OWN, "addr2line", 100 },
	{ "clang", "-O2 -gdwarf-4 " OWN, "addr2line", 100 },
	{ "clang", "-O2 -g " OWN, "llvm-addr2line", 100 },
	{ "clang", "-O1 -gline-tables-only " OWN, "llvm-addr2line", 100 },
	{ "g++", "-O0 -gdwarf-4 " TEMPLATES, "addr2line", 0 },
	{ "g++", "-O2 -gdwarf-4 " TEMPLATES, "addr2line", 500 },
	{ "g++", "-O2 -gdwarf-4 -no-pie " TEMPLATES, "addr2line", 500 },
	{ "clang++", "-O2 -gdwarf-4 " TEMPLATES, "addr2line", 500 },
	{ "g++", "-O2 " TEMPLATES, "addr2line", 0 }, /* symbols only */
};

static void run_trial(const struct trial *trial)
{
	struct oracle_result result = { 0 };

	if (!fixture_has(trial->compiler) || !fixture_has(trial->tool)) {
		mw_check_skip(trial->options,
			fixture_has(trial->compiler) ? trial->tool : trial->compiler);
		return;
	}
	if (!CHECK(fixture_run("%s %s -o program 2>log || (cat log; false)", trial->compiler,
		    trial->options)) ||
		!CHECK(oracle_compare(trial->tool, fixture_path("program"), 7, 0, stdout, 5,
			       &result) == 0))
		return;
	printf("%s %.30s: %s: %zu addresses, %zu differ, %zu between functions, %zu inlined\n",
		trial->compiler, trial->options, trial->tool, result.n_addresses,
		result.n_addresses - result.n_equal - result.n_padding, result.n_padding,
		result.n_inlined);
	CHECK(result.n_addresses > 500);
	CHECK_NUMBER(result.n_addresses - result.n_equal - result.n_padding, 0);
	CHECK(result.n_padding < result.n_addresses / 8);
	CHECK(result.n_inlined >= trial->min_inlined);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++)
		run_trial(&trials[i]);
	return mw_check_tally("symbolize/oracle");
}
