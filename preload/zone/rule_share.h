/* SPDX: no licence chosen yet, see README */
/*
 * rule_share.h - compiled unwind rules of a module, shared by all processes of the run: a job
 * that starts a compiler 500 times reads its unwind tables once.
 */
#pragma once

#include <stdint.h>

#define MW_RULE_SHARE_BITS 11 /* log2 of buckets: 16,384 rules, 128 KiB */

/**
 * mw_rule_share_attach() - map the shared table of the module with this build ID and first page
 *
 * Made when it is not there yet. Entries are hints from other processes: a wrong one can give a
 * wrong stack, not a wrong memory access, since the unwinder bounds every read itself.
 * Context: zone; lock-free; opens and closes the dump.
 * Return: a table word as in rule_cache.c, or 0.
 */
uintptr_t mw_rule_share_attach(uint64_t build_hash);
