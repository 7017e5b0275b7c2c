/* SPDX: no licence chosen yet, see README */
/*
 * oracle_main.c - compare symbolize/ with addr2line on any ELF file, by hand:
 *     [ADDR2LINE=llvm-addr2line] symbolize_oracle FILE [STEP_BYTES [MAX_ADDRESSES
 * [MAX_DIFFERENCES]]]
 */
#include <stdlib.h>

#include "tests/unit/symbolize/oracle.h"

static size_t number_or(char *const *argv, int argc, int idx, size_t otherwise)
{
	return idx < argc ? strtoul(argv[idx], NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
	const char *tool = getenv("ADDR2LINE");
	struct oracle_result result;
	unsigned step = (unsigned)number_or(argv, argc, 2, 7);

	if (argc < 2 || step == 0) {
		fprintf(stderr, "usage: %s FILE [STEP [MAX_ADDRESSES [MAX_DIFFERENCES]]]\n",
			argv[0]);
		return 2;
	}
	char *path = realpath(argv[1], NULL);
	if (!path ||
		oracle_compare(tool ? tool : "addr2line", path, step, number_or(argv, argc, 3, 0),
			stdout, number_or(argv, argc, 4, 20), &result) != 0) {
		fprintf(stderr, "%s: no .text, or no addr2line\n", argv[1]);
		return 2;
	}
	printf("%s: %zu addresses, %zu equal, %zu padding, %zu with file, %zu inlined; %.2f s, "
	       "%s %.2f s\n",
		argv[1], result.n_addresses, result.n_equal, result.n_padding, result.n_with_file,
		result.n_inlined, result.our_seconds, tool ? tool : "addr2line",
		result.oracle_seconds);
	return result.n_equal + result.n_padding == result.n_addresses ? 0 : 1;
}
