/* SPDX: no licence chosen yet, see README */
/* upper_bound.c - what the tree's RSS can have been at most. See upper_bound.h. */
#include <stdlib.h>

#include "preload/launch/upper_bound.h"

/* At a moment the sum changes by so much. */
struct change {
	int64_t at_ns;
	int64_t bytes;
	int8_t n_alive, n_sampled;
};

/* Falls first: what is replaced at a moment was gone when the next began. */
static int compare(const void *left, const void *right)
{
	const struct change *a = left, *b = right;
	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns ? -1 : 1;
	return a->bytes < b->bytes ? -1 : a->bytes > b->bytes;
}

static size_t add_life(const struct mw_life *life, struct change *changes)
{
	size_t n = 0;
	int64_t held = 0;
	int8_t n_sampled = !life->is_exact;
	int64_t at_ns = life->begin_ns;
	for (size_t i = 0; i <= life->n_steps; i++) {
		bool is_last = i == life->n_steps;
		int64_t bytes = is_last ? life->max_rss_bytes : life->steps[i].bytes;
		int64_t until_ns = is_last ? life->end_ns : life->steps[i].until_ns;
		/* A bound that was read is one even if the last words say less. */
		if (bytes < held)
			bytes = held;
		bool is_first = i == 0;
		if (bytes != held || is_first)
			changes[n++] = (struct change){ at_ns, bytes - held, is_first,
				is_first ? n_sampled : 0 };
		held = bytes;
		if (until_ns > at_ns)
			at_ns = until_ns;
	}
	changes[n++] = (struct change){ at_ns, -held, -1, (int8_t)-n_sampled };
	return n;
}

static struct mw_upper_bound sweep(struct change *changes, size_t n)
{
	struct mw_upper_bound highest = { 0 };
	int64_t bytes = 0, n_alive = 0, n_sampled = 0;
	qsort(changes, n, sizeof(*changes), compare);
	for (size_t i = 0; i < n; i++) {
		bytes += changes[i].bytes;
		n_alive += changes[i].n_alive;
		n_sampled += changes[i].n_sampled;
		if (bytes > highest.bytes)
			highest = (struct mw_upper_bound){ bytes, (size_t)n_alive,
				(size_t)n_sampled };
	}
	return highest;
}

struct mw_upper_bound mw_upper_bound_find(const struct mw_lives *lives)
{
	size_t n_most = 0, n = 0;
	for (size_t i = 0; i < lives->n; i++)
		n_most += lives->all[i]->n_steps + 2;
	struct change *changes = calloc(n_most + 1, sizeof(*changes));
	for (size_t i = 0; changes != NULL && i < lives->n; i++)
		n += add_life(lives->all[i], changes + n);
	struct mw_upper_bound found = { 0 };
	if (n > 0)
		found = sweep(changes, n);
	free(changes);
	return found;
}
