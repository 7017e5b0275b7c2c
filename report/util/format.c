/* SPDX: no licence chosen yet, see README */
/*
 * format.c - sizes, durations and cut names for the text outputs of render/.
 */
#include "report/util/format.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const char *mw_format_size(char buffer[static MW_FORMAT_BYTES], int64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = bytes < 0 ? -(double)bytes : (double)bytes;
	const char *sign = bytes < 0 ? "-" : "";
	if (value < 1024) {
		snprintf(buffer, MW_FORMAT_BYTES, "%s%.0f B", sign, value);
		return buffer;
	}
	size_t unit = 0;
	value /= 1024;
	/* 1023.95 would round to "1024.0", so the next unit begins there. */
	while (value >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(buffer, MW_FORMAT_BYTES, "%s%.1f %s", sign, value, units[unit]);
	return buffer;
}

const char *mw_format_margin(char buffer[static MW_FORMAT_BYTES], int64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	size_t unit = 0;
	while (value >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	snprintf(buffer, MW_FORMAT_BYTES, "%.*f %s", unit > 0 && value < 9.95, value, units[unit]);
	return buffer;
}

const char *mw_format_duration(char buffer[static MW_FORMAT_BYTES], double seconds)
{
	if (!(seconds >= 0 && seconds < 1e9)) {
		snprintf(buffer, MW_FORMAT_BYTES, "?");
	} else if (seconds < 10) {
		snprintf(buffer, MW_FORMAT_BYTES, "%.3f s", seconds);
	} else if (seconds < 600) {
		snprintf(buffer, MW_FORMAT_BYTES, "%.1f s", seconds);
	} else {
		unsigned long whole = (unsigned long)seconds;
		snprintf(buffer, MW_FORMAT_BYTES, "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60,
			whole % 60);
	}
	return buffer;
}

size_t mw_format_utf8_bytes(const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;
	unsigned lead = bytes[0];
	if (lead < 0x80)
		return 1;
	size_t n = lead >= 0xc2 && lead < 0xe0	 ? 2
		   : lead >= 0xe0 && lead < 0xf0 ? 3
		   : lead >= 0xf0 && lead < 0xf5 ? 4
						 : 0;
	for (size_t i = 1; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((lead == 0xe0 && bytes[1] < 0xa0) || (lead == 0xed && bytes[1] >= 0xa0) ||
		(lead == 0xf0 && bytes[1] < 0x90) || (lead == 0xf4 && bytes[1] >= 0x90))
		return 0;
	return n;
}

/* C0 and DEL; C1, which some terminals obey; U+202A-202E and U+2066-2069, which reorder a line. */
static bool is_harmful(const unsigned char *bytes, size_t n)
{
	if (n <= 1)
		return n == 0 || bytes[0] < 0x20 || bytes[0] == 0x7f;
	if (n == 2)
		return bytes[0] == 0xc2 && bytes[1] < 0xa0;
	return n == 3 && bytes[0] == 0xe2 &&
	       ((bytes[1] == 0x80 && bytes[2] >= 0xaa && bytes[2] <= 0xae) ||
		       (bytes[1] == 0x81 && bytes[2] >= 0xa6 && bytes[2] <= 0xa9));
}

static void clean(char *text, const char *allowed)
{
	while (*text) {
		size_t n = mw_format_utf8_bytes(text);
		if (is_harmful((const unsigned char *)text, n) && !strchr(allowed, *text))
			memset(text, '?', n ? n : 1);
		text += n ? n : 1;
	}
}

void mw_format_clean(char *text)
{
	clean(text, "");
}

void mw_format_clean_source(char *text)
{
	clean(text, "\t\f");
}

static bool is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

size_t mw_format_columns(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += !is_continuation(*text);
	return n;
}

/* Byte offset of code point @column. */
static size_t offset_of_column(const char *text, size_t column)
{
	size_t at = 0;
	while (text[at]) {
		if (!is_continuation(text[at]) && column-- == 0)
			break;
		at++;
	}
	return at;
}

const char *mw_format_ellipsize(const char *text, size_t n_columns, char *out, size_t out_bytes)
{
	size_t n = mw_format_columns(text);
	if (n <= n_columns || n_columns < 5) {
		size_t bytes = n <= n_columns ? strlen(text) : offset_of_column(text, n_columns);
		snprintf(out, out_bytes, "%.*s", (int)bytes, text);
		return out;
	}
	size_t head = (n_columns - 3) / 3;
	size_t tail = n_columns - 3 - head;
	snprintf(out, out_bytes, "%.*s...%s", (int)offset_of_column(text, head), text,
		text + offset_of_column(text, n - tail));
	return out;
}

const char *mw_format_cut(const char *text, size_t n_columns, char *out, size_t out_bytes)
{
	size_t n = mw_format_columns(text);
	bool is_cut = n > n_columns && n_columns > 3;
	size_t bytes = offset_of_column(text, is_cut ? n_columns - 3 : n_columns);
	snprintf(out, out_bytes, "%.*s%s", (int)bytes, text, is_cut ? "..." : "");
	return out;
}

const char *mw_format_path(const char *path, size_t n_columns, char *out, size_t out_bytes)
{
	if (mw_format_columns(path) <= n_columns)
		return mw_format_ellipsize(path, n_columns, out, out_bytes);
	/* Head: the first directory, where it and the base name leave each other room. */
	const char *base = mw_format_basename(path);
	size_t base_columns = mw_format_columns(base);
	if (base_columns + 4 > n_columns)
		return mw_format_ellipsize(base, n_columns, out, out_bytes);
	size_t head = path[0] == '/' ? 1 + strcspn(path + 1, "/") : strcspn(path, "/");
	if (head + 5 + base_columns > n_columns)
		head = 0;
	const char *tail = base;
	while (tail - 1 > path + head) {
		const char *longer = tail - 1;
		while (longer > path && longer[-1] != '/')
			longer--;
		if (longer <= path + head || head + 5 + mw_format_columns(longer) > n_columns)
			break;
		tail = longer;
	}
	snprintf(out, out_bytes, "%.*s%s.../%s", (int)head, path, head ? "/" : "", tail);
	return out;
}

const char *mw_format_basename(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}
