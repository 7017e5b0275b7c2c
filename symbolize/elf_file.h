/* SPDX: no licence chosen yet, see README */
/*
 * elf_file.h - one ELF file opened for reading, checked against the build ID of the run, with
 * its separate debug file found. All addresses are the file's own (p_vaddr).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct Dwarf;
struct mw_symbol_elf;

/* One defined symbol; the name lives as long as the file is open. */
struct mw_symbol_elf_symbol {
	const char *name;
	uint64_t address;
	uint64_t size_bytes;  /* 0 = unknown */
	uint64_t section_end; /* first address after its section; set when the size is unknown */
	unsigned rank;	      /* which of several names at one place to show: highest */
};

/* The reason of elf_open() that is no fault of the file; compare the pointers. */
extern const char mw_symbol_elf_no_memory[];

/**
 * mw_symbol_elf_make_debug_path() - a colon list of directories in the form elf_open() takes
 * @directories: as struct mw_symbolizer_options.debug_path; relative ones are meant from the
 *               working directory; NULL = the default
 *
 * Return: owned by the caller (free()), NULL when out of memory.
 */
char *mw_symbol_elf_make_debug_path(const char *directories);

/**
 * mw_symbol_elf_open() - open and check
 * @path:       file name
 * @build_id:   what the file must have; NULL = anything
 * @debug_path: from mw_symbol_elf_make_debug_path()
 * @elf_out:    owned by the caller
 *
 * Context: hosted; files open at the same time in several threads are independent.
 * Return: NULL when good, else one sentence saying why not (static).
 */
const char *mw_symbol_elf_open(const char *path, const uint8_t *build_id, size_t build_id_bytes,
	const char *debug_path, struct mw_symbol_elf **elf_out);

/** mw_symbol_elf_close() - NULL is allowed. Return: NULL. */
struct mw_symbol_elf *mw_symbol_elf_close(struct mw_symbol_elf *elf);

/**
 * mw_symbol_elf_dwarf() - the file's debug information, its own or the separate file's
 * @bias_out: what to subtract from an address of the file to get one of the debug information
 *
 * Return: borrowed from @elf; NULL when there is none.
 */
struct Dwarf *mw_symbol_elf_dwarf(struct mw_symbol_elf *elf, uint64_t *bias_out);

/** mw_symbol_elf_count_symbols() - indices below it may be given to elf_get_symbol(). */
size_t mw_symbol_elf_count_symbols(struct mw_symbol_elf *elf);

/**
 * mw_symbol_elf_get_symbol() - one entry of the symbol table: .symtab of the file or of its
 * debug file, else .dynsym and .gnu_debugdata
 *
 * Return: true when it names code; false = not of interest, @symbol_out untouched.
 */
bool mw_symbol_elf_get_symbol(
	struct mw_symbol_elf *elf, size_t symbol_idx, struct mw_symbol_elf_symbol *symbol_out);
