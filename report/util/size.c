/* SPDX: no licence chosen yet, see README */
/* size.c - see size.h. No strtod(), which knows more kinds of numbers than a size has. */
#include "report/util/size.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define MOST_BYTES 0x1p50

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* Return: what follows the number. */
static const char *take_number(const char *text, double *number_out)
{
	double number = 0, unit = 1;
	for (; is_digit(*text); text++)
		number = number * 10 + (*text - '0');
	if (text[0] == '.' && is_digit(text[1])) {
		for (text++; is_digit(*text); text++)
			number += (*text - '0') * (unit /= 10);
	}
	*number_out = number;
	return text;
}

/* 1, or 1024 to the power that the suffix names; 0 = no such suffix. */
static double unit_of(const char *suffix)
{
	static const char letters[] = "KMGT";
	if (suffix[0] == '\0' || strcasecmp(suffix, "B") == 0)
		return 1;
	const char *letter = strchr(letters, toupper((unsigned char)suffix[0]));
	const char *rest = suffix + 1;
	if (!letter || (rest[0] && strcasecmp(rest, "B") != 0 && strcasecmp(rest, "iB") != 0))
		return 0;
	return (double)(1ll << 10 * (letter - letters + 1));
}

int mw_size_parse(const char *text, int64_t *bytes_out)
{
	double number;
	const char *suffix = take_number(text, &number);
	double bytes = number * unit_of(suffix);
	if (!is_digit(text[0]) || unit_of(suffix) <= 0)
		return -EINVAL;
	if (!(bytes <= MOST_BYTES))
		return -ERANGE;
	*bytes_out = (int64_t)bytes;
	return 0;
}
