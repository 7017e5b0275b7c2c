/* SPDX: no licence chosen yet, see README */
/* fuzz_inspect.c - any bytes as the program that is about to be executed. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "preload/inspect.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static const uint8_t *file;
static size_t file_bytes;

static long read_at(int fd, void *buffer, size_t bytes, uint64_t offset)
{
	(void)fd;
	if (offset > file_bytes)
		return -1;
	size_t n = bytes < file_bytes - offset ? bytes : file_bytes - offset;
	memcpy(buffer, file + offset, n);
	return (long)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	size_t head_bytes = n_bytes < MW_INSPECT_HEAD_BYTES ? n_bytes : MW_INSPECT_HEAD_BYTES;
	uint8_t *head = malloc(head_bytes ? head_bytes : 1);
	memcpy(head, bytes, head_bytes);
	file = bytes;
	file_bytes = n_bytes;
	struct mw_inspect_facts facts = { .path = "/bin/program",
		.mode = S_IFREG | 0755,
		.has_sanitizer = mw_inspect_has_sanitizer(head, head_bytes, read_at, 0) };
	struct mw_inspect_result result;
	mw_inspect_program(head, head_bytes, &facts, &result);
	if (!memchr(result.script_interpreter, '\0', sizeof(result.script_interpreter)) ||
		result.loader_bytes > MW_INSPECT_HEAD_BYTES ||
		(result.loader_offset && result.verdict != MWD_VERDICT_UNKNOWN))
		abort();
	char name[MW_INSPECT_HEAD_BYTES];
	long n = result.loader_offset ? read_at(0, name, result.loader_bytes, result.loader_offset)
				      : 0;
	if (n > 0)
		mw_inspect_loader(name, (size_t)n);
	free(head);
	return 0;
}
