/* SPDX: no licence chosen yet, see README */
/* fuzz_proc.c - any bytes as a file of /proc/PID; the first chooses which. */
#include <stdlib.h>
#include <string.h>

#include "preload/launch/proc_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static void visit_pids(const char *text, size_t n_bytes)
{
	size_t cursor = 0;
	int32_t pid;
	while (mw_proc_next_pid(text, n_bytes, &cursor, &pid))
		if (cursor > n_bytes || pid < 0)
			abort();
}

static void format_command(const char *text, size_t n_bytes)
{
	char command[64];
	size_t n = mw_proc_format_command(text, n_bytes, command, sizeof(command));
	if (n >= sizeof(command) || command[n] != '\0' || memchr(command, '\n', n))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	struct mw_proc_stat stat;
	struct mw_proc_statm statm;
	uint64_t number;
	if (n_bytes == 0)
		return 0;
	char *text = malloc(n_bytes - 1 ? n_bytes - 1 : 1);
	memcpy(text, bytes + 1, n_bytes - 1);
	switch (bytes[0] % 6) {
	case 0:
		mw_proc_parse_stat(text, n_bytes - 1, &stat);
		break;
	case 1:
		mw_proc_parse_statm(text, n_bytes - 1, &statm);
		break;
	case 2:
		mw_proc_parse_line(text, n_bytes - 1, "VmHWM", &number);
		mw_proc_parse_status_mask(text, n_bytes - 1, "SigCgt", &number);
		break;
	case 3:
		visit_pids(text, n_bytes - 1);
		break;
	case 5:
		mw_proc_parse_last_pid(text, n_bytes - 1, &number);
		mw_proc_parse_inner_pid(text, n_bytes - 1, &(int32_t){ 0 }, &(int){ 0 });
		break;
	default:
		format_command(text, n_bytes - 1);
	}
	free(text);
	return 0;
}
