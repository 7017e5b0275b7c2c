/* SPDX: no licence chosen yet, see README */
/*
 * cfi_cursor.h - reads the numbers of unwind tables and cannot read past their end: a broken
 * length leaves the cursor broken, and zeros. Zone; unwind. Formats: DWARF 5, 7.6 and LSB,
 * DW_EH_PE.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "preload/zone/zone.h"

struct cursor {
	const uint8_t *at, *end;
	bool is_broken;
};

static inline uint8_t take_byte(struct cursor *c)
{
	if (mw_likely(c->at < c->end))
		return *c->at++;
	c->is_broken = true;
	return 0;
}

/* @bytes is a constant 2, 4 or 8 wherever this is called: one load, little endian as the machine.
 */
static inline uint64_t take(struct cursor *c, unsigned bytes)
{
	uint64_t value = 0;
	if (mw_unlikely((size_t)(c->end - c->at) < bytes)) {
		c->is_broken = true;
		c->at = c->end;
		return 0;
	}
	memcpy(&value, c->at, bytes);
	c->at += bytes;
	return value;
}

static inline uint64_t take_uleb(struct cursor *c)
{
	uint64_t value = take_byte(c);
	if (mw_likely(value < 0x80))
		return value;
	value &= 0x7f;
	for (unsigned shift = 7; shift < 64; shift += 7) {
		uint8_t byte = take_byte(c);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			break;
	}
	return value;
}

static inline int64_t take_sleb(struct cursor *c)
{
	int64_t value = 0;
	unsigned shift = 0;
	uint8_t byte;
	do {
		byte = take_byte(c);
		value |= (int64_t)((uint64_t)(byte & 0x7f) << shift);
		shift += 7;
	} while ((byte & 0x80) && shift < 64);
	if (shift < 64 && (byte & 0x40))
		value |= (int64_t) - ((uint64_t)1 << shift);
	return value;
}

static inline void skip(struct cursor *c, uint64_t bytes)
{
	if (bytes > (uint64_t)(c->end - c->at)) {
		c->is_broken = true;
		c->at = c->end;
	} else {
		c->at += bytes;
	}
}

/* DW_EH_PE value: format in the low four bits, base in the next three. */
static inline uint64_t take_encoded(struct cursor *c, uint8_t encoding)
{
	uintptr_t place = (uintptr_t)c->at;
	uint64_t value;
	switch (encoding & 0x0f) {
	case 0x00:
	case 0x04:
	case 0x0c:
		value = take(c, 8);
		break;
	case 0x02:
		value = take(c, 2);
		break;
	case 0x03:
		value = take(c, 4);
		break;
	case 0x0a:
		value = (uint64_t)(int16_t)take(c, 2);
		break;
	case 0x0b:
		value = (uint64_t)(int32_t)take(c, 4);
		break;
	default:
		c->is_broken = true;
		return 0;
	}
	if ((encoding & 0x70) == 0x10)
		value += place;
	else if (encoding & 0x70)
		c->is_broken = true;
	return value;
}

/* A length, and as many bytes. Return: a cursor over them. */
static inline struct cursor take_block(struct cursor *c)
{
	uint64_t bytes = take_uleb(c);
	struct cursor block = { c->at, c->at, false };
	skip(c, bytes);
	block.end = c->at;
	return block;
}
