/* SPDX: no licence chosen yet, see README */
/*
 * symbolize.h - (module, address) -> functions, files and lines. Hosted code; knows nothing of
 * dumps and nothing of reports.
 *
 * A module is an ELF file named by path and build ID, an address is one of the module's own
 * (ELF p_vaddr, not run time). Best source first: DWARF of the file itself; of its separate
 * debug file by build ID (/usr/lib/debug/.build-id/xx/yyyy.debug) or .gnu_debuglink, or from
 * debuginfod where the user has set DEBUGINFOD_URLS; the ELF symbol table; nothing. A function
 * that DWARF does not name (assembler, objects without -g) is named by the symbol table.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mw_symbolizer;

/* One function level at an address. Strings are owned by the symbolizer. */
struct mw_symbol_frame {
	const char *function; /* demangled; NULL = unknown */
	const char *file;     /* as the compiler recorded it, made absolute with its directory
			       * where that is known, without "." and ".."; NULL = unknown */
	uint32_t line;	      /* 1-based; 0 = unknown */
	bool is_inlined;      /* inlined into the next frame of the array */
};

/* What an address means: n_frames >= 1 levels, innermost (inlined) first. */
struct mw_symbol {
	const struct mw_symbol_frame *frames;
	size_t n_frames;
};

/* How well a module could be read; for the report's honest tail. */
enum mw_symbol_source {
	MW_SYMBOL_SOURCE_NONE = 0,   /* file missing, unreadable, without symbols, or build ID
				      * differs; or nothing was asked yet */
	MW_SYMBOL_SOURCE_SYMTAB = 1, /* functions only */
	MW_SYMBOL_SOURCE_DWARF = 2,  /* lines and inline chains */
};

struct mw_symbolizer_options {
	const char *debug_path; /* colon list of directories of separate debug files, searched
				 * after the file's own and its .debug/; NULL =
				 * "/usr/lib/debug" */
	unsigned n_threads;	/* modules looked up in parallel by mw_symbolizer_resolve; 0 =
				 * one per CPU */
};

/**
 * mw_symbolizer_create() - a symbolizer without modules
 * @options: may be NULL; copied
 *
 * Context: hosted; one thread at a time.
 * Return: owned by the caller, or NULL when out of memory.
 */
struct mw_symbolizer *mw_symbolizer_create(const struct mw_symbolizer_options *options);

/** mw_symbolizer_destroy() - also frees every string and symbol handed out; NULL is allowed. */
struct mw_symbolizer *mw_symbolizer_destroy(struct mw_symbolizer *symbolizer);

/**
 * mw_symbolizer_add_module() - name an ELF object; nothing is opened yet
 * @path:           absolute path; copied
 * @build_id:       @build_id_bytes bytes, or NULL when unknown; copied
 * @module_out:     handle for the calls below; the same (path, build ID) gives the same handle
 *
 * Return: 0, or -ENOMEM.
 */
int mw_symbolizer_add_module(struct mw_symbolizer *symbolizer, const char *path,
	const uint8_t *build_id, size_t build_id_bytes, unsigned *module_out);

/**
 * mw_symbolizer_want() - ask for an address; answered by mw_symbolizer_resolve()
 * @module:            handle
 * @address:           ELF address in the module
 * @is_return_address: the instruction before it is meant (address - 1 is looked up)
 * @id_out:            id of the (module, address) pair, dense from 0; the same pair gives the
 *                     same id, so each is looked up once
 *
 * Return: 0, or -ENOMEM.
 */
int mw_symbolizer_want(struct mw_symbolizer *symbolizer, unsigned module, uint64_t address,
	bool is_return_address, size_t *id_out);

/**
 * mw_symbolizer_resolve() - look up all that is wanted and not yet known
 * @progress: called from the calling thread with modules done and in all; may be NULL
 *
 * Modules are read in parallel. A module that cannot be read is not an error: its addresses
 * get one frame without function.
 * Return: 0, or -ENOMEM.
 */
int mw_symbolizer_resolve(struct mw_symbolizer *symbolizer,
	void (*progress)(void *context, size_t n_done, size_t n_all), void *context);

/** mw_symbolizer_get() - the answer for an id after resolve; frames[0].function may be NULL. */
struct mw_symbol mw_symbolizer_get(const struct mw_symbolizer *symbolizer, size_t id);

/**
 * mw_symbolizer_module_source() - how well a module was read
 * @reason_out: if not NULL: one sentence for MW_SYMBOL_SOURCE_NONE ("no such file",
 *              "build ID differs", ...), else NULL; owned by the symbolizer
 */
enum mw_symbol_source mw_symbolizer_module_source(
	const struct mw_symbolizer *symbolizer, unsigned module, const char **reason_out);

/**
 * mw_symbol_demangle() - readable C++ or Rust name
 *
 * Return: owned by the caller (free()), or NULL when @name is not mangled or out of memory.
 */
char *mw_symbol_demangle(const char *name);
