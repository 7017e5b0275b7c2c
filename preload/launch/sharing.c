/* SPDX: no licence chosen yet, see README */
/* sharing.c - how much of the tree's RSS is counted more than once. See sharing.h. */
#include "preload/launch/clock.h"
#include "preload/launch/proc_read.h"
#include "preload/launch/sharing.h"

/* A read that takes longer keeps the target waiting; it must have been long ago that one did. */
#define LONG_READ_NS (5 * MW_NS_PER_MS)
#define REST_PER_LONG_READ 200
#define STILL_NS (10 * MW_NS_PER_MS)
#define STILL_PER_COST 5

static int64_t estimate_ns(const struct mw_members *members, int64_t *longest_out)
{
	int64_t sum_ns = 0;
	*longest_out = 0;
	for (size_t i = 0; i < members->n_live; i++) {
		int64_t one_ns = mw_allowance_estimate_ns(members->live[i]->rss_bytes);
		sum_ns += one_ns;
		if (one_ns > *longest_out)
			*longest_out = one_ns;
	}
	return sum_ns;
}

/* How long the sum has stayed within a two-hundredth. */
static int64_t still_ns(struct mw_sharing *sharing, int64_t rss_bytes, int64_t now_ns)
{
	int64_t change_bytes = rss_bytes - sharing->level_bytes;
	if (change_bytes > rss_bytes / 200 || -change_bytes > rss_bytes / 200) {
		sharing->level_bytes = rss_bytes;
		sharing->level_ns = now_ns;
	}
	return now_ns - sharing->level_ns;
}

bool mw_sharing_wants(struct mw_sharing *sharing, const struct mw_members *members,
	const struct mw_allowance *allowance, int64_t rss_bytes, int64_t now_ns)
{
	int64_t known_bytes = sharing->asked_bytes, longest_ns;
	int64_t level_ns = still_ns(sharing, rss_bytes, now_ns);
	if (rss_bytes <= known_bytes + known_bytes / 20)
		return false;
	int64_t cost_ns = estimate_ns(members, &longest_ns);
	bool is_still = level_ns >= STILL_NS && level_ns >= STILL_PER_COST * cost_ns;
	if (!is_still && rss_bytes / 2 < known_bytes)
		return false;
	if (longest_ns > LONG_READ_NS && sharing->asked_ns != 0 &&
		now_ns - sharing->asked_ns < REST_PER_LONG_READ * longest_ns)
		return false;
	/* A sum that moves may rise further: most is kept for where it ends. */
	return mw_allowance_covers(allowance, is_still ? cost_ns : 5 * cost_ns, now_ns);
}

static void note_life(struct mw_life *life, const struct mw_proc_rollup *rollup)
{
	if (life->pss_bytes >= 0 && life->rss_at_pss_bytes > (int64_t)rollup->rss_bytes)
		return;
	life->rss_at_pss_bytes = (int64_t)rollup->rss_bytes;
	life->pss_bytes = (int64_t)rollup->pss_bytes;
	life->uss_bytes = (int64_t)rollup->private_bytes;
	life->swap_bytes = (int64_t)rollup->swap_bytes;
}

static void add_member(struct mw_shares *shares, const struct mw_member *member)
{
	struct mw_proc_rollup rollup;
	if (member->is_memory_shared || member->rss_bytes == 0)
		return;
	shares->n_processes++;
	if (mw_proc_read_rollup(member->pid, &rollup)) {
		shares->rss_bytes += (int64_t)rollup.rss_bytes;
		shares->pss_bytes += (int64_t)rollup.pss_bytes;
		shares->uss_bytes += (int64_t)rollup.private_bytes;
		shares->swap_bytes += (int64_t)rollup.swap_bytes;
		shares->hugetlb_bytes += (int64_t)rollup.hugetlb_bytes;
		note_life(member->life, &rollup);
	} else if (mw_member_has_ended(member)) {
		shares->is_torn = true;
	} else {
		shares->n_unreadable++;
		shares->rss_bytes += member->rss_bytes;
		shares->pss_bytes += member->rss_bytes;
	}
}

void mw_sharing_read(struct mw_sharing *sharing, const struct mw_members *members,
	struct mw_allowance *allowance, int64_t rss_bytes, int64_t now_ns)
{
	int64_t begin_ns = mw_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	struct mw_shares shares = { .at_ns = now_ns };
	for (size_t i = 0; i < members->n_live; i++)
		add_member(&shares, members->live[i]);
	allowance->spent_ns += mw_clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns;
	sharing->n_readings++;
	sharing->asked_ns = now_ns;
	sharing->asked_bytes = rss_bytes;
	if (sharing->highest.at_ns == 0 || shares.rss_bytes > sharing->highest.rss_bytes)
		sharing->highest = shares;
}
