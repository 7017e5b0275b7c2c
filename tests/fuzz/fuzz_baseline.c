/* SPDX: no licence chosen yet, see README */
/* fuzz_baseline.c - any bytes as a baseline file; what was read can be written again. */
#include <stdlib.h>
#include <string.h>

#include "report/compare/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct mw_ledger ledger;
	struct mw_diag diag = { "" };
	char *text = malloc(n_bytes ? n_bytes : 1);
	memcpy(text, bytes, n_bytes);
	int error = mw_ledger_read(&ledger, "baseline", text, n_bytes, &diag);
	if ((error != 0) != (diag.text[0] != '\0'))
		abort();
	FILE *out = fopen("/dev/null", "we");
	if (!error && mw_ledger_write(out, &ledger) != 0)
		abort();
	fclose(out);
	mw_ledger_deinit(&ledger);
	free(text);
	return 0;
}
