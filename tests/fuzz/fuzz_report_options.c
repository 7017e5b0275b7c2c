/* SPDX: no licence chosen yet, see README */
/* fuzz_report_options.c - any command line of memwatch-report. */
#include "report/commands/options.h"
#include "tests/fuzz/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct words words;
	struct mw_report_options options;
	struct mw_diag diag = { "" };
	mw_report_options_init(&options);
	words_split(&words, bytes, n_bytes);
	enum mw_options_outcome outcome =
		mw_options_parse(words.n - 1, words.items + 1, &options, &diag);
	if ((outcome == MW_OPTIONS_BAD) != (diag.text[0] != '\0') || strchr(diag.text, '\n'))
		abort(); /* every refusal has its line, and only a refusal */
	if (outcome == MW_OPTIONS_RUN && options.n_directories == 0)
		abort();
	free(words.text);
	return 0;
}
