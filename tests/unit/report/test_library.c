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
	CHECK_TEXT(mw_library_keeps("_IO_file_doallocate", true), "stdio buffers");
	CHECK_TEXT(mw_library_keeps("getpwuid_r", true), "name service");
	CHECK_TEXT(mw_library_keeps("__strftime_l", true), "time zone");
	CHECK_TEXT(mw_library_keeps("_dl_new_object", true), "loader");
	CHECK_TEXT(mw_library_keeps("_GLOBAL__sub_I__ZN9__gnu_cxx9__freeresEv", false), "start-up");
	CHECK(!mw_library_keeps("setlocale", false)); /* a program's own of that name */
	CHECK(!mw_library_keeps("fopen", true) && !mw_library_keeps("getline", true));
	CHECK(!mw_library_keeps("nss", true) && !mw_library_keeps("_r", true));
	CHECK(!mw_library_keeps("", true) && !mw_library_keeps("_", true));
	CHECK(!mw_library_keeps("dcgettext_more", true) && !mw_library_keeps("dcgettex", true));
	CHECK(mw_library_is_loader("/lib64/ld-linux-x86-64.so.2"));
	CHECK(!mw_library_is_loader("/usr/bin/ld") && !mw_library_is_loader("/lib/libc.so.6"));
	return mw_check_tally("report/library");
}
