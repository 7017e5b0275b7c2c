/* SPDX: no licence chosen yet, see README */
/*
 * modules.h - loaded ELF objects as this process sees them. Lookups go through
 * _dl_find_object(3), which takes no lock (the loader's lock inside malloc is this field's
 * classic deadlock).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * mw_modules_generation() - changes whenever a module was unloaded
 *
 * What was derived from a pc alone (rules, cached traces, path hashes) holds within one generation
 * only: another module can be mapped at the same addresses afterwards. With its module's id it
 * holds for ever: a module with build ID that comes back to the same place has its old id.
 */
uint32_t mw_modules_generation(void);

/** mw_modules_are_changing() - true while a dlclose() runs: derive, but keep nothing. */
bool mw_modules_are_changing(void);

/** mw_modules_close_begin(), _end() - around the real dlclose(); @n_unloads: by the process so
 * far. */
void mw_modules_close_begin(void);
void mw_modules_close_end(uint64_t n_unloads);

/* Where an object is mapped: what its tables point to must lie in it. */
struct mw_module_bytes {
	const uint8_t *start, *end;
};

/**
 * mw_modules_unwind_header() - .eh_frame_hdr of the object that contains @pc, or NULL
 * @module_out: filled if there is one
 */
const uint8_t *mw_modules_unwind_header(uintptr_t pc, struct mw_module_bytes *module_out);

/** mw_modules_is_loader() - @pc lies in the dynamic loader. */
bool mw_modules_is_loader(uintptr_t pc);

/**
 * mw_modules_locate() - module id and module-relative address of a pc
 * @value_out: address in the module's own address space (p_vaddr)
 *
 * Logs the module in the dump when it is new.
 * Context: zone; lock-free; signal-safe.
 * Return: id >= 1, or 0 when no module contains @pc.
 */
uint16_t mw_modules_locate(uintptr_t pc, uint64_t *value_out);

/**
 * mw_modules_shared_rules() - the table of unwind rules that all processes of the run share
 * @bias_out: of the module that contains @pc; the table's keys are addresses of the module
 *
 * Return: a table word as in rule_cache.c; 0 = it has none, or not yet.
 */
uintptr_t mw_modules_shared_rules(uintptr_t pc, uintptr_t *bias_out);

/**
 * mw_modules_note_compiled() - this process compiled a rule of the module that contains @pc
 *
 * After some of them a module with build ID gets its shared table: a process that asks for a few
 * rules compiles them faster than it maps a table.
 */
void mw_modules_note_compiled(uintptr_t pc);

/** mw_modules_after_fork() - the child goes on with the parent's ids. Return: its first own id. */
uint32_t mw_modules_after_fork(void);
