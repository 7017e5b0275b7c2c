/* SPDX: no licence chosen yet, see README */
/* images.c - the process images in the dump, as the launcher follows them. See images.h. */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/launch/images.h"
#include "preload/launch/lives.h"

static uint64_t file_bytes(const struct mw_control *control)
{
	struct stat status;
	return fstat(control->fd, &status) == 0 ? (uint64_t)status.st_size : 0;
}

static bool is_offset_possible(uint64_t offset, uint64_t limit)
{
	return offset >= MWD_PAGE && offset % MWD_PAGE == 0 && limit >= MWD_PAGE &&
	       offset <= limit - MWD_PAGE;
}

static struct mwd_image *map_image(const struct mw_control *control, uint64_t offset)
{
	void *page = mmap(NULL, sizeof(struct mwd_image), PROT_READ | PROT_WRITE, MAP_SHARED,
		control->fd, (off_t)offset);
	return page == MAP_FAILED ? NULL : page;
}

static bool is_image(const struct mwd_image *image)
{
	return __atomic_load_n(&image->segment.magic, __ATOMIC_ACQUIRE) == MWD_SEGMENT_MAGIC &&
	       image->segment.kind == MWD_SEGMENT_IMAGE && image->pid > 0;
}

static uint32_t end_of(const struct mwd_image *image)
{
	return __atomic_load_n(&image->end, __ATOMIC_ACQUIRE);
}

/*
 * Nothing left to do for it, whatever happens to its process. EXEC is not final: an exec that
 * fails takes it back. An end without the bytes gone was cut short, unless it goes on just now.
 */
static bool has_left(const struct mwd_image *image)
{
	uint32_t end = end_of(image);
	return end != MWD_END_NONE && end != MWD_END_EXEC &&
	       __atomic_load_n(&image->tree_contribution_bytes, __ATOMIC_RELAXED) == 0;
}

/* Who knows no namespace, without /proc, tells by its pid, or by having a parent that it cannot
 * see.
 */
static uint32_t namespace_of(const struct mwd_image *image, uint32_t own_namespace)
{
	if (image->pid_namespace != 0 && own_namespace != 0)
		return image->pid_namespace == own_namespace ? 0 : image->pid_namespace;
	return image->pid == 1 || image->ppid == 0 ? MW_NAMESPACE_UNKNOWN : 0;
}

static bool append(struct mw_images *images, struct mwd_image *image, uint64_t offset)
{
	if (images->n_open == images->capacity) {
		size_t capacity = images->capacity ? 2 * images->capacity : 64;
		struct mw_open_image *grown = reallocarray(images->open, capacity, sizeof(*grown));
		if (grown == NULL)
			return false;
		images->open = grown;
		images->capacity = capacity;
	}
	images->open[images->n_open++] = (struct mw_open_image){ .image = image,
		.offset = offset,
		.pid_namespace = namespace_of(image, images->own_namespace),
		.pid = image->pid,
		.start_ns = image->start_ns };
	return true;
}

static void drop(struct mw_images *images, size_t i)
{
	if (images->on_end != NULL)
		images->on_end(images->context, &images->open[i]);
	munmap(images->open[i].image, sizeof(struct mwd_image));
	images->open[i] = images->open[--images->n_open];
}

/* Follow one link. Return: the next older offset, 0 to stop. */
static uint64_t visit(struct mw_images *images, const struct mw_control *control, uint64_t offset)
{
	struct mwd_image *image = map_image(control, offset);
	if (image == NULL)
		return 0;
	if (!is_image(image)) {
		munmap(image, sizeof(*image));
		return 0;
	}
	uint64_t older = image->prev_image;
	if (!append(images, image, offset))
		munmap(image, sizeof(*image));
	return older;
}

/* Left, or replaced by a later image of the same pid (a successful exec). */
static bool is_past(const struct mw_images *images, size_t i)
{
	const struct mw_open_image *open = &images->open[i];
	if (end_of(open->image) != MWD_END_EXEC)
		return has_left(open->image);
	for (size_t j = 0; j < images->n_open; j++) {
		const struct mw_open_image *other = &images->open[j];
		if (other->pid == open->pid && other->pid_namespace == open->pid_namespace &&
			other->start_ns > open->start_ns)
			return true;
	}
	return false;
}

static void drop_past(struct mw_images *images)
{
	for (size_t i = images->n_open; i-- > 0;) {
		if (is_past(images, i))
			drop(images, i);
	}
}

void mw_images_collect(struct mw_images *images, const struct mw_control *control)
{
	drop_past(images);
	/* acquire: pairs with the zone's push of a complete image */
	uint64_t head = __atomic_load_n(&control->page->images_head, __ATOMIC_ACQUIRE);
	if (head == images->newest)
		return;
	uint64_t limit = file_bytes(control);
	uint64_t offset = head;
	size_t n_before = images->n_open;
	/* A damaged list may be a ring; an honest one has less links than the file has pages. */
	for (uint64_t n_left = limit / MWD_PAGE; n_left > 0 && offset != images->newest; n_left--) {
		if (!is_offset_possible(offset, limit))
			break;
		offset = visit(images, control, offset);
	}
	images->newest = head;
	/* Newest first, as the list was walked: backwards is by age. */
	for (size_t i = images->n_open; i-- > n_before;) {
		if (images->on_begin != NULL)
			images->on_begin(images->context, &images->open[i]);
	}
	drop_past(images);
}

/*
 * The process is dead and nobody else buries, so its fields are ours; the tree's totals are
 * not. The exchange yields 0 if its own farewell got that far. Order as in the zone's farewell:
 * the epochs are read while the bytes are still in the total.
 */
static void bury(struct mwd_image *image, struct mw_control *control, int64_t now_ns)
{
	uint32_t end = end_of(image);
	int64_t bytes = __atomic_exchange_n(&image->tree_contribution_bytes, 0, __ATOMIC_ACQ_REL);
	if (end != MWD_END_NONE && bytes == 0)
		return;
	if (end == MWD_END_NONE) {
		/* What it had held back from the tree belongs to its last moment. */
		int64_t live = image->total[MWD_CLASS_HEAP].live_bytes;
		mw_control_leave_heap(control, bytes - live);
		bytes = live;
	}
	mw_control_settle_heap_peak(control, now_ns);
	image->end_epoch[MWD_PEAK_TREE_HEAP] =
		__atomic_load_n(&control->page->heap_epoch, __ATOMIC_ACQUIRE);
	image->end_epoch[MWD_PEAK_TREE_RSS] =
		__atomic_load_n(&control->page->rss_epoch, __ATOMIC_ACQUIRE);
	mw_control_leave_heap(control, bytes);
	if (end != MWD_END_NONE)
		return;
	image->end_ns = now_ns;
	__atomic_store_n(&image->end, MWD_END_KILLED, __ATOMIC_RELEASE);
}

void mw_images_bury(struct mw_images *images, struct mw_control *control, size_t i, int64_t now_ns)
{
	bury(images->open[i].image, control, now_ns);
	drop(images, i);
}

void mw_images_bury_pid(
	struct mw_images *images, struct mw_control *control, int32_t pid, int64_t now_ns)
{
	for (size_t i = images->n_open; i-- > 0;) {
		if (images->open[i].pid == pid && images->open[i].pid_namespace == 0)
			mw_images_bury(images, control, i, now_ns);
	}
}

void mw_images_deinit(struct mw_images *images)
{
	while (images->n_open > 0)
		drop(images, images->n_open - 1);
	free(images->open);
	*images = (struct mw_images){ 0 };
}
