/* SPDX: no licence chosen yet, see README */
/*
 * fuzz_elf.c - any bytes as a module: symbol table, units, scopes, lines, names. The file is in
 * memory (memfd); addresses asked for are the first of the file's text and around its entry.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "symbolize/symbolize.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

#define N_ADDRESSES 192
#define ENTRY_AT 24 /* e_entry of Elf64_Ehdr */

static void ask(struct mw_symbolizer *symbolizer, const char *path, uint64_t entry)
{
	unsigned module;
	size_t ids[N_ADDRESSES];
	if (mw_symbolizer_add_module(symbolizer, path, NULL, 0, &module) != 0)
		return;
	for (uint64_t i = 0; i < N_ADDRESSES; i++)
		if (mw_symbolizer_want(symbolizer, module, entry + i * 8, i % 2, &ids[i]) != 0)
			return;
	if (mw_symbolizer_resolve(symbolizer, NULL, NULL) != 0)
		return;
	for (size_t i = 0; i < N_ADDRESSES; i++) {
		struct mw_symbol symbol = mw_symbolizer_get(symbolizer, ids[i]);
		if (symbol.n_frames == 0)
			abort();
		for (size_t level = 0; level < symbol.n_frames; level++)
			if (symbol.frames[level].function &&
				strlen(symbol.frames[level].function) > (1u << 20))
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	char path[64];
	uint64_t entry = 0;
	int fd = memfd_create("module", MFD_CLOEXEC);
	if (fd < 0 || write(fd, bytes, n_bytes) != (ssize_t)n_bytes)
		abort();
	if (n_bytes >= ENTRY_AT + sizeof(entry))
		memcpy(&entry, bytes + ENTRY_AT, sizeof(entry));
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), fd);
	struct mw_symbolizer_options options = { .n_threads = 1, .debug_path = "/nonexistent" };
	struct mw_symbolizer *symbolizer = mw_symbolizer_create(&options);
	if (symbolizer)
		ask(symbolizer, path, entry);
	mw_symbolizer_destroy(symbolizer);
	close(fd);
	return 0;
}
