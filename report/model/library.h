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

/**
 * mw_library_keeps() - what a function of the C library allocates for itself and never frees
 * @is_in_library: it lies in such a module, and so do all functions it called
 * Return: in words, "stdio buffers"; NULL = nothing.
 */
const char *mw_library_keeps(const char *function, bool is_in_library);

/** mw_library_is_loader() - ld.so, by file name. */
bool mw_library_is_loader(const char *path);
