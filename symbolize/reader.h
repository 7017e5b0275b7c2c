/* SPDX: no licence chosen yet, see README */
/*
 * reader.h - one module and what is asked of it, between the table of questions (symbolize.c)
 * and the readers (reader.c, dwarf.c). Private to symbolize.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolize/symbolize.h"

struct mw_symbol_store;

struct mw_symbol_module {
	char *path;	   /* owned */
	uint8_t *build_id; /* owned; NULL = unknown */
	size_t build_id_bytes;
	struct mw_symbol_store *store; /* owned; holds the answers; NULL before the first one */
	enum mw_symbol_source source;
	const char *reason; /* static; NULL unless source is NONE */
};

/* A question and its answer. */
struct mw_symbol_lookup {
	uint64_t address; /* ELF address; of a return address already minus 1 */
	unsigned module_idx;
	struct mw_symbol symbol; /* n_frames == 0: not answered; frames in the module's store */
};

/**
 * mw_symbol_reader_read() - answer questions about one module
 * @module:     gets source, reason and store
 * @debug_path: from mw_symbol_elf_make_debug_path()
 * @lookups:    sorted by address, none twice, none answered
 *
 * Every lookup is answered, if only by a frame without function. When memory is short the
 * module's store says so.
 * Context: hosted; different modules may be read by different threads at the same time.
 */
void mw_symbol_reader_read(struct mw_symbol_module *module, const char *debug_path,
	struct mw_symbol_lookup *const *lookups, size_t n_lookups);
