/* SPDX: no licence chosen yet, see README */
/* fuzz_launch_options.c - any command line of memwatch-preload. */
#include "preload/launch/options.h"
#include "tests/fuzz/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct words words;
	struct mw_launch_options options;
	struct mw_failure failure = { "" };
	words_split(&words, bytes, n_bytes);
	int status = mw_launch_options_parse(words.n, words.items, &options, &failure);
	if ((status == MW_EXIT_OK) != (failure.text[0] == '\0') || strchr(failure.text, '\n'))
		abort(); /* every refusal has its line, and only a refusal */
	if (status == MW_EXIT_OK && options.request == MW_LAUNCH_REQUEST_RUN &&
		(!options.command || !options.command[0]))
		abort();
	free(words.text);
	return 0;
}
