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

/*
 * The first claim holds the image's page and, behind it, room for the tables' first segments: a
 * table takes its piece when it first needs one, so that a process that never allocates touches
 * the one page.
 */
enum mw_first_piece { MW_FIRST_LOG, MW_FIRST_NODES, MW_FIRST_RECORDS, MW_N_FIRST_PIECES };

/**
 * mw_image_take_piece() - a zeroed piece of the first claim, without segment header
 * @bytes_out: its size
 *
 * Context: zone; lock-free. Return: the piece once, to one caller, for each image; then NULL.
 */
struct mwd_segment *mw_image_take_piece(enum mw_first_piece which, size_t *bytes_out);

/**
 * mw_image_begin() - claim this image's first segments and fill in its identity
 * @run_dir: of the run to record into, at boot; NULL in a forked child, which goes on in the
 *           run of its parent, the current mw_image
 * @argv:    argument vector of the process, NULL terminated; unused after a fork
 *
 * Context: zone, at boot or first event of a forked child; one thread.
 * Return: false when there is nothing to record into or no space: nothing is recorded then, and
 * the run's n_lost_images tells.
 */
bool mw_image_begin(const char *run_dir, char *const *argv);

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

/** mw_image_is_own() - it is this process's; not in a child that shares or copied our memory, and
 * has none yet. Not in a sandbox. */
bool mw_image_is_own(void);

/** mw_image_unend() - the exec failed: the image goes on. */
void mw_image_unend(void);

/** mw_image_has_ended() - between mw_image_end() and mw_image_unend(). */
bool mw_image_has_ended(void);

/** mw_image_lost() - count @n losses of @kind; no-op before the image began. */
void mw_image_lost(enum mwd_lost kind, uint64_t n);
