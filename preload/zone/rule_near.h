/* SPDX: no licence chosen yet, see README */
/*
 * rule_near.h - the rules of the pcs met last, close together: two thousand words in front of the
 * table of rule_cache.c, whose lines the program's own work keeps pushing out of the nearest cache.
 * Zone; unwind.
 *
 * One atomic word an entry, as there: [ pc / 64: 42 bits ][ packed rule: 22 bits ]. The low bits of
 * the pc follow from the place, which is (pc ^ pc >> 11) mod 2048.
 *
 * A packed rule is [ fp_back 8 ][ offset / 8, signed 11 ][ kind 3 ]; 0 = none.
 */
#pragma once

#include "preload/zone/arch.h"
#include "preload/zone/atomic.h"
#include "preload/zone/rule.h"

#define MW_RULE_BITS 22
#define MW_RULE_MASK (((uint64_t)1 << MW_RULE_BITS) - 1)
#define MW_NEAR_BITS 11

extern uint64_t mw_rule_near[1u << MW_NEAR_BITS];

static inline uint64_t *mw_rule_near_entry(uintptr_t pc)
{
	return &mw_rule_near[(pc ^ pc >> MW_NEAR_BITS) & ((1u << MW_NEAR_BITS) - 1)];
}

static inline struct mw_rule mw_rule_unpack(uint64_t packed)
{
	struct mw_rule rule = { .kind = packed & 7 };
	int32_t words = (int32_t)((uint32_t)(packed >> 3) << 21) >> 21;
	rule.offset = words * 8;
	rule.fp_back = (uint16_t)mw_arch_unpack_fp_back(packed >> 14 & 0xff, words);
	rule.ra_back = (__typeof__(rule.ra_back))mw_arch_usual_ra_back(rule.fp_back);
	return rule;
}

/** mw_rule_find() - mw_rule_lookup(), inline where the rule is near */
static inline struct mw_rule mw_rule_find(uintptr_t pc)
{
	uint64_t entry = mw_load_relaxed(mw_rule_near_entry(pc));
	if (__builtin_expect(entry && entry >> MW_RULE_BITS == pc >> 6, 1))
		return mw_rule_unpack(entry & MW_RULE_MASK);
	return mw_rule_lookup(pc);
}
