/* SPDX: no licence chosen yet, see README */
/*
 * image.h - this process image's own page of the dump: who it is, how it began and ended.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "preload/format.h"

/* Mapped shared; NULL until the image began. Offset 0 = none. */
extern struct mwd_image *mw_image;
extern uint64_t mw_image_offset;

/* Pieces of the first claim, for the tables that begin in it. */
struct mw_first_claim {
	struct mwd_segment *log, *nodes, *records;
	uint64_t log_bytes, nodes_bytes, records_bytes;
	uint64_t records_offset;
};

/**
 * mw_image_begin() - claim this image's first segments and fill in its identity
 * @argv:       argument vector of the process, NULL terminated; NULL = unknown (then the
 *              parent's is copied after a fork)
 * @is_forked:  the image goes on where its parent, the current mw_image, was copied
 * @claim_out:  zeroed segments for the other tables
 *
 * Context: zone, at boot or first event of a forked child; one thread.
 * Return: false when there is no space: nothing is recorded then, and the run's
 * n_lost_images tells.
 */
bool mw_image_begin(char *const *argv, bool is_forked, struct mw_first_claim *claim_out);

/** mw_image_publish() - ids are set: let readers and the sampler find the image. */
void mw_image_publish(void);

/**
 * mw_image_end() - the image is about to end (or be replaced)
 *
 * Takes its live bytes out of the tree's total, and notes the RSS peak, time and epochs. Events
 * after it are still counted in the image, not in the tree.
 * Does nothing in a vfork child, which shares our memory but is not this process.
 */
void mw_image_end(enum mwd_end how, int status);

/** mw_image_unend() - the exec failed: the image goes on. */
void mw_image_unend(void);

/** mw_image_has_ended() - between mw_image_end() and mw_image_unend(). */
bool mw_image_has_ended(void);

/** mw_image_lost() - count @n losses of @kind; no-op before the image began. */
void mw_image_lost(enum mwd_lost kind, uint64_t n);
