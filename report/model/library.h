/* SPDX: no licence chosen yet, see README */
/*
 * library.h - which frames are plumbing: the C and C++ libraries, allocators, and functions
 * that only pass a request for memory on. Bytes are shown at the code that asked for them, so
 * these are passed over when a stack's owner line is chosen (aggregate.c).
 */
#pragma once

#include <stdbool.h>

/** mw_library_is_module() - libc, libstdc++, the loader, a malloc replacement; by file name. */
bool mw_library_is_module(const char *path);

/**
 * mw_library_is_function() - library code compiled into a program, or an allocation wrapper
 * @function: demangled name
 * @file:     source file, NULL = unknown
 */
bool mw_library_is_function(const char *function, const char *file);
