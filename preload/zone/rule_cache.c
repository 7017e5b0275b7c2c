/* SPDX: no licence chosen yet, see README */
/*
 * rule_cache.c - pc -> rule, behind the few of rule_near.h. Zone; unwind.
 *
 * Two tables of one form: the module's, shared by all processes of the job that have it mapped
 * (rule_share.h), with the module's own addresses for keys; and the process's own, for modules
 * without build ID, for those of which few rules were asked for, and for what does not fit the
 * shared one. An entry is one atomic word, so there is nothing to publish and nothing to tear:
 *
 *     63             22 21                0
 *     [ tag: 42 bits   ][ rule: 22 bits    ]
 *
 * h = pc * odd mod 2^48 is a bijection on 48-bit addresses. Its low bits choose a bucket of 8
 * entries (one cache line), its top bits the one to look at first; its upper 42 bits are the tag,
 * whatever the table's size (>= 64 buckets), so tag and bucket together are the pc, exactly. Rules
 * that do not fit 22 bits (frames over 16 KiB) are compiled anew each time.
 *
 * A table's word is (address | log2 of buckets): pages are aligned, so the low bits are free.
 * Growing our own publishes a new table with release; a writer still in the old one loses its
 * entry, which costs a second compile. Old tables stay mapped for readers in them: their sum is
 * that of the newest, since tables double.
 */

#include "preload/zone/arch.h"
#include "preload/zone/atomic.h"
#include "preload/zone/modules.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/rule.h"
#include "preload/zone/rule_near.h"
#include "preload/zone/rule_share.h"
#include "preload/zone/zone.h"

#define N_WAYS 8
#define MAX_IN_BUCKET 5u /* on average; dense, for what counts is how many lines are looked at */
#define FIRST_BITS 6
_Static_assert(MW_RULE_SHARE_BITS >= FIRST_BITS, "the bucket names the low bits of the hash");
#define MAX_BITS 20
#define PC_MASK (((uint64_t)1 << 48) - 1)
#define RULE_BITS MW_RULE_BITS
#define RULE_MASK MW_RULE_MASK

uint64_t mw_rule_near[1u << MW_NEAR_BITS];

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

/* Return: 0 when the rule does not fit. */
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

static uint64_t entry_of_rule(uint64_t hash, uint64_t packed)
{
	return hash >> FIRST_BITS << RULE_BITS | packed;
}

/* Return: whether there was a free way. */
static bool put_in_free_way(uintptr_t word, uint64_t hash, uint64_t packed)
{
	uint64_t *bucket = bucket_of(word, hash);
	for (unsigned i = 0; i < N_WAYS; i++) {
		unsigned way = way_of(hash, i);
		if (mw_load_relaxed(&bucket[way]) == 0) {
			mw_store_relaxed(&bucket[way], entry_of_rule(hash, packed));
			return true;
		}
	}
	return false;
}

/* Where there is no free way, the oldest guess makes room. */
static void put(uintptr_t word, uint64_t hash, uint64_t packed)
{
	if (!put_in_free_way(word, hash, packed))
		mw_store_relaxed(
			&bucket_of(word, hash)[way_of(hash, 0)], entry_of_rule(hash, packed));
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

/* In the module's shared table, where it has one and room, else in our own. */
struct place {
	uintptr_t shared; /* table word, or 0 */
	uint64_t shared_hash, own_hash;
};

static MW_COLD uint64_t compile_and_keep(
	uintptr_t pc, const struct place *place, struct mw_rule *rule_out)
{
	*rule_out = mw_rule_compile(pc);
	uint64_t packed = pack(*rule_out);
	if (!packed || mw_modules_are_changing())
		return 0;
	mw_modules_note_compiled(pc);
	if (!place->shared || !put_in_free_way(place->shared, place->shared_hash, packed))
		keep(place->own_hash, packed);
	return packed;
}

static void keep_near(uintptr_t pc, uint64_t packed)
{
	mw_store_relaxed(mw_rule_near_entry(pc), (uint64_t)pc >> 6 << MW_RULE_BITS | packed);
}

static MW_NOINLINE MW_HOT uint64_t find_in_module(
	uintptr_t pc, struct place *place, struct mw_rule *rule_out)
{
	uintptr_t bias = 0;
	place->shared = mw_modules_shared_rules(pc, &bias);
	place->shared_hash = hash_pc(pc - bias);
	uint64_t packed = place->shared ? find(place->shared, place->shared_hash) : 0;
	if (mw_unlikely(!packed))
		return compile_and_keep(pc, place, rule_out);
	*rule_out = mw_rule_unpack(packed);
	return packed;
}

/* Our own table first: it has what belongs to no module, which to find out takes longest, and
 * little else. */
MW_NOINLINE MW_HOT struct mw_rule mw_rule_lookup(uintptr_t pc)
{
	if (mw_unlikely(pc > PC_MASK))
		return (struct mw_rule){ .kind = MW_RULE_NO_TABLE };
	uint32_t generation = mw_modules_generation();
	struct place place = { .own_hash = hash_pc(pc) };
	uintptr_t own = mw_load_acquire(&table_word);
	uint64_t packed = own ? find(own, place.own_hash) : 0;
	struct mw_rule rule;
	if (packed)
		rule = mw_rule_unpack(packed);
	else
		packed = find_in_module(pc, &place, &rule);
	if (mw_likely(
		    packed && !mw_modules_are_changing() && generation == mw_modules_generation()))
		keep_near(pc, packed);
	return rule;
}

void mw_rule_forget_all(void)
{
	for (unsigned i = 0; i < 1u << MW_NEAR_BITS; i++)
		mw_store_relaxed(&mw_rule_near[i], 0);
	/* In place, page by page: a thread may be reading it, and finds either a rule or nothing.
	 */
	uintptr_t word = mw_load_acquire(&table_word);
	void *entries = (void *)(word & ~(uintptr_t)63);
	if (word && !mw_private_discard(entries, table_bytes(word & 63)))
		mw_store_release(&table_word, 0); /* locked memory: it stays mapped, unused */
	mw_store_relaxed(&n_entries, 0);
}
