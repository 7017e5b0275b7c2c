/* SPDX: no licence chosen yet, see README */
/*
 * sparse.h - a dump without its zeros, the form of the corpus and of what the fuzzer mutates: a
 * run of pages, each a 16-bit count (little endian) and as many bytes; the rest of the page is
 * zero. A dump of 300 KiB is 20 KiB then, and a change by one byte is a change by one byte.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SPARSE_PAGE 4096u

/* The last page ends with its last byte where the count has the top bit: a file that was cut. */
#define SPARSE_CUT 0x8000u

/** sparse_expand() - the dump; malloc'ed, owned by the caller; exactly *n_out bytes */
uint8_t *sparse_expand(const uint8_t *bytes, size_t n_bytes, size_t *n_out);

/** sparse_page() - where page @page_idx begins in the sparse form; its bytes, or NULL */
uint8_t *sparse_page(uint8_t *bytes, size_t n_bytes, size_t page_idx, size_t *page_bytes_out);

/** sparse_count() - pages */
size_t sparse_count(const uint8_t *bytes, size_t n_bytes);
