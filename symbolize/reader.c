/* SPDX: no licence chosen yet, see README */
/*
 * reader.c - answer the questions about one module from the best source (reader.h). Part of
 * symbolize; hosted, runs on a thread of the pool.
 *
 * DWARF first; then the symbol table for each physical function that DWARF left without name
 * (no unit there, assembler, a .dwo file missing); then "unknown". So a module of which only
 * some objects were compiled with -g gets the best of both.
 */
#include "symbolize/reader.h"

#include <string.h>

#include "symbolize/dwarf.h"
#include "symbolize/elf_file.h"
#include "symbolize/elf_symbols.h"
#include "symbolize/open_guard.h"
#include "symbolize/store.h"

static const struct mw_symbol_frame unknown_frame;

/* The symbol names the physical function, which is the outermost frame. */
static void answer_by_table(const struct mw_symbol_table *table, struct mw_symbol_store *store,
	struct mw_symbol_lookup *lookup)
{
	const struct mw_symbol *known = &lookup->symbol;
	const struct mw_symbol_elf_symbol *symbol;
	struct mw_symbol_frame *frames;
	size_t n_frames = known->n_frames ? known->n_frames : 1;

	if (known->n_frames && known->frames[known->n_frames - 1].function)
		return;
	symbol = mw_symbol_table_find(table, lookup->address);
	if (!symbol)
		return;
	frames = mw_symbol_store_alloc(store, n_frames * sizeof(*frames));
	if (!frames)
		return;
	if (known->n_frames)
		memcpy(frames, known->frames, n_frames * sizeof(*frames));
	frames[n_frames - 1].function = mw_symbol_table_name(store, symbol);
	lookup->symbol = (struct mw_symbol){ .frames = frames, .n_frames = n_frames };
}

static void read_open(struct mw_symbol_module *module, struct mw_symbol_elf *elf,
	struct mw_symbol_lookup *const *lookups, size_t n_lookups)
{
	struct mw_symbol_dwarf_request request = {
		.store = module->store,
		.lookups = lookups,
		.n_lookups = n_lookups,
	};
	struct mw_symbol_table *table = mw_symbol_table_create(elf);

	if (!table) {
		mw_symbol_store_fail(module->store);
		return;
	}
	request.table = table;
	request.dwarf = mw_symbol_elf_dwarf(elf, &request.bias);
	if (request.dwarf && mw_symbol_dwarf_read(&request))
		module->source = MW_SYMBOL_SOURCE_DWARF;
	else if (mw_symbol_table_count(table) > 0)
		module->source = MW_SYMBOL_SOURCE_SYMTAB;
	else
		module->reason = "neither debug information nor symbols in the file";
	for (size_t i = 0; i < n_lookups; i++)
		answer_by_table(table, module->store, lookups[i]);
	mw_symbol_table_destroy(table);
}

void mw_symbol_reader_read(struct mw_symbol_module *module, const char *debug_path,
	struct mw_symbol_lookup *const *lookups, size_t n_lookups)
{
	struct mw_symbol_elf *elf = NULL;

	mw_symbol_open_guard(true);
	module->source = MW_SYMBOL_SOURCE_NONE;
	module->reason = mw_symbol_elf_open(
		module->path, module->build_id, module->build_id_bytes, debug_path, &elf);
	if (module->reason == mw_symbol_elf_no_memory)
		mw_symbol_store_fail(module->store);
	if (!module->reason)
		read_open(module, elf, lookups, n_lookups);
	mw_symbol_elf_close(elf);
	mw_symbol_open_guard(false);
	for (size_t i = 0; i < n_lookups; i++) {
		if (lookups[i]->symbol.n_frames == 0)
			lookups[i]->symbol =
				(struct mw_symbol){ .frames = &unknown_frame, .n_frames = 1 };
	}
}
