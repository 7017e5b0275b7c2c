/* SPDX: no licence chosen yet, see README */
/*
 * elf_symbols.c - address -> function by symbol table (elf_symbols.h). Part of symbolize; hosted.
 *
 * Entries are sorted by address:
 *   entry i covers [address, address + size)
 *   outer_idx(i) < i, and entry outer_idx(i) covers the start of entry i
 * so the last entry at or before an address, or one of its outers, is the answer. A symbol of
 * size 0 (assembler) reaches to the next symbol of its section, but only where no sized one
 * covers it.
 */
#include "symbolize/elf_symbols.h"

#include <stdlib.h>
#include <string.h>

#include "symbolize/elf_file.h"
#include "symbolize/store.h"
#include "symbolize/symbolize.h"

#define NO_OUTER SIZE_MAX

struct entry {
	struct mw_symbol_elf_symbol symbol;
	size_t outer_idx;
};

struct mw_symbol_table {
	struct entry *entries; /* owned */
	size_t n_entries;
};

/* The last of the entries at one place is the one shown: best rank, then the shortest name. */
static int compare_entries(const void *a, const void *b)
{
	const struct mw_symbol_elf_symbol *left = &((const struct entry *)a)->symbol;
	const struct mw_symbol_elf_symbol *right = &((const struct entry *)b)->symbol;
	size_t left_bytes, right_bytes;

	if (left->address != right->address)
		return left->address < right->address ? -1 : 1;
	if (!left->size_bytes != !right->size_bytes)
		return left->size_bytes == 0 ? -1 : 1;
	if (left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	left_bytes = strlen(left->name);
	right_bytes = strlen(right->name);
	if (left_bytes != right_bytes)
		return left_bytes > right_bytes ? -1 : 1;
	return strcmp(right->name, left->name);
}

static bool covers(const struct mw_symbol_elf_symbol *symbol, uint64_t address)
{
	return address >= symbol->address && address - symbol->address < symbol->size_bytes;
}

/* How far a symbol without size reaches. */
static uint64_t guess_size(const struct mw_symbol_table *table, size_t entry_idx)
{
	const struct mw_symbol_elf_symbol *symbol = &table->entries[entry_idx].symbol;
	uint64_t end = symbol->section_end;

	for (size_t i = entry_idx + 1; i < table->n_entries; i++) {
		uint64_t next = table->entries[i].symbol.address;

		if (next == symbol->address)
			continue;
		if (next < end)
			end = next;
		break;
	}
	return end > symbol->address ? end - symbol->address : 0;
}

static void link_entries(struct mw_symbol_table *table)
{
	size_t outer_idx = NO_OUTER;

	for (size_t i = 0; i < table->n_entries; i++) {
		struct entry *entry = &table->entries[i];

		while (outer_idx != NO_OUTER &&
			!covers(&table->entries[outer_idx].symbol, entry->symbol.address))
			outer_idx = table->entries[outer_idx].outer_idx;
		entry->outer_idx = outer_idx;
		if (entry->symbol.size_bytes == 0 && outer_idx == NO_OUTER)
			entry->symbol.size_bytes = guess_size(table, i);
		if (entry->symbol.size_bytes > 0)
			outer_idx = i;
	}
}

struct mw_symbol_table *mw_symbol_table_create(struct mw_symbol_elf *elf)
{
	struct mw_symbol_table *table = calloc(1, sizeof(*table));
	size_t n_symbols = mw_symbol_elf_count_symbols(elf);

	if (!table)
		return NULL;
	table->entries = calloc(n_symbols ? n_symbols : 1, sizeof(*table->entries));
	if (!table->entries) {
		free(table);
		return NULL;
	}
	for (size_t i = 0; i < n_symbols; i++) {
		struct entry *entry = &table->entries[table->n_entries];

		if (mw_symbol_elf_get_symbol(elf, i, &entry->symbol))
			table->n_entries++;
	}
	qsort(table->entries, table->n_entries, sizeof(*table->entries), compare_entries);
	link_entries(table);
	return table;
}

struct mw_symbol_table *mw_symbol_table_destroy(struct mw_symbol_table *table)
{
	if (!table)
		return NULL;
	free(table->entries);
	free(table);
	return NULL;
}

size_t mw_symbol_table_count(const struct mw_symbol_table *table)
{
	return table->n_entries;
}

const struct mw_symbol_elf_symbol *mw_symbol_table_find(
	const struct mw_symbol_table *table, uint64_t address)
{
	size_t low_idx = 0;
	size_t high_idx = table->n_entries;

	while (low_idx < high_idx) {
		size_t middle_idx = low_idx + (high_idx - low_idx) / 2;

		if (table->entries[middle_idx].symbol.address <= address)
			low_idx = middle_idx + 1;
		else
			high_idx = middle_idx;
	}
	for (size_t i = low_idx ? low_idx - 1 : NO_OUTER; i != NO_OUTER;
		i = table->entries[i].outer_idx) {
		if (covers(&table->entries[i].symbol, address))
			return &table->entries[i].symbol;
	}
	return NULL;
}

/* Other dots belong to the name (Go, assembler). */
static void cut_clone_suffix(char *name)
{
	static const char *const suffixes[] = { ".cold", ".constprop", ".isra", ".llvm",
		".localalias", ".lto_priv", ".part" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char *suffix = strstr(name, suffixes[i]);
		char after = suffix ? suffix[strlen(suffixes[i])] : '\0';

		if (suffix && suffix > name && (after == '.' || after == '\0'))
			*suffix = '\0';
	}
}

const char *mw_symbol_table_name(
	struct mw_symbol_store *store, const struct mw_symbol_elf_symbol *symbol)
{
	const char *readable;
	char *plain = strdup(symbol->name);
	char *version = plain ? strchr(plain, '@') : NULL;

	if (!plain) {
		mw_symbol_store_fail(store);
		return NULL;
	}
	if (version && version > plain)
		*version = '\0';
	cut_clone_suffix(plain);
	readable = mw_symbol_store_derive(store, plain, mw_symbol_demangle);
	free(plain);
	return readable;
}
