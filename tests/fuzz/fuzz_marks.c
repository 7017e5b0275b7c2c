/* SPDX: no licence chosen yet, see README */
/* fuzz_marks.c - any bytes as marks.csv: every mark has a name, and does not end before it begins.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/ingest/marks.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct mw_marks marks;
	char *text = malloc(n_bytes + 1); /* as mw_file_read(): a NUL behind */
	memcpy(text, bytes, n_bytes);
	text[n_bytes] = '\0';
	if (mw_marks_parse(text, n_bytes, &marks) != 0)
		abort();
	for (size_t i = 0; i < marks.items.n; i++) {
		const struct mw_mark *mark = &marks.items.items[i];
		if (strlen(mark->name) > n_bytes ||
			(!mark->is_open && mark->end_ns < mark->start_ns))
			abort();
	}
	mw_marks_deinit(&marks);
	return 0;
}
