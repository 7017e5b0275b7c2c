/* SPDX: no licence chosen yet, see README */
/*
 * fuzz_smaps.c - any bytes as /proc/PID/smaps, which names files as others like: the sums are the
 * same however the text is cut into pieces (the first byte says how).
 */
#include <stdlib.h>
#include <string.h>

#include "preload/launch/smaps.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static struct mw_smaps_sums sums_of(const char *text, size_t n_bytes, size_t piece_bytes)
{
	static struct mw_smaps smaps;
	mw_smaps_begin(&smaps, "libmemwatch-preload", "/tmp/run");
	for (size_t at = 0; at < n_bytes; at += piece_bytes)
		mw_smaps_feed(
			&smaps, text + at, n_bytes - at < piece_bytes ? n_bytes - at : piece_bytes);
	mw_smaps_finish(&smaps);
	return smaps.sums;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	if (n_bytes == 0)
		return 0;
	char *text = malloc(n_bytes); /* of its own size: nothing behind is read */
	memcpy(text, bytes + 1, n_bytes - 1);
	struct mw_smaps_sums whole = sums_of(text, n_bytes - 1, n_bytes);
	struct mw_smaps_sums pieces = sums_of(text, n_bytes - 1, bytes[0] % 64u + 1);
	if (memcmp(&whole, &pieces, sizeof(whole)) != 0)
		abort();
	free(text);
	return 0;
}
