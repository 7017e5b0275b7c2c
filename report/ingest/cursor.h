/* SPDX: no licence chosen yet, see README */
/*
 * cursor.h - hostile bytes, read without ever going past their end. First step of ingest: the
 * dump reader above it is a pure function over one of these spans.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct mw_span {
	const uint8_t *bytes; /* borrowed; 8-aligned for a dump */
	size_t n_bytes;
};

/* Part of @span, or false (and *@out untouched) if it is not all inside. */
static inline bool mw_span_part(
	struct mw_span span, uint64_t offset, uint64_t n_bytes, struct mw_span *out)
{
	if (offset > span.n_bytes || n_bytes > span.n_bytes - offset)
		return false;
	*out = (struct mw_span){ span.bytes + offset, (size_t)n_bytes };
	return true;
}

/* Copy a fixed-size value out of @span, any alignment; false if it is not all inside. */
static inline bool mw_span_read(struct mw_span span, uint64_t offset, void *out, size_t n_bytes)
{
	struct mw_span part;
	if (!mw_span_part(span, offset, n_bytes, &part))
		return false;
	memcpy(out, part.bytes, n_bytes);
	return true;
}

/* Length of the text in a fixed field that ought to end with a NUL, but may not. */
static inline size_t mw_field_length(const char *field, size_t field_bytes)
{
	return strnlen(field, field_bytes);
}
