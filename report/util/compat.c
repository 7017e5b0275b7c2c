/* SPDX: no licence chosen yet, see README */
/* compat.c - numbers, times and quoting as memwatch prints them. See compat.h. */
#include "report/util/compat.h"

#include <inttypes.h>
#include <time.h>

const char *mw_compat_size(char buffer[static MW_COMPAT_BYTES], int64_t kib)
{
	if (kib >= 1024 * 1024)
		snprintf(buffer, MW_COMPAT_BYTES, "%.1f GiB", (double)kib / (1024 * 1024));
	else if (kib >= 1024)
		snprintf(buffer, MW_COMPAT_BYTES, "%.1f MiB", (double)kib / 1024);
	else
		snprintf(buffer, MW_COMPAT_BYTES, "%" PRId64 " KiB", kib);
	return buffer;
}

const char *mw_compat_clock(char buffer[static MW_COMPAT_BYTES], double seconds)
{
	uint64_t whole = seconds > 0 && seconds < 1e15 ? (uint64_t)seconds : 0;
	snprintf(buffer, MW_COMPAT_BYTES, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, whole / 3600,
		whole / 60 % 60, whole % 60);
	return buffer;
}

const char *mw_compat_timestamp(
	char buffer[static MW_COMPAT_BYTES], int64_t realtime_ns, const char *zone)
{
	static const struct {
		int64_t unit_ns;
		int digits;
	} precisions[] = { { 1000000000, 0 }, { 1000000, 3 }, { 1000, 6 }, { 1, 9 } };
	int64_t rest_ns = realtime_ns % 1000000000;
	time_t seconds = realtime_ns / 1000000000;
	unsigned i = 0;
	if (rest_ns < 0) {
		rest_ns += 1000000000;
		seconds--;
	}
	while (rest_ns % precisions[i].unit_ns != 0)
		i++;
	struct tm parts;
	gmtime_r(&seconds, &parts);
	size_t n = strftime(buffer, MW_COMPAT_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
	if (precisions[i].digits > 0)
		n += (size_t)snprintf(buffer + n, MW_COMPAT_BYTES - n, ".%0*" PRId64,
			precisions[i].digits, rest_ns / precisions[i].unit_ns);
	snprintf(buffer + n, MW_COMPAT_BYTES - n, "%s", zone);
	return buffer;
}

void mw_compat_put_quoted(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}
