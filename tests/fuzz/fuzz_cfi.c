/* SPDX: no licence chosen yet, see README */
/*
 * fuzz_cfi.c - any bytes as a module's .eh_frame_hdr and .eh_frame, compiled to rules at the
 * starts of its functions and a little behind.
 */
#include <stdlib.h>
#include <string.h>

#include "preload/zone/cfi.h"
#include "preload/zone/modules.h"
#include "preload/zone/probe.h"
#include "preload/zone/raw.h"
#include "preload/zone/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

#define HEADER_BYTES 12
#define MAX_FUNCTIONS 16u

static struct mw_module_bytes module;

/* ---- what modules.c is in the zone */

const uint8_t *mw_modules_unwind_header(uintptr_t pc, struct mw_module_bytes *module_out)
{
	(void)pc;
	*module_out = module;
	return module.start;
}

bool mw_modules_is_loader(uintptr_t pc)
{
	(void)pc;
	return false;
}

/* ---- and probe.c: no signal trampoline is mapped here */

uint32_t mw_is_sandboxed;

bool mw_probe_words(const void *at, unsigned n)
{
	(void)at;
	(void)n;
	return false;
}

static void look_up(uintptr_t pc)
{
	static const uint64_t registers[] = { 3, 6, 16 };
	struct mw_cfi_row row;
	mw_rule_compile(pc);
	mw_rule_is_bottom(pc);
	for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
		mw_cfi_find_row(pc, registers[i], &row);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes)
{
	uint8_t *memory = malloc(n_bytes ? n_bytes : 1); /* 16-aligned, guarded behind */
	memcpy(memory, bytes, n_bytes);
	module = (struct mw_module_bytes){ memory, memory + n_bytes };
	size_t n = n_bytes > HEADER_BYTES ? (n_bytes - HEADER_BYTES) / 8 : 0;
	for (size_t i = 0; i < n && i < MAX_FUNCTIONS; i++) {
		int32_t function;
		memcpy(&function, memory + HEADER_BYTES + i * 8, sizeof(function));
		uintptr_t pc = (uintptr_t)memory + (uintptr_t)(int64_t)function;
		for (unsigned offset = 0; offset < 28; offset += 9)
			look_up(pc + offset);
	}
	look_up((uintptr_t)memory);
	look_up(UINTPTR_MAX);
	free(memory);
	return 0;
}
