/* SPDX: no licence chosen yet, see README */
/* fuzz_samples.c - any bytes as samples.csv: every cell that can be asked for is a number. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/ingest/samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct mw_samples samples;
	char *text = malloc(n_bytes + 1); /* as mw_file_read(): a NUL behind */
	memcpy(text, bytes, n_bytes);
	text[n_bytes] = '\0';
	if (mw_samples_parse(text, n_bytes, &samples) != 0)
		abort();
	size_t column = mw_samples_column(&samples, "rss_bytes");
	for (size_t row = 0; row <= samples.n_rows; row++)
		for (size_t i = 0; i <= samples.names.n && i < 64; i++)
			if (!isfinite(mw_samples_at(&samples, row, i)))
				abort();
	if (mw_samples_at(&samples, samples.n_rows, column) != MW_SAMPLES_UNKNOWN)
		abort();
	mw_samples_deinit(&samples);
	return 0;
}
