/* SPDX: no licence chosen yet, see README */
/*
 * library.c - names of plumbing, as tables. Used by resolve.c for each module and function once.
 */
#include "report/model/library.h"

#include <stddef.h>
#include <string.h>

#include "report/util/format.h"

/* Base names, see stem_length(). */
static const char *const library_modules[] = {
	"libc",
	"libstdc++",
	"libc++",
	"libc++abi",
	"libgcc_s",
	"libpthread",
	"ld",
	"ld-linux-x86-64",
	"ld-musl-x86_64",
	"ld-linux-aarch64",
	"libjemalloc",
	"libtcmalloc",
	"libtcmalloc_minimal",
	"libmimalloc",
};

/* Anywhere in a source path. */
static const char *const library_paths[] = {
	"/include/c++/",
	"/libstdc++-v3/",
	"/library/alloc/src/",
	"/library/std/src/",
};

static const char *const library_prefixes[] = {
	"operator new",
	"operator delete",
	"std::",
	"__gnu_cxx::",
	"__rust_alloc",
	"__rdl_",
	"__rg_",
	"alloc::",
};

/* Functions that allocate for their caller: gnulib, libiberty, GLib. */
static const char *const wrappers[] = {
	"malloc", "calloc", "realloc", "reallocarray", "aligned_alloc", "posix_memalign",
	"memalign", "valloc", "pvalloc", "strdup", "strndup", "xmalloc", "xcalloc", "xrealloc",
	"xreallocarray", "xnmalloc", "xnrealloc", "xzalloc", "xcharalloc", "ximalloc", "xirealloc",
	"xstrdup", "xstrndup", "xmemdup", "xpalloc", "g_malloc", "g_malloc0", "g_malloc_n",
	"g_malloc0_n", "g_realloc", "g_realloc_n", "g_try_malloc", "g_strdup", "g_strndup",
	"_start", "_dl_start_user", /* not a wrapper, but nobody's code either */
};

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Length of a library's name without version and suffix: "libc-2.31.so", "libc.so.6" -> 4. */
static size_t stem_length(const char *name)
{
	const char *suffix = strstr(name, ".so");
	size_t length = suffix ? (size_t)(suffix - name) : 0;
	size_t stem = length;
	while (stem > 0 && strchr("0123456789.", name[stem - 1]))
		stem--;
	/* A version has a dot: "ld-linux-x86-64" has none. */
	bool has_version =
		stem > 0 && name[stem - 1] == '-' && memchr(name + stem, '.', length - stem);
	return has_version ? stem - 1 : length;
}

bool mw_library_is_module(const char *path)
{
	const char *name = mw_format_basename(path);
	size_t length = stem_length(name);
	for (size_t i = 0; i < N_OF(library_modules); i++) {
		if (length == strlen(library_modules[i]) &&
			memcmp(name, library_modules[i], length) == 0)
			return true;
	}
	return false;
}

bool mw_library_is_function(const char *function, const char *file)
{
	for (size_t i = 0; file && i < N_OF(library_paths); i++) {
		if (strstr(file, library_paths[i]))
			return true;
	}
	for (size_t i = 0; i < N_OF(library_prefixes); i++) {
		if (strncmp(function, library_prefixes[i], strlen(library_prefixes[i])) == 0)
			return true;
	}
	for (size_t i = 0; i < N_OF(wrappers); i++) {
		if (strcmp(function, wrappers[i]) == 0)
			return true;
	}
	return false;
}
