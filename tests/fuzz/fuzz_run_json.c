/* SPDX: no licence chosen yet, see README */
/* fuzz_run_json.c - any bytes as run.json: a reason, or values that are in their ranges. */
#include <stdlib.h>
#include <string.h>

#include "report/ingest/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct mw_run_info info;
	char *text = malloc(n_bytes + 1); /* exactly as long: no byte behind it may be read */
	memcpy(text, bytes, n_bytes);
	text = realloc(text, n_bytes ? n_bytes : 1);
	const char *problem = mw_run_info_parse(text, n_bytes, &info);
	if (!problem && !info.has_ended)
		abort();
	if (info.exit_status < -1 || info.term_signal < -1 || info.rss_peak_bytes < -1)
		abort();
	for (size_t i = 0; i < info.processes.n; i++)
		if (info.processes.items[i].pid < -1 || info.processes.items[i].max_rss_bytes < -1)
			abort();
	mw_run_info_deinit(&info);
	free(text);
	return 0;
}
