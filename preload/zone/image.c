/* SPDX: no licence chosen yet, see README */
/* image.c - see image.h. Zone; account -> dump. */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "preload/zone/arena.h"
#include "preload/zone/atomic.h"
#include "preload/zone/image.h"
#include "preload/zone/private_memory.h"
#include "preload/zone/raw.h"
#include "preload/zone/task.h"
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

/* Offsets of the pieces behind the image's page, in order of enum mw_first_piece; and the end. */
static const uint32_t piece_at[MW_N_FIRST_PIECES + 1] = { MWD_PAGE, MWD_PAGE + LOG_BYTES,
	MWD_PAGE + LOG_BYTES + NODES_BYTES, FIRST_BYTES };
static uint8_t is_taken[MW_N_FIRST_PIECES];

struct mwd_segment *mw_image_take_piece(enum mw_first_piece which, size_t *bytes_out)
{
	if (!mw_image || mw_exchange_acq_rel(&is_taken[which], 1))
		return NULL;
	*bytes_out = piece_at[which + 1] - piece_at[which];
	return (struct mwd_segment *)((char *)mw_image + piece_at[which]);
}

/* The path the kernel started, where that is one; else where the kernel's own link points. */
static void find_exe(struct mwd_image *image)
{
	const char *started = (const char *)getauxval(AT_EXECFN);
	size_t length = started && started[0] == '/' && strncmp(started, "/proc/", 6) != 0 &&
					strncmp(started, "/dev/", 5) != 0
				? strlen(started)
				: MWD_EXE_BYTES;
	if (length < MWD_EXE_BYTES)
		memcpy(image->exe, started, length);
	else
		mw_raw_readlink("/proc/self/exe", image->exe, sizeof(image->exe) - 1);
}

/* By calls that were made before, to open the dump: a filter that kills lets them pass. 0 = not
 * known. */
static uint32_t read_pid_namespace(void)
{
	struct stat status;
	int fd = mw_raw_open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	bool is_read = mw_raw(SYS_fstat, fd, &status, 0) == 0;
	mw_raw_close(fd);
	return is_read ? (uint32_t)status.st_ino : 0;
}

/*
 * Pids mean nothing without their namespace. Where that can be another than the launcher's costs
 * system calls to know, so who has a parent there does not ask: the first in a namespace has none,
 * its children have 1, and from then on all ask.
 */
static void note_pid_namespace(struct mwd_image *image)
{
	bool is_first = image->ppid == 0;
	if (image->ppid > 1 && !mw_load_relaxed(&mw_control->has_pid_namespaces))
		return;
	image->pid_namespace = read_pid_namespace();
	bool is_other = image->pid_namespace && image->pid_namespace != mw_control->pid_namespace;
	if (is_first || is_other)
		mw_store_relaxed(&mw_control->has_pid_namespaces, 1);
}

bool mw_image_begin(const char *run_dir, char *const *argv)
{
	uint64_t offset;
	struct mwd_image *image = run_dir ? mw_arena_open(run_dir, FIRST_BYTES, &offset)
					  : mw_arena_claim(FIRST_BYTES, &offset);
	if (!image) {
		if (mw_control)
			mw_add_relaxed(&mw_control->n_lost_images, 1);
		return false;
	}
	if (run_dir) {
		find_exe(image);
		copy_cmdline(image, argv);
	} else {
		copy_identity(image, mw_image);
	}
	image->pid = mw_raw_getpid();
	image->ppid = mw_raw_getppid();
	note_pid_namespace(image);
	image->start_ns = mw_clock_ns();
	image->heap_epoch = 1;
	image->segment = (struct mwd_segment){ .kind = MWD_SEGMENT_IMAGE,
		.header_bytes = sizeof(struct mwd_segment),
		.bytes = MWD_PAGE,
		.image = offset };
	memset(is_taken, 0, sizeof(is_taken));
	mw_image_offset = offset;
	mw_store_release(&mw_image, image);
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
	mw_raw_wake(&mw_control->n_images); /* the launcher samples the young densely */
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

static int64_t nanoseconds(struct timeval time)
{
	return time.tv_sec * INT64_C(1000000000) + time.tv_usec * 1000;
}

/* 0.7 us. ru_maxrss is not among it: after an exec it is still the spawner's. */
static void read_usage(struct mwd_usage *usage)
{
	struct rusage counted;
	if (mw_raw_getrusage(&counted) != 0)
		return;
	*usage = (struct mwd_usage){ .cpu_user_ns = nanoseconds(counted.ru_utime),
		.cpu_system_ns = nanoseconds(counted.ru_stime),
		.minor_faults = (uint64_t)counted.ru_minflt,
		.major_faults = (uint64_t)counted.ru_majflt,
		.voluntary_switches = (uint64_t)counted.ru_nvcsw,
		.involuntary_switches = (uint64_t)counted.ru_nivcsw,
		.read_bytes = (uint64_t)counted.ru_inblock * 512,
		.written_bytes = (uint64_t)counted.ru_oublock * 512 };
}

/* The first in a pid namespace has pid 1, and so has its child that is the first in another. */
bool mw_image_is_own(void)
{
	return mw_raw_getpid() == mw_image->pid &&
	       (mw_image->pid != 1 || mw_load_relaxed(mw_process_is_on) != 0);
}

/* In a sandbox we cannot ask who we are; exit() is never called by a vfork child, _exit() is. */
static bool may_end(enum mwd_end how)
{
	if (mw_is_sandboxed && how != MWD_END_EXEC)
		return how != MWD_END_IMMEDIATE;
	return mw_image_is_own();
}

void mw_image_end(enum mwd_end how, int status)
{
	if (!mw_image || !may_end(how))
		return;
	struct mwd_image *image = mw_image;
	image->vm_hwm_bytes = read_vm_hwm();
	read_usage(&image->usage);
	image->own_private_bytes = mw_private_bytes();
	image->own_shared_bytes = mw_arena_bytes();
	image->own_rss_bytes = mw_private_resident_bytes() + mw_arena_resident_bytes();
	image->end_ns = mw_clock_ns();
	image->end_status = status;
	if (mw_exchange_acq_rel(&image->end, (uint32_t)how) == MWD_END_NONE)
		mw_totals_leave_tree();
}

void mw_image_unend(void)
{
	if (!mw_image || !mw_image_is_own())
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
