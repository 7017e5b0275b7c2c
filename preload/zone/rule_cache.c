/* SPDX: no licence chosen yet, see README */
/*
 * rule_cache.c - pc -> rule, one hash table a process, 8 bytes an entry. Zone; unwind.
 *
 * An entry is one atomic word, so there is nothing to publish and nothing to tear:
 *
 *     63             22 21                0
 *     [ tag: 42 bits   ][ rule: 22 bits    ]
 *
 * h = pc * odd mod 2^48 is a bijection on 48-bit addresses. Its low bits choose a bucket of 8
 * entries (one cache line), its top bits the one to look at first; its upper 42 bits are the tag,
 * whatever the table's size (>= 64 buckets), so tag and bucket together are the pc, exactly. Rules
 * that do not fit 22 bits (frames over 16 KiB) are compiled anew each time.
 *
 * On a miss, the module's shared table is asked (rule_share.h), which has the same form but keys of
 * the module's own addresses: what one process of a job compiled serves all others.
 *
 * The table word is (address | log2 of buckets): pages are aligned, so the low bits are free.
 * Growing publishes a new table with release; a writer still in the old one loses its entry,
 * which costs a second compile. Old tables stay mapped for readers in them: their sum is that of
 * the newest, since tables double.
 */

#include "preload/zone/arch.h"
#include "preload/zone/atomic.h"
#include "preload/zone/modules.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/rule.h"
#include "preload/zone/rule_share.h"
#include "preload/zone/zone.h"

#define N_WAYS 8
#define MAX_IN_BUCKET 5u /* on average; dense, for what counts is how many lines are looked at */
#define FIRST_BITS 6
_Static_assert(MW_RULE_SHARE_BITS >= FIRST_BITS, "the bucket names the low bits of the hash");
#define MAX_BITS 20
#define PC_MASK (((uint64_t)1 << 48) - 1)
#define RULE_BITS 22
#define RULE_MASK (((uint64_t)1 << RULE_BITS) - 1)

static uintptr_t table_word; /* 0 = none yet */
static uint32_t n_entries;

static uint64_t hash_pc(uintptr_t pc)
{
	return (pc * 0x9e3779b97f4a7c15u) & PC_MASK;
}

static size_t table_bytes(unsigned bits)
{
	return (sizeof(uint64_t) * N_WAYS) << bits;
}

static uint64_t *bucket_of(uintptr_t word, uint64_t hash)
{
	unsigned bits = word & 63;
	uint64_t *entries = (uint64_t *)(word & ~(uintptr_t)63);
	return &entries[(hash & (((uint64_t)1 << bits) - 1)) * N_WAYS];
}

/* Where the @i-th look into a bucket goes. */
static unsigned way_of(uint64_t hash, unsigned i)
{
	return ((unsigned)(hash >> 45) + i) & (N_WAYS - 1);
}

/* kind 3 | offset / 8, signed 11 | fp_back 8. Return: 0 when the rule does not fit. */
static uint64_t pack(struct mw_rule rule)
{
	int32_t words = rule.offset / 8;
	if (rule.kind > MW_RULE_DRAP)
		return rule.kind | (uint64_t)(words & 1) << 3;
	uint64_t fp_back = mw_arch_pack_fp_back(rule.fp_back, words);
	if (rule.ra_back != mw_arch_usual_ra_back(rule.fp_back) || fp_back > 0xff ||
		words >= 1024 || words < -1024)
		return 0;
	return rule.kind | ((uint64_t)words & 0x7ff) << 3 | fp_back << 14;
}

static struct mw_rule unpack(uint64_t packed)
{
	struct mw_rule rule = { .kind = packed & 7 };
	int32_t words = (int32_t)((uint32_t)(packed >> 3) << 21) >> 21;
	rule.offset = words * 8;
	rule.fp_back = (uint16_t)mw_arch_unpack_fp_back(packed >> 14 & 0xff, words);
	rule.ra_back = (__typeof__(rule.ra_back))mw_arch_usual_ra_back(rule.fp_back);
	return rule;
}

/* Return: whether there was a free way; if not, the oldest guess makes room. */
static bool put(uintptr_t word, uint64_t hash, uint64_t packed)
{
	uint64_t *bucket = bucket_of(word, hash);
	uint64_t entry = hash >> FIRST_BITS << RULE_BITS | packed;
	for (unsigned i = 0; i < N_WAYS; i++) {
		unsigned way = way_of(hash, i);
		if (mw_load_relaxed(&bucket[way]) == 0) {
			mw_store_relaxed(&bucket[way], entry);
			return true;
		}
	}
	mw_store_relaxed(&bucket[way_of(hash, 0)], entry);
	return false;
}

static void rehash(uintptr_t from, uintptr_t to)
{
	uint64_t *entries = (uint64_t *)(from & ~(uintptr_t)63);
	size_t n = (size_t)N_WAYS << (from & 63);
	for (size_t i = 0; i < n; i++) {
		uint64_t entry = mw_load_relaxed(&entries[i]);
		uint64_t low = (i / N_WAYS) & ((1u << FIRST_BITS) - 1);
		if (entry)
			put(to, entry >> RULE_BITS << FIRST_BITS | low, entry & RULE_MASK);
	}
}

static uintptr_t grow(uintptr_t old)
{
	unsigned bits = old ? (unsigned)(old & 63) + 1 : FIRST_BITS;
	if (bits > MAX_BITS)
		return old;
	void *memory = mw_private_map_dense(table_bytes(bits));
	if (!memory)
		return old;
	uintptr_t word = (uintptr_t)memory | bits;
	if (old)
		rehash(old, word);
	/* acq_rel: publishes the entries; pairs with the acquire in mw_rule_lookup(). */
	if (mw_cas_acq_rel(&table_word, &old, word))
		return word;
	mw_private_unmap(memory, table_bytes(bits));
	return old;
}

/* Return: the packed rule, 0 when it is not there. */
static inline uint64_t find(uintptr_t word, uint64_t hash)
{
	const uint64_t *bucket = bucket_of(word, hash);
	uint64_t tag = hash >> FIRST_BITS;
	for (unsigned i = 0; i < N_WAYS; i++) {
		uint64_t entry = mw_load_relaxed(&bucket[way_of(hash, i)]);
		if (entry >> RULE_BITS == tag && entry)
			return entry & RULE_MASK;
	}
	return 0;
}

static void keep(uint64_t hash, uint64_t packed)
{
	uintptr_t word = mw_load_acquire(&table_word);
	uint32_t n = mw_add_relaxed(&n_entries, 1);
	if (!word || n > MAX_IN_BUCKET << (word & 63))
		word = grow(word);
	if (word)
		put(word, hash, packed);
}

static MW_COLD struct mw_rule find_shared_or_compile(uintptr_t pc, uint64_t hash)
{
	if (mw_modules_are_changing())
		return mw_rule_compile(pc);
	uintptr_t bias = 0;
	uintptr_t shared = mw_modules_shared_rules(pc, &bias);
	uint64_t shared_hash = hash_pc(pc - bias);
	uint64_t packed = shared ? find(shared, shared_hash) : 0;
	if (packed) {
		keep(hash, packed);
		return unpack(packed);
	}
	struct mw_rule rule = mw_rule_compile(pc);
	packed = pack(rule);
	if (!packed)
		return rule;
	keep(hash, packed);
	if (shared)
		put(shared, shared_hash, packed);
	return rule;
}

static MW_NOINLINE MW_HOT struct mw_rule look_further(uintptr_t pc)
{
	if (mw_unlikely(pc > PC_MASK))
		return (struct mw_rule){ .kind = MW_RULE_NO_TABLE };
	uintptr_t word = mw_load_acquire(&table_word);
	uint64_t hash = hash_pc(pc);
	uint64_t packed = mw_likely(word) ? find(word, hash) : 0;
	return mw_likely(packed) ? unpack(packed) : find_shared_or_compile(pc, hash);
}

MW_FLAT struct mw_rule mw_rule_lookup(uintptr_t pc)
{
	uint64_t hash = hash_pc(pc);
	uintptr_t word = mw_load_acquire(&table_word);
	uint64_t entry = mw_likely(word) ? bucket_of(word, hash)[way_of(hash, 0)] : 0;
	if (mw_likely(entry && entry >> RULE_BITS == hash >> FIRST_BITS && pc <= PC_MASK))
		return unpack(entry & RULE_MASK);
	return look_further(pc);
}

void mw_rule_forget_all(void)
{
	/* In place, page by page: a thread may be reading it, and finds either a rule or nothing.
	 */
	uintptr_t word = mw_load_acquire(&table_word);
	void *entries = (void *)(word & ~(uintptr_t)63);
	if (word && !mw_private_discard(entries, table_bytes(word & 63)))
		mw_store_release(&table_word, 0); /* locked memory: it stays mapped, unused */
	mw_store_relaxed(&n_entries, 0);
}
