/* SPDX: no licence chosen yet, see README */
/*
 * proc_parse.c - what /proc/PID files say, from their bytes. See proc_parse.h.
 * Invariant: the cursor never passes the end; no byte behind it is read.
 */
#include <ctype.h>
#include <string.h>

#include "preload/launch/proc_parse.h"

struct cursor {
	const char *at, *end;
};

static void skip_blanks(struct cursor *cursor)
{
	while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
		cursor->at++;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A decimal number up to a character that is no digit; overflow is an error. */
static bool take_number(struct cursor *cursor, uint64_t *number_out)
{
	skip_blanks(cursor);
	if (cursor->at == cursor->end || !is_digit(*cursor->at))
		return false;
	uint64_t number = 0;
	for (; cursor->at < cursor->end && is_digit(*cursor->at); cursor->at++) {
		if (__builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, (uint64_t)(*cursor->at - '0'), &number))
			return false;
	}
	*number_out = number;
	return true;
}

static bool take_pid(struct cursor *cursor, int32_t *pid_out)
{
	uint64_t number;
	if (!take_number(cursor, &number) || number > INT32_MAX)
		return false;
	*pid_out = (int32_t)number;
	return true;
}

/* Signed fields occur (nice, tty), so a field to skip is any run of non-blanks. */
static bool skip_fields(struct cursor *cursor, int n_fields)
{
	for (int i = 0; i < n_fields; i++) {
		skip_blanks(cursor);
		const char *start = cursor->at;
		while (cursor->at < cursor->end && *cursor->at != ' ')
			cursor->at++;
		if (cursor->at == start)
			return false;
	}
	return true;
}

static void take_name(struct cursor *cursor, const char *end, char name_out[16])
{
	skip_blanks(cursor);
	const char *start = cursor->at < end && *cursor->at == '(' ? cursor->at + 1 : end;
	size_t n = end - start < 15 ? (size_t)(end - start) : 15;
	memcpy(name_out, start, n);
	name_out[n] = '\0';
}

bool mw_proc_parse_stat(const char *bytes, size_t n_bytes, struct mw_proc_stat *stat_out)
{
	struct mw_proc_stat stat;
	struct cursor cursor = { bytes, bytes + n_bytes };
	/* "PID (NAME) STATE PPID ...": the last ')' ends the name. */
	const char *name_end = memrchr(bytes, ')', n_bytes);
	if (name_end == NULL || !take_pid(&cursor, &stat.pid))
		return false;
	take_name(&cursor, name_end, stat.name);
	cursor.at = name_end + 1;
	skip_blanks(&cursor);
	if (cursor.at == cursor.end)
		return false;
	stat.state = *cursor.at++;
	/* Fields 3 (state) and 4 (ppid) taken; then 10, 12, 14, 15, 20 and 22. */
	if (!take_pid(&cursor, &stat.ppid) || !skip_fields(&cursor, 5) ||
		!take_number(&cursor, &stat.minor_faults) || !skip_fields(&cursor, 1) ||
		!take_number(&cursor, &stat.major_faults) || !skip_fields(&cursor, 1) ||
		!take_number(&cursor, &stat.user_ticks) ||
		!take_number(&cursor, &stat.system_ticks) || !skip_fields(&cursor, 4) ||
		!take_number(&cursor, &stat.n_threads) || !skip_fields(&cursor, 1) ||
		!take_number(&cursor, &stat.start_ticks))
		return false;
	*stat_out = stat;
	return true;
}

bool mw_proc_parse_statm(const char *bytes, size_t n_bytes, struct mw_proc_statm *statm_out)
{
	struct mw_proc_statm statm;
	struct cursor cursor = { bytes, bytes + n_bytes };
	if (!take_number(&cursor, &statm.size_pages) ||
		!take_number(&cursor, &statm.resident_pages))
		return false;
	*statm_out = statm;
	return true;
}

/* What follows "Name:" on its line. */
static bool find_line(const char *bytes, size_t n_bytes, const char *name, struct cursor *value_out)
{
	size_t name_bytes = strlen(name);
	const char *end = bytes + n_bytes;
	for (const char *line = bytes; line < end;) {
		const char *line_end = memchr(line, '\n', (size_t)(end - line));
		if (line_end == NULL)
			return false; /* a cut line may lack digits */
		if ((size_t)(line_end - line) > name_bytes && line[name_bytes] == ':' &&
			memcmp(line, name, name_bytes) == 0) {
			*value_out = (struct cursor){ line + name_bytes + 1, line_end };
			return true;
		}
		line = line_end + 1;
	}
	return false;
}

bool mw_proc_parse_line(const char *bytes, size_t n_bytes, const char *name, uint64_t *number_out)
{
	struct cursor value;
	return find_line(bytes, n_bytes, name, &value) && take_number(&value, number_out);
}

bool mw_proc_parse_status_mask(
	const char *bytes, size_t n_bytes, const char *name, uint64_t *mask_out)
{
	struct cursor value;
	uint64_t mask = 0;
	if (!find_line(bytes, n_bytes, name, &value))
		return false;
	skip_blanks(&value);
	if (value.at == value.end || value.end - value.at > 16)
		return false;
	for (; value.at < value.end; value.at++) {
		if (!isxdigit((unsigned char)*value.at))
			return false;
		char c = *value.at;
		mask = mask << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	*mask_out = mask;
	return true;
}

bool mw_proc_parse_inner_pid(const char *bytes, size_t n_bytes, int32_t *pid_out, int *n_out)
{
	struct cursor value;
	int n = 0;
	if (!find_line(bytes, n_bytes, "NSpid", &value))
		return false;
	while (take_pid(&value, pid_out))
		n++;
	*n_out = n;
	return n > 0;
}

bool mw_proc_parse_last_pid(const char *bytes, size_t n_bytes, uint64_t *pid_out)
{
	struct cursor cursor = { bytes, bytes + n_bytes };
	return skip_fields(&cursor, 4) && take_number(&cursor, pid_out);
}

bool mw_proc_next_pid(const char *bytes, size_t n_bytes, size_t *cursor, int32_t *pid_out)
{
	struct cursor inner = { bytes + *cursor, bytes + n_bytes };
	if (!take_pid(&inner, pid_out))
		return false;
	*cursor = (size_t)(inner.at - bytes);
	return true;
}

size_t mw_proc_format_command(const char *bytes, size_t n_bytes, char *text_out, size_t text_bytes)
{
	while (n_bytes > 0 && bytes[n_bytes - 1] == '\0')
		n_bytes--;
	if (n_bytes >= text_bytes)
		n_bytes = text_bytes - 1;
	for (size_t i = 0; i < n_bytes; i++)
		text_out[i] = bytes[i] == '\0' || bytes[i] == '\n' ? ' ' : bytes[i];
	text_out[n_bytes] = '\0';
	return n_bytes;
}
