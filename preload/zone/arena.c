/* SPDX: no licence chosen yet, see README */
/*
 * arena.c - claims segments of the run's dump. Zone; serves account -> dump. See format.h for
 * the file; the launcher keeps its blocks allocated ahead of next_offset, so that a claim is an
 * atomic add, an open, an mmap and a close.
 */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "preload/zone/arena.h"
#include "preload/zone/atomic.h"
#include "preload/zone/image.h"
#include "preload/zone/raw.h"
#include "preload/zone/unwind.h"
#include "preload/zone/zone.h"

#define PATH_BYTES 4096
struct mwd_control *mw_control;

static MW_LARGE_FIRST char run_dir[2 * PATH_BYTES + sizeof("/" MWD_FILE_NAME)];
static const char *dump_path; /* in run_dir[], behind it */
static uint64_t claimed_bytes, touched_bytes;
static uint64_t dump_device, dump_inode; /* of the file that mw_control is mapped from */
static uint32_t n_refused;		 /* claims since space ran out; 0 = it has not */

const char *mw_arena_run_dir(void)
{
	return run_dir;
}

/* Read, not looked at in the mapping: a fault for reading would come before the one for writing. */
static bool is_ours(int fd)
{
	static const uint8_t magic[8] = MWD_MAGIC_BYTES;
	union {
		uint8_t bytes[offsetof(struct mwd_control, next_offset)];
		struct mwd_control control;
	} head;
	return mw_raw6(SYS_pread64, fd, (long)&head, sizeof(head.bytes), 0, 0, 0) ==
		       sizeof(head.bytes) &&
	       memcmp(head.control.magic, magic, sizeof(magic)) == 0 &&
	       head.control.version == MWD_VERSION && head.control.control_bytes >= MWD_PAGE &&
	       head.control.max_frames <= MW_TRACE_MAX; /* sizes the zone's arrays */
}

/* No trust in an inherited environment: only a regular file, not reached by a symbolic link. */
static int open_dump(void)
{
	return mw_raw_open(dump_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0);
}

static bool set_paths(const char *directory)
{
	size_t length = strlen(directory);
	if (directory[0] != '/' || length >= PATH_BYTES - 1)
		return false;
	char *path = run_dir + length + 1;
	memcpy(run_dir, directory, length + 1);
	memcpy(path, directory, length);
	memcpy(path + length, "/" MWD_FILE_NAME, sizeof("/" MWD_FILE_NAME));
	dump_path = path;
	return true;
}

static struct mwd_control *map_control(int fd)
{
	/* A file shorter than a page would fault: its size is known before it is read. */
	struct stat status;
	if (mw_raw(SYS_fstat, fd, &status, 0) != 0 || !S_ISREG(status.st_mode) ||
		status.st_size < (off_t)MWD_PAGE || !is_ours(fd))
		return NULL;
	dump_device = status.st_dev;
	dump_inode = status.st_ino;
	return mw_raw_mmap(NULL, MWD_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

/* Somebody may have put another run in its place: its offsets are not ours to claim. */
static bool is_same_file(int fd)
{
	struct stat status;
	return mw_raw(SYS_fstat, fd, &status, 0) == 0 && status.st_dev == dump_device &&
	       status.st_ino == dump_inode;
}

/* Beyond the program's own file size limit the kernel sends SIGXFSZ, which kills it. Who may not
 * ask for it does not grow the file. */
static bool may_write(uint64_t end)
{
	struct rlimit limit;
	return mw_raw6(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit, 0, 0) == 0 &&
	       end <= limit.rlim_cur;
}

static bool allocate(int fd, uint64_t offset, size_t bytes)
{
	return may_write(offset + bytes) && mw_raw_fallocate(fd, offset, bytes) == 0;
}

#define ZEROS_AT_ONCE 64u /* pages */

/* Who got here by exec under somebody's seccomp filter can be killed for a write. And in a handler
 * on top of a claim the program may have forked: the parent has begun to use what the child would
 * write.
 */
static bool may_write_by_call(uint64_t end)
{
	bool is_forked = mw_image && mw_image->pid != mw_raw_getpid();
	return !mw_load_relaxed(&mw_control->is_any_locked_in) && !is_forked && may_write(end);
}

/*
 * The pages of a claim come into the page cache by being written, not by being touched: together,
 * and in folios as large as their place in the file allows. That is a quarter of the price of one
 * fault each, and no fault is left that the kernel would take for a reading of the disk. Return:
 * whether they came.
 */
static bool write_zeros(int fd, uint64_t offset, size_t bytes)
{
	static const uint8_t zeros[MWD_PAGE] __attribute__((aligned(MWD_PAGE)));
	struct iovec pages[ZEROS_AT_ONCE];
	for (unsigned i = 0; i < ZEROS_AT_ONCE; i++)
		pages[i] = (struct iovec){ (void *)zeros, MWD_PAGE };
	for (uint64_t end = offset + bytes; offset < end;) {
		uint64_t n = (end - offset) / MWD_PAGE;
		n = n < ZEROS_AT_ONCE ? n : ZEROS_AT_ONCE;
		if (!may_write_by_call(end))
			return false;
		long written = mw_raw6(SYS_pwritev, fd, (long)pages, (long)n, (long)offset, 0, 0);
		if (written != (long)(n * MWD_PAGE))
			return false;
		offset += (uint64_t)written;
	}
	return true;
}

/* All of its pages, at once. */
static void fill(int fd, void *claim, uint64_t offset, size_t bytes)
{
	if (!write_zeros(fd, offset, bytes))
		mw_raw_madvise(claim, bytes, MADV_WILLNEED);
	mw_raw_madvise(claim, bytes, MADV_POPULATE_WRITE);
	mw_arena_reach(bytes);
}

static void *claim_from(int fd, size_t bytes, bool is_dense, uint64_t *offset_out)
{
	size_t claimed = (bytes + MWD_CLAIM_ALIGN - 1) / MWD_CLAIM_ALIGN * MWD_CLAIM_ALIGN;
	/* relaxed: only uniqueness matters; the segment header publishes. */
	uint64_t offset = mw_add_relaxed(&mw_control->next_offset, claimed);
	if (offset + claimed > mw_load_relaxed(&mw_control->allocated_end) &&
		!allocate(fd, offset, claimed)) {
		/* Given back, if nobody came after us: a full disk is met at every event. */
		uint64_t end = offset + claimed;
		mw_cas_acq_rel(&mw_control->next_offset, &end, offset);
		return NULL;
	}
	void *claim = mw_raw_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	if (!claim)
		return NULL;
	/* Else a first touch fills the page cache with zeros far beyond the claim; and then with
	 * those of a small claim, together: one by one they are a reading of the disk each, to the
	 * kernel and to the program's count of faults. */
	mw_raw_madvise(claim, bytes, MADV_RANDOM);
	if (is_dense)
		fill(fd, claim, offset, bytes);
	else if (bytes < MW_ARENA_DENSE_BYTES)
		mw_raw_madvise(claim, bytes, MADV_WILLNEED);
	mw_add_relaxed(&claimed_bytes, claimed);
	*offset_out = offset;
	return claim;
}

/* What a sandboxed process claims from; of this process alone. */
#define RESERVE_BYTES ((size_t)1 << 20)
static char *reserve;
static uint64_t reserve_offset, reserve_used;

static void *take_reserve(size_t bytes, uint64_t *offset_out)
{
	uint64_t at = mw_load_relaxed(&reserve_used);
	do {
		if (!reserve || at + bytes > RESERVE_BYTES)
			return NULL; /* the caller comes again for less */
	} while (!mw_cas_acq_rel(&reserve_used, &at, at + bytes));
	if (bytes >= MW_ARENA_DENSE_BYTES)
		mw_arena_reach(bytes);
	*offset_out = reserve_offset + at;
	return reserve + at;
}

void *mw_arena_open(const char *directory, size_t bytes, uint64_t *offset_out)
{
	if (!set_paths(directory))
		return NULL;
	int fd = open_dump();
	if (fd < 0)
		return NULL;
	mw_control = map_control(fd);
	void *claim = mw_control ? claim_from(fd, bytes, true, offset_out) : NULL;
	mw_raw_close(fd);
	return claim;
}

/* Once refused, only every so often is there another try: each costs three system calls. */
#define TRY_EVERY 1024u

static void *claim(size_t bytes, bool is_dense, uint64_t *offset_out)
{
	if (mw_load_relaxed(&n_refused) && mw_add_relaxed(&n_refused, 1) % TRY_EVERY)
		return NULL;
	int fd = open_dump();
	void *memory =
		fd >= 0 && is_same_file(fd) ? claim_from(fd, bytes, is_dense, offset_out) : NULL;
	if (fd >= 0)
		mw_raw_close(fd);
	mw_store_relaxed(&n_refused, memory ? 0 : 1);
	return memory;
}

void *mw_arena_claim(size_t bytes, uint64_t *offset_out)
{
	if (mw_unlikely(mw_is_sandboxed))
		return take_reserve(bytes, offset_out);
	return claim(bytes, bytes >= MW_ARENA_DENSE_BYTES, offset_out);
}

void mw_arena_reserve(void)
{
	if (!reserve)
		reserve = claim(RESERVE_BYTES, false, &reserve_offset);
}

void *mw_arena_map(uint64_t offset, size_t bytes)
{
	struct stat status;
	int fd = open_dump();
	if (fd < 0)
		return NULL;
	void *memory = NULL;
	if (offset % MWD_PAGE == 0 && is_same_file(fd) && mw_raw(SYS_fstat, fd, &status, 0) == 0 &&
		offset + bytes <= (uint64_t)status.st_size)
		memory = mw_raw_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
	mw_raw_close(fd);
	if (memory)
		mw_arena_reach(bytes);
	return memory;
}

void mw_arena_unmap(void *claim, size_t bytes)
{
	mw_raw_munmap(claim, bytes);
}

void mw_arena_publish_segment(struct mwd_segment *segment)
{
	mw_store_release(&segment->magic, MWD_SEGMENT_MAGIC); /* pairs with the reader's scan */
}

uint64_t mw_arena_bytes(void)
{
	return mw_load_relaxed(&claimed_bytes);
}

void mw_arena_reach(uint64_t bytes)
{
	mw_add_relaxed(&touched_bytes, bytes);
}

uint64_t mw_arena_resident_bytes(void)
{
	return mw_load_relaxed(&touched_bytes) + sizeof(struct mwd_control);
}

/* A child has the mappings, and none of their pages, of its parent. */
void mw_arena_restart(void)
{
	mw_store_relaxed(&claimed_bytes, 0);
	mw_store_relaxed(&touched_bytes, 0);
	mw_store_relaxed(&n_refused, 0);
	reserve = NULL; /* the parent's */
	mw_store_relaxed(&reserve_used, 0);
}
