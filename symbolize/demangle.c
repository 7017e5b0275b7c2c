/* SPDX: no licence chosen yet, see README */
/*
 * demangle.c - readable C++ and Rust names, by GNU libiberty (included only here). Part of
 * symbolize; hosted, thread-safe.
 *
 * The options are those of addr2line -C, so that names can be compared and searched for. Rust's
 * legacy names are also valid C++ ones; libiberty tries Rust first and drops the hash.
 */
#include <libiberty/demangle.h>

#include "symbolize/symbolize.h"

char *mw_symbol_demangle(const char *name)
{
	return cplus_demangle(name, DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO);
}
