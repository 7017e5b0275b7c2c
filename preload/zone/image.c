/* SPDX: no licence chosen yet, see README */
/* image.c - see image.h. Zone; account -> dump. */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>

#include "preload/zone/arena.h"
#include "preload/zone/atomic.h"
#include "preload/zone/image.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/raw.h"
#include "preload/zone/totals.h"
#include "preload/zone/zone.h"

/* First claim: enough for /bin/true and most helpers of a build; everything else grows. */
#define LOG_BYTES 4096u
#define NODES_BYTES 8192u
#define RECORDS_BYTES 16384u
#define FIRST_BYTES (MWD_PAGE + LOG_BYTES + NODES_BYTES + RECORDS_BYTES)

struct mwd_image *mw_image;
uint64_t mw_image_offset;

static void copy_cmdline(struct mwd_image *image, char *const *argv)
{
	uint32_t used = 0;
	for (; *argv; argv++) {
		size_t length = strlen(*argv) + 1;
		if (used + length > MWD_CMDLINE_BYTES) {
			image->flags |= MWD_IMAGE_CMDLINE_CUT;
			length = MWD_CMDLINE_BYTES - used;
		}
		memcpy(image->cmdline + used, *argv, length);
		used += (uint32_t)length;
	}
	image->cmdline_bytes = used;
}

static void copy_identity(struct mwd_image *image, const struct mwd_image *parent)
{
	memcpy(image->exe, parent->exe, sizeof(image->exe));
	memcpy(image->cmdline, parent->cmdline, sizeof(image->cmdline));
	image->cmdline_bytes = parent->cmdline_bytes;
	image->flags |= parent->flags & ~(uint32_t)MWD_IMAGE_FORKED;
	image->parent_image = mw_image_offset;
	image->flags |= MWD_IMAGE_FORKED;
}

bool mw_image_begin(char *const *argv, bool is_forked, struct mw_first_claim *claim_out)
{
	uint64_t offset;
	struct mwd_image *image = mw_arena_claim(FIRST_BYTES, &offset);
	if (!image) {
		mw_add_relaxed(&mw_control->n_lost_images, 1);
		return false;
	}
	if (is_forked) {
		copy_identity(image, mw_image);
	} else {
		mw_raw_readlink("/proc/self/exe", image->exe, sizeof(image->exe) - 1);
		if (argv)
			copy_cmdline(image, argv);
	}
	image->pid = mw_raw_getpid();
	image->ppid = mw_raw_getppid();
	image->start_ns = mw_clock_ns();
	image->heap_epoch = 1;
	image->segment = (struct mwd_segment){ .kind = MWD_SEGMENT_IMAGE,
		.header_bytes = sizeof(struct mwd_segment),
		.bytes = MWD_PAGE,
		.image = offset };
	mw_image_offset = offset;
	mw_store_release(&mw_image, image);

	char *at = (char *)image + MWD_PAGE;
	*claim_out = (struct mw_first_claim){ .log = (void *)at,
		.log_bytes = LOG_BYTES,
		.nodes = (void *)(at + LOG_BYTES),
		.nodes_bytes = NODES_BYTES,
		.records = (void *)(at + LOG_BYTES + NODES_BYTES),
		.records_bytes = RECORDS_BYTES,
		.records_offset = offset + MWD_PAGE + LOG_BYTES + NODES_BYTES };
	return true;
}

void mw_image_publish(void)
{
	uint64_t head = mw_load_relaxed(&mw_control->images_head);
	mw_arena_publish_segment(&mw_image->segment);
	do {
		mw_store_relaxed(&mw_image->prev_image, head);
		/* acq_rel: the image is complete before the head names it; pairs with the sampler.
		 */
	} while (!mw_cas_acq_rel(&mw_control->images_head, &head, mw_image_offset));
	mw_add_relaxed(&mw_control->n_images, 1);
}

/* "VmHWM:    1524 kB" of /proc/self/status (proc(5)): exact, unlike ru_maxrss after an exec.
 * Return: bytes, 0 when the kernel would not say. */
static uint64_t read_vm_hwm(void)
{
	char text[2048];
	int fd = mw_raw_open("/proc/self/status", O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	long n = mw_raw_read(fd, text, sizeof(text) - 1);
	mw_raw_close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	const char *at = strstr(text, "VmHWM:");
	uint64_t kib = 0;
	for (at = at ? at + 6 : ""; *at == ' ' || *at == '\t'; at++)
		;
	for (; *at >= '0' && *at <= '9'; at++)
		kib = kib * 10 + (uint64_t)(*at - '0');
	return kib * 1024;
}

static bool is_other_process(void)
{
	return mw_raw_getpid() != mw_image->pid;
}

void mw_image_end(enum mwd_end how, int status)
{
	if (!mw_image || is_other_process())
		return;
	struct mwd_image *image = mw_image;
	image->vm_hwm_bytes = read_vm_hwm();
	image->own_private_bytes = mw_private_bytes();
	image->own_shared_bytes = mw_arena_bytes();
	image->end_ns = mw_clock_ns();
	image->end_status = status;
	if (mw_exchange_acq_rel(&image->end, (uint32_t)how) == MWD_END_NONE)
		mw_totals_leave_tree();
}

void mw_image_unend(void)
{
	if (!mw_image || is_other_process())
		return;
	mw_totals_rejoin_tree();
	mw_image->end_ns = 0;
	mw_store_release(&mw_image->end, MWD_END_NONE);
	mw_totals_publish();
}

bool mw_image_has_ended(void)
{
	return mw_load_relaxed(&mw_image->end) != MWD_END_NONE;
}

MW_COLD void mw_image_lost(enum mwd_lost kind, uint64_t n)
{
	if (mw_image)
		mw_add_relaxed(&mw_image->lost[kind], n);
}
