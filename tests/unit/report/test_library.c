/* SPDX: no licence chosen yet, see README */
/*
 * test_library.c - which frames are plumbing, by names as systems really have them.
 */
#include "report/model/library.h"
#include "tests/unit/check.h"

int main(void)
{
	CHECK(mw_library_is_module("/lib/x86_64-linux-gnu/libc.so.6"));
	CHECK(mw_library_is_module("/lib64/libc-2.31.so"));
	CHECK(mw_library_is_module("/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30"));
	CHECK(mw_library_is_module("/lib64/ld-linux-x86-64.so.2"));
	CHECK(mw_library_is_module("/lib/ld-2.28.so"));
	CHECK(mw_library_is_module("libjemalloc.so.2"));
	CHECK(!mw_library_is_module("/usr/lib/libcrypto.so.3"));
	CHECK(!mw_library_is_module("/usr/lib/libcc1.so.0"));
	CHECK(!mw_library_is_module("/usr/bin/libc"));
	CHECK(!mw_library_is_module("/usr/bin/ld"));
	CHECK(!mw_library_is_module("[vdso]"));
	CHECK(!mw_library_is_module(""));
	CHECK(mw_library_is_function("main", "/usr/include/c++/12/bits/new_allocator.h"));
	CHECK(mw_library_is_function("operator new(unsigned long)", NULL));
	CHECK(mw_library_is_function("xmalloc", "/src/libiberty/xmalloc.c"));
	CHECK(!mw_library_is_function("xmalloc_everything", "/src/a.c"));
	CHECK(!mw_library_is_function("build", "/src/include/c.h"));
	return mw_check_tally("report/library");
}
