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

/*
 * What the libraries allocate for themselves and keep until the end. The public functions are what
 * the stack of a stripped library passes on its way out; the others are what it has with debug
 * information. Without leading underscores and a suffix "_r" or "_l"; "nss_*" is a prefix.
 *
 * Functions that hand memory to their caller (strdup, fopen, getaddrinfo, newlocale, iconv_open)
 * must not be here: a FILE that is never closed is a leak. (Its buffer cannot be told from
 * stdout's.)
 */
struct keepers {
	const char *keeps;
	bool is_anywhere;      /* also where it is linked into a program */
	const char *functions; /* divided by blanks */
};

static const struct keepers keepers[] = {
	{ "stdio buffers", false, "IO_file_doallocate IO_wfile_doallocate IO_wdefault_doallocate" },
	{ "locale", false,
		"setlocale nl_* gettext dgettext dcgettext dcigettext ngettext dngettext "
		"dcngettext "
		"bindtextdomain bind_textdomain_codeset textdomain set_binding_values" },
	{ "character sets", false,
		"wcsmbs_load_conv gconv_find_transform gconv_load_cache gconv_lookup_cache "
		"gconv_read_conf gconv_load_conf gconv_find_shlib btowc mbrtowc mbtowc mbsrtowcs "
		"mbsnrtowcs mbstowcs wcrtomb wctomb wcsrtombs wcstombs fwide" },
	{ "time zone", false,
		"tzset tzset_internal tz_convert tzfile_read tzstring tzstring_len localtime "
		"mktime "
		"strftime wcsftime ctime timelocal" },
	{ "name service", false,
		"nss_* getpwnam getpwuid getpwent getgrnam getgrgid getgrent getgrouplist "
		"initgroups gethostbyname gethostbyname2 gethostbyaddr getservbyname getservbyport "
		"getprotobyname getnameinfo resolv_conf_* res_init" },
	{ "loader", false,
		"dl_* dlopen dlmopen dlsym dlvsym dlerror dlerror_run dlclose backtrace" },
	{ "threads", false, "pthread_create pthread_setspecific allocate_stack" },
	{ "exit handlers", false,
		"atexit cxa_atexit internal_atexit new_exitfn on_exit at_quick_exit "
		"cxa_at_quick_exit cxa_thread_atexit cxa_thread_atexit_impl register_atfork "
		"pthread_atfork" },
	{ "environment", false, "setenv putenv add_to_environ" },
	{ "syslog", false, "syslog openlog vsyslog_internal" },
	/* The memory that exceptions are thrown in when there is no other. */
	{ "start-up", true, "GLOBAL__sub_I__ZN9__gnu_cxx9__freeresEv GLOBAL__sub_I_eh_alloc.cc" },
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

/* Is @name one of @words? "nss_*" stands for all that begin like that. */
static bool is_among(const char *words, const char *name, size_t n_bytes)
{
	for (size_t length; *words; words += length + strspn(words + length, " ")) {
		length = strcspn(words, " ");
		bool is_prefix = words[length - 1] == '*';
		size_t n_same = length - is_prefix;
		if ((is_prefix ? n_bytes >= n_same : n_bytes == n_same) &&
			memcmp(words, name, n_same) == 0)
			return true;
	}
	return false;
}

const char *mw_library_keeps(const char *function, bool is_in_library)
{
	const char *name = function + strspn(function, "_");
	size_t n_bytes = strlen(name);
	const char *suffix = n_bytes > 2 ? name + n_bytes - 2 : "";
	if (strcmp(suffix, "_r") == 0 || strcmp(suffix, "_l") == 0)
		n_bytes -= 2;
	for (size_t i = 0; i < N_OF(keepers); i++) {
		if ((is_in_library || keepers[i].is_anywhere) &&
			is_among(keepers[i].functions, name, n_bytes))
			return keepers[i].keeps;
	}
	return NULL;
}

bool mw_library_is_loader(const char *path)
{
	return strncmp(mw_format_basename(path), "ld-", 3) == 0 && mw_library_is_module(path);
}
