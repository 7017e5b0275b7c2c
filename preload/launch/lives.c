/* SPDX: no licence chosen yet, see README */
/* lives.c - the program images of the run. See lives.h. */
#include <stdlib.h>
#include <string.h>

#include "preload/launch/lives.h"

static size_t slot_of(const struct mw_lives *lives, int32_t pid)
{
	size_t mask = lives->n_slots - 1;
	size_t at = ((uint32_t)pid * 2654435769u) & mask;
	while (lives->slots[at] != 0 && lives->all[lives->slots[at] - 1]->pid != pid)
		at = (at + 1) & mask;
	return at;
}

/* At most half full, so that a search ends. */
static bool reserve_slot(struct mw_lives *lives)
{
	if (2 * (lives->n_used + 1) <= lives->n_slots)
		return true;
	struct mw_lives grown = *lives;
	grown.n_slots = lives->n_slots ? 2 * lives->n_slots : 256;
	grown.slots = calloc(grown.n_slots, sizeof(*grown.slots));
	if (grown.slots == NULL)
		return false;
	for (size_t i = 0; i < lives->n_slots; i++) {
		if (lives->slots[i] != 0)
			grown.slots[slot_of(&grown, lives->all[lives->slots[i] - 1]->pid)] =
				lives->slots[i];
	}
	free(lives->slots);
	*lives = grown;
	return true;
}

static bool reserve_life(struct mw_lives *lives)
{
	if (lives->n < lives->capacity)
		return true;
	size_t capacity = lives->capacity ? 2 * lives->capacity : 64;
	struct mw_life **grown = reallocarray(lives->all, capacity, sizeof(*grown));
	if (grown == NULL)
		return false;
	lives->all = grown;
	lives->capacity = capacity;
	return true;
}

struct mw_life *mw_lives_add(struct mw_lives *lives, int32_t pid, int64_t now_ns)
{
	struct mw_life *life = malloc(sizeof(*life));
	if (life == NULL || !reserve_life(lives) || !reserve_slot(lives)) {
		free(life);
		return NULL;
	}
	*life = (struct mw_life){ .pid = pid,
		.begin_ns = now_ns,
		.end_ns = now_ns,
		.pss_bytes = -1,
		.uss_bytes = -1,
		.swap_bytes = -1,
		.last_row = SIZE_MAX };
	lives->all[lives->n++] = life;
	if (pid == 0)
		return life;
	size_t slot = slot_of(lives, pid);
	lives->n_used += lives->slots[slot] == 0;
	lives->slots[slot] = (uint32_t)lives->n;
	return life;
}

struct mw_life *mw_lives_add_exec(struct mw_lives *lives, struct mw_life *previous, int64_t now_ns)
{
	struct mw_life *life = mw_lives_add(lives, previous->pid, now_ns);
	if (life == NULL)
		return NULL;
	life->ppid = previous->ppid;
	life->start_ticks = previous->start_ticks;
	life->generation = previous->generation + 1;
	life->previous = previous;
	if (previous->pid_namespace != 0)
		mw_lives_place(lives, life, previous->pid_namespace, previous->inner_pid);
	life->usage = previous->usage;
	if (!previous->has_ended)
		previous->end_ns = now_ns;
	previous->has_ended = previous->is_exec_end = true;
	return life;
}

struct mw_life *mw_lives_latest(const struct mw_lives *lives, int32_t pid)
{
	if (lives->n_slots == 0)
		return NULL;
	uint32_t found = lives->slots[slot_of(lives, pid)];
	return found == 0 ? NULL : lives->all[found - 1];
}

/* Chains are short: pids do not come round before 32768 others. */
#define INSIDE_BUCKETS 4096u

static size_t bucket_of(uint32_t pid_namespace, int32_t inner_pid)
{
	return ((uint32_t)inner_pid + pid_namespace * 2654435769u) % INSIDE_BUCKETS;
}

void mw_lives_place(
	struct mw_lives *lives, struct mw_life *life, uint32_t pid_namespace, int32_t inner_pid)
{
	life->pid_namespace = pid_namespace;
	life->inner_pid = inner_pid;
	if (lives->inside == NULL)
		lives->inside = calloc(INSIDE_BUCKETS, sizeof(struct mw_life *));
	if (lives->inside == NULL)
		return;
	struct mw_life **bucket = &lives->inside[bucket_of(pid_namespace, inner_pid)];
	life->older_inside = *bucket;
	*bucket = life;
}

struct mw_life *mw_lives_latest_inside(
	const struct mw_lives *lives, uint32_t pid_namespace, int32_t inner_pid)
{
	struct mw_life *life =
		lives->inside ? lives->inside[bucket_of(pid_namespace, inner_pid)] : NULL;
	while (life != NULL &&
		(life->pid_namespace != pid_namespace || life->inner_pid != inner_pid))
		life = life->older_inside;
	return life;
}

void mw_lives_name(struct mw_lives *lives, struct mw_life *life, int32_t pid)
{
	for (struct mw_life *at = life; at != NULL; at = at->previous)
		at->pid = pid;
	size_t i = lives->n;
	while (i > 0 && lives->all[i - 1] != life)
		i--;
	if (i == 0 || !reserve_slot(lives))
		return;
	size_t slot = slot_of(lives, pid);
	lives->n_used += lives->slots[slot] == 0;
	lives->slots[slot] = (uint32_t)i;
}

void mw_life_set_command(struct mw_life *life, const char *text)
{
	if (life->command != NULL && strcmp(life->command, text) == 0)
		return;
	char *copy = strdup(text);
	if (copy == NULL)
		return;
	free(life->command);
	life->command = copy;
}

/* After the last words of a life nothing is its own: the pid can be another's within a clock tick.
 */
void mw_life_note_rss(struct mw_life *life, int64_t rss_bytes, int64_t now_ns)
{
	if (life->is_exact)
		return;
	if (rss_bytes > life->max_rss_bytes)
		life->max_rss_bytes = rss_bytes;
	if (rss_bytes <= life->sampled_rss_bytes)
		return;
	life->sampled_rss_bytes = rss_bytes;
	life->peak_ns = now_ns;
}

static bool add_step(struct mw_life *life, struct mw_life_step step)
{
	/* Powers of two, so that the capacity need not be kept. */
	bool is_full = (life->n_steps & (life->n_steps - 1)) == 0;
	size_t capacity = life->n_steps ? 2 * life->n_steps : 1;
	if (is_full) {
		struct mw_life_step *grown = reallocarray(life->steps, capacity, sizeof(*grown));
		if (grown == NULL)
			return false;
		life->steps = grown;
	}
	life->steps[life->n_steps++] = step;
	return true;
}

void mw_life_note_hwm(struct mw_life *life, int64_t hwm_bytes, int64_t now_ns)
{
	if (life->is_exact)
		return;
	if (hwm_bytes > life->max_rss_bytes)
		life->max_rss_bytes = hwm_bytes;
	struct mw_life_step *last = life->n_steps ? &life->steps[life->n_steps - 1] : NULL;
	bool is_step = last == NULL || hwm_bytes - last->bytes > last->bytes / 64;
	if (is_step && add_step(life, (struct mw_life_step){ now_ns, hwm_bytes }))
		return;
	if (last == NULL)
		return;
	last->until_ns = now_ns;
	if (hwm_bytes > last->bytes)
		last->bytes = hwm_bytes;
}

void mw_life_begin_anew(struct mw_life *life)
{
	life->max_rss_bytes = life->sampled_rss_bytes = life->peak_ns = 0;
	life->rss_at_peak_bytes = 0;
	life->pss_bytes = life->uss_bytes = life->swap_bytes = -1;
	life->n_steps = 0;
	free(life->make_up);
	life->make_up = NULL;
}

static uint64_t grown_by(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static int64_t passed(int64_t now_ns, int64_t before_ns)
{
	return now_ns > before_ns ? now_ns - before_ns : 0;
}

struct mwd_usage mw_usage_since(const struct mwd_usage *now, const struct mwd_usage *before)
{
	return (struct mwd_usage){
		.cpu_user_ns = passed(now->cpu_user_ns, before->cpu_user_ns),
		.cpu_system_ns = passed(now->cpu_system_ns, before->cpu_system_ns),
		.minor_faults = grown_by(now->minor_faults, before->minor_faults),
		.major_faults = grown_by(now->major_faults, before->major_faults),
		.voluntary_switches = grown_by(now->voluntary_switches, before->voluntary_switches),
		.involuntary_switches =
			grown_by(now->involuntary_switches, before->involuntary_switches),
		.read_bytes = grown_by(now->read_bytes, before->read_bytes),
		.written_bytes = grown_by(now->written_bytes, before->written_bytes),
	};
}

struct mwd_usage mw_life_own_usage(const struct mw_life *life)
{
	return life->previous == NULL ? life->usage
				      : mw_usage_since(&life->usage, &life->previous->usage);
}

void mw_lives_deinit(struct mw_lives *lives)
{
	for (size_t i = 0; i < lives->n; i++) {
		free(lives->all[i]->command);
		free(lives->all[i]->steps);
		free(lives->all[i]->make_up);
		free(lives->all[i]);
	}
	free(lives->all);
	free(lives->slots);
	free(lives->inside);
	*lives = (struct mw_lives){ 0 };
}
