/* SPDX: no licence chosen yet, see README */
/* make_up.c - what a process's RSS is made of at its highest. See make_up.h. */
#include <stdlib.h>
#include <unistd.h>

#include "preload/environment.h"
#include "preload/launch/clock.h"
#include "preload/launch/make_up.h"
#include "preload/launch/proc_read.h"

#define NS_PER_MAPPING 2500
#define MAPPINGS_GUESS 100
#define LEAST_BYTES (1 << 20)
#define OLD_NS (MW_NS_PER_S / 4)
#define PIECE_BYTES (1 << 15)

static int64_t cost_of(const struct mw_member *member)
{
	const struct mw_make_up *known = member->life->make_up;
	int64_t n_mappings = known ? (int64_t)known->sums.n_mappings : MAPPINGS_GUESS;
	return mw_allowance_estimate_ns(member->rss_bytes) + NS_PER_MAPPING * n_mappings;
}

/* What a new reading must be above the last one: a tenth, so that a rise is not read at each step;
 * a fiftieth when the last one is old, so that a rise that paused is read at its end. */
static int64_t step_of(const struct mw_make_up *known, int64_t now_ns)
{
	return known->rss_bytes / (now_ns - known->at_ns < OLD_NS ? 10 : 50);
}

/* At its maximum, a step above what is known, and not on its way up still. */
static bool wants(const struct mw_member *member, int64_t now_ns)
{
	const struct mw_life *life = member->life;
	int64_t rss_bytes = member->rss_bytes;
	const struct mw_make_up *known = life->make_up;
	int64_t known_bytes = known ? known->rss_bytes + step_of(known, now_ns) : 0;
	return !member->is_memory_shared && !life->has_ended && rss_bytes >= LEAST_BYTES &&
	       rss_bytes > known_bytes &&
	       rss_bytes >= life->max_rss_bytes - life->max_rss_bytes / 20 &&
	       rss_bytes - member->last_rss_bytes <= rss_bytes / 100;
}

static int64_t load(const int64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

static bool read_sums(int32_t pid, const char *run_dir, struct mw_smaps *smaps)
{
	static char piece[PIECE_BYTES];
	int fd = mw_proc_open(pid, "smaps");
	if (fd < 0)
		return false;
	ssize_t n;
	mw_smaps_begin(smaps, MW_SHIM_NAME, run_dir);
	while ((n = read(fd, piece, sizeof(piece))) > 0)
		mw_smaps_feed(smaps, piece, (size_t)n);
	mw_smaps_finish(smaps);
	close(fd);
	return n == 0 && smaps->sums.n_mappings > 0;
}

static void read_member(const struct mw_member *member, const char *run_dir, int64_t now_ns)
{
	static struct mw_smaps smaps;
	struct mw_life *life = member->life;
	const struct mwd_image *image = life->image;
	struct mw_make_up made = {
		.at_ns = now_ns, .heap_live_bytes = -1, .mapped_live_bytes = -1
	};
	if (!read_sums(member->pid, run_dir, &smaps))
		return;
	made.sums = smaps.sums;
	made.rss_bytes =
		(int64_t)(made.sums.anonymous_bytes + made.sums.stack_bytes + made.sums.file_bytes +
			  made.sums.data_bytes + made.sums.shared_bytes + made.sums.own_bytes);
	if (image != NULL) {
		made.heap_live_bytes = load(&image->total[MWD_CLASS_HEAP].live_bytes);
		made.mapped_live_bytes = load(&image->total[MWD_CLASS_ANON].live_bytes);
	}
	if (life->make_up == NULL)
		life->make_up = malloc(sizeof(*life->make_up));
	if (life->make_up != NULL)
		*life->make_up = made;
}

static int64_t bytes_read(const struct mw_life *life)
{
	return life != NULL && life->make_up != NULL ? life->make_up->rss_bytes : 0;
}

/* Where it stands among the largest, or whose place it can take: the smallest one's. */
static size_t place_of(const struct mw_make_ups *make_ups, const struct mw_life *life)
{
	size_t place = 0;
	for (size_t i = 0; i < MW_MAKE_UPS_LARGEST; i++) {
		if (make_ups->largest[i] == life)
			return i;
		if (bytes_read(make_ups->largest[i]) < bytes_read(make_ups->largest[place]))
			place = i;
	}
	return place;
}

static bool is_large(const struct mw_make_ups *make_ups, const struct mw_member *member)
{
	const struct mw_life *other = make_ups->largest[place_of(make_ups, member->life)];
	int64_t other_bytes = other == member->life ? 0 : bytes_read(other);
	return member->rss_bytes > other_bytes + other_bytes / 20;
}

void mw_make_ups_look(
	struct mw_make_ups *make_ups, const struct mw_members *members, int64_t now_ns)
{
	const struct mw_member *largest = NULL;
	struct mw_allowance *allowance = &make_ups->allowance;
	for (size_t i = 0; i < members->n_live; i++) {
		const struct mw_member *member = members->live[i];
		if ((largest == NULL || member->rss_bytes > largest->rss_bytes) &&
			wants(member, now_ns) && is_large(make_ups, member))
			largest = member;
	}
	if (largest == NULL || !mw_allowance_covers(allowance, cost_of(largest), now_ns))
		return;
	int64_t begin_ns = mw_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	read_member(largest, make_ups->run_dir, now_ns);
	allowance->spent_ns += mw_clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns;
	make_ups->largest[place_of(make_ups, largest->life)] = largest->life;
}
