/* SPDX: no licence chosen yet, see README */
/* sparse.c - see sparse.h. Any bytes are a legal sparse form. */
#include "tests/fuzz/sparse.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PAGES 1024u

struct page {
	size_t at, n_bytes; /* in the sparse form */
	bool is_cut;
};

static bool next_page(const uint8_t *bytes, size_t n_bytes, struct page *page)
{
	size_t at = page->at + page->n_bytes;
	if (page->is_cut || n_bytes - at < 2)
		return false;
	unsigned count = bytes[at] | (unsigned)bytes[at + 1] << 8;
	page->at = at + 2;
	page->is_cut = (count & SPARSE_CUT) != 0;
	page->n_bytes = (count & ~SPARSE_CUT) % (SPARSE_PAGE + 1);
	if (page->n_bytes > n_bytes - page->at)
		page->n_bytes = n_bytes - page->at;
	return true;
}

size_t sparse_count(const uint8_t *bytes, size_t n_bytes)
{
	struct page page = { 0 };
	size_t n = 0;
	while (n < MAX_PAGES && next_page(bytes, n_bytes, &page))
		n++;
	return n;
}

uint8_t *sparse_expand(const uint8_t *bytes, size_t n_bytes, size_t *n_out)
{
	size_t n_pages = sparse_count(bytes, n_bytes), used = 0;
	uint8_t *whole = calloc(n_pages + 1, SPARSE_PAGE);
	struct page page = { 0 };
	for (size_t i = 0; i < n_pages && next_page(bytes, n_bytes, &page); i++) {
		memcpy(whole + used, bytes + page.at, page.n_bytes);
		used += page.is_cut ? page.n_bytes : SPARSE_PAGE;
	}
	*n_out = used;
	return realloc(whole, used ? used : 1); /* a byte too far is seen */
}

uint8_t *sparse_page(uint8_t *bytes, size_t n_bytes, size_t page_idx, size_t *page_bytes_out)
{
	struct page page = { 0 };
	for (size_t i = 0; i <= page_idx; i++)
		if (!next_page(bytes, n_bytes, &page))
			return NULL;
	*page_bytes_out = page.n_bytes;
	return bytes + page.at;
}
