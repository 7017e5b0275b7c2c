/* SPDX: no licence chosen yet, see README */
/*
 * images.h - the process images in the dump, as the launcher follows them: it learns of
 * processes from their list, and ends the images of those that died without a word. Hosted;
 * account -> dump.
 *
 * The zone pushes a complete image on control.images_head; here the list is walked from the
 * head down to the newest image of the last walk. Every byte may be hostile: offsets are
 * checked against the file before use. Only images that have not ended stay mapped.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "preload/format.h"
#include "preload/launch/control.h"

struct mw_open_image {
	struct mwd_image *image; /* mapped shared */
	uint64_t offset;
	uint32_t pid_namespace; /* that pid is of: 0 = ours, as far as we know */
	int32_t pid;
	int64_t start_ns;
	void *life;    /* of whoever set on_begin */
	bool is_known; /* the sampler has looked whether its process lives */
};

struct mw_images {
	struct mw_open_image *open; /* owned */
	size_t n_open, capacity;
	uint64_t newest; /* offset of the head at the last walk */
	/* Called once for each image, oldest first, and once when it is not looked at any more,
	 * with what it told of itself; NULL = nobody cares. */
	void (*on_begin)(void *context, struct mw_open_image *open);
	void (*on_end)(void *context, const struct mw_open_image *open);
	void *context;
	uint32_t own_namespace; /* of pids: ours; 0 = unknown */
};

/** mw_images_collect() - add images that appeared since the last call, drop those that ended */
void mw_images_collect(struct mw_images *images, const struct mw_control *control);

/**
 * mw_images_bury() - the process of open[@i] is dead: end the image if it did not tell of its end
 *
 * Takes its bytes out of the tree's live heap, notes the epochs at which they left, and stores
 * MWD_END_KILLED last (release; pairs with the reader of the dump). Drops it: the last open image
 * takes its place.
 */
void mw_images_bury(struct mw_images *images, struct mw_control *control, size_t i, int64_t now_ns);

/** mw_images_bury_pid() - whoever had @pid in our namespace is dead: bury all its images */
void mw_images_bury_pid(
	struct mw_images *images, struct mw_control *control, int32_t pid, int64_t now_ns);

/** mw_images_deinit() - unmap all */
void mw_images_deinit(struct mw_images *images);
