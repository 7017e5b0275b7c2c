/* SPDX: no licence chosen yet, see README */
/*
 * control.c - the dump file as the launcher sees it. See control.h.
 *
 * Shared with every process of the job, so all counters are touched atomically. Order: the
 * value of a peak is stored before its epoch (release), and the zone loads the epoch (acquire)
 * before it settles a record.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/launch/clock.h"
#include "preload/launch/control.h"
#include "preload/launch/proc_read.h"

/* A claim further ahead than this is a damaged counter, not a need. */
#define MOST_GROWTH_BYTES (1ull << 30)
#define LEAST_GROWTH_BYTES (256u << 10)
#define CLOCK_BRACKET_NS (MW_NS_PER_MS / 10)
#define CLOCK_TRIES 20

/* File systems without fallocate (some network ones): write zeros, which nobody maps yet. */
static int write_zeros(int fd, uint64_t offset, uint64_t bytes)
{
	static const char zeros[1 << 16];
	while (bytes > 0) {
		size_t piece = bytes < sizeof(zeros) ? (size_t)bytes : sizeof(zeros);
		ssize_t n = pwrite(fd, zeros, piece, (off_t)offset);
		if (n < 0)
			return errno;
		offset += (uint64_t)n;
		bytes -= (uint64_t)n;
	}
	return 0;
}

static int allocate(int fd, uint64_t offset, uint64_t bytes)
{
	if (fallocate(fd, 0, (off_t)offset, (off_t)bytes) == 0)
		return 0;
	return errno == EOPNOTSUPP ? write_zeros(fd, offset, bytes) : errno;
}

/*
 * Gives @bytes from @offset on disk blocks, or, on a disk that is nearly full, some of them.
 * Return: bytes allocated; 0 with *error_out set (an errno) if not even the least would fit.
 */
static uint64_t allocate_some(int fd, uint64_t offset, uint64_t bytes, int *error_out)
{
	for (; bytes >= LEAST_GROWTH_BYTES; bytes = bytes / 2 / MWD_PAGE * MWD_PAGE) {
		*error_out = allocate(fd, offset, bytes);
		if (*error_out == 0)
			return bytes;
		if (*error_out != ENOSPC && *error_out != EDQUOT)
			return 0;
	}
	return 0;
}

/*
 * What CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC. We may lose the CPU between the readings of the
 * two: that makes the difference wrong by at most the time around them, so the shortest counts.
 */
static int64_t measure_boot_minus_monotonic(void)
{
	int64_t best_ns = 0, least_ns = INT64_MAX;
	for (int i = 0; i < CLOCK_TRIES && least_ns > CLOCK_BRACKET_NS; i++) {
		int64_t before_ns = mw_clock_monotonic_ns();
		int64_t boot_ns = mw_clock_ns(CLOCK_BOOTTIME);
		int64_t around_ns = mw_clock_monotonic_ns() - before_ns;
		if (around_ns >= least_ns)
			continue;
		least_ns = around_ns;
		best_ns = boot_ns - before_ns - around_ns / 2;
	}
	return best_ns;
}

static void fill_page(const struct mw_control_settings *settings, uint64_t allocated_bytes,
	struct mwd_control *page)
{
	static const uint8_t magic[8] = MWD_MAGIC_BYTES;
	page->version = MWD_VERSION;
	page->control_bytes = MWD_CLAIM_ALIGN;
	if (getrandom(page->run_id, sizeof(page->run_id), GRND_NONBLOCK) < 0)
		memcpy(page->run_id, &(int64_t){ mw_clock_ns(CLOCK_REALTIME) }, 8);
	page->start_realtime_ns = mw_clock_ns(CLOCK_REALTIME);
	page->start_monotonic_ns = mw_clock_monotonic_ns();
	page->launcher_pid = getpid();
	page->pid_namespace = mw_proc_read_pid_namespace(0);
	page->options = settings->options;
	page->max_frames = settings->max_frames;
	page->check_every = settings->check_every;
	page->sample_bytes = settings->sample_bytes;
	memcpy(&page->sample_seed, page->run_id, sizeof(page->sample_seed));
	if (settings->sample_seed != 0)
		page->sample_seed = settings->sample_seed;
	page->next_offset = MWD_CLAIM_ALIGN;
	page->allocated_end = allocated_bytes;
	page->heap_epoch = 1;
	page->rss_epoch = page->rss_epoch_beside = 1;
	memcpy(page->magic, magic, sizeof(magic));
}

static uint64_t bytes_ahead(uint64_t claimed_bytes)
{
	uint64_t bytes = claimed_bytes / MWD_PAGE * MWD_PAGE;
	return bytes < MW_CONTROL_LEAST_AHEAD_BYTES ? MW_CONTROL_LEAST_AHEAD_BYTES
	       : bytes > MW_CONTROL_AHEAD_BYTES	    ? MW_CONTROL_AHEAD_BYTES
						    : bytes;
}

/* 0 or errno; the file at @path with its first blocks, and its first page mapped. */
static int create_file(const char *path, uint64_t *allocated_out, struct mw_control *control)
{
	int error;
	control->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (control->fd < 0)
		return errno;
	*allocated_out = allocate_some(control->fd, 0, MWD_PAGE + 2 * bytes_ahead(0), &error);
	if (*allocated_out > 0) {
		void *page =
			mmap(NULL, MWD_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, control->fd, 0);
		error = page == MAP_FAILED ? errno : 0;
		/* Else the first touch fills megabytes of page cache ahead with zeros. */
		if (error == 0)
			madvise(page, MWD_PAGE, MADV_RANDOM);
		control->page = page;
	}
	if (error != 0)
		close(control->fd);
	return error;
}

int mw_control_create(const struct mw_run_dir *run_dir, const struct mw_control_settings *settings,
	struct mw_control *control_out, struct mw_failure *failure_out)
{
	char path[PATH_MAX];
	uint64_t allocated_bytes;
	long page_bytes = sysconf(_SC_PAGESIZE);
	if (page_bytes != MWD_PAGE)
		return mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out,
			"cannot record here: this kernel's pages are %ld bytes, not %u", page_bytes,
			MWD_PAGE);
	struct mw_control control = { .boot_minus_monotonic_ns = measure_boot_minus_monotonic() };
	mw_run_dir_join(run_dir, MWD_FILE_NAME, path);
	int error = create_file(path, &allocated_bytes, &control);
	if (error != 0)
		return mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out, "%s: cannot create: %s",
			path, strerror(error));
	fill_page(settings, allocated_bytes, control.page);
	*control_out = control;
	return MW_EXIT_OK;
}

void mw_control_allocate_ahead(struct mw_control *control)
{
	/* relaxed: the zone re-checks allocated_end, and allocates for itself if it comes late */
	uint64_t next = __atomic_load_n(&control->page->next_offset, __ATOMIC_RELAXED);
	uint64_t end = __atomic_load_n(&control->page->allocated_end, __ATOMIC_RELAXED);
	uint64_t ahead = bytes_ahead(next);
	if (next + ahead <= end || next > end + MOST_GROWTH_BYTES)
		return;
	/* Twice the distance, so that a steady claimer does not cost a call each tick. */
	uint64_t wanted = next + 2 * ahead - end;
	uint64_t got = allocate_some(control->fd, end, wanted, &control->growth_error);
	if (got > 0)
		__atomic_store_n(&control->page->allocated_end, end + got, __ATOMIC_RELEASE);
}

void mw_control_set_rss_peak(struct mw_control *control, int64_t rss_bytes, int64_t now_ns)
{
	__atomic_store_n(&control->page->rss_peak_bytes, rss_bytes, __ATOMIC_RELAXED);
	__atomic_store_n(&control->page->rss_peak_ns, now_ns, __ATOMIC_RELAXED);
	__atomic_fetch_add(&control->page->rss_epoch, 1, __ATOMIC_RELEASE);
	__atomic_fetch_add(&control->page->rss_epoch_beside, 1, __ATOMIC_RELEASE);
}

/* Several processes can raise the peak at once: the highest wins, and each raise is an epoch. */
void mw_control_settle_heap_peak(struct mw_control *control, int64_t now_ns)
{
	struct mwd_control *page = control->page;
	int64_t live = __atomic_load_n(&page->heap_live_bytes, __ATOMIC_ACQUIRE);
	int64_t peak = __atomic_load_n(&page->heap_peak_bytes, __ATOMIC_RELAXED);
	do {
		if (live <= peak)
			return;
	} while (!__atomic_compare_exchange_n(
		&page->heap_peak_bytes, &peak, live, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	__atomic_store_n(&page->heap_peak_ns, now_ns, __ATOMIC_RELAXED);
	/* pairs with the zone's load before it changes a counter */
	__atomic_fetch_add(&page->heap_epoch, 1, __ATOMIC_ACQ_REL);
}

void mw_control_leave_heap(struct mw_control *control, int64_t bytes)
{
	__atomic_fetch_sub(&control->page->heap_live_bytes, bytes, __ATOMIC_RELAXED);
}

/*
 * Truncating under a process that still runs could take a page from under its claim, so the
 * space ahead stays in the file then. allocated_end moves first, for a reader of the file.
 */
void mw_control_close(struct mw_control *control, int is_quiet)
{
	struct stat status;
	uint64_t next = control->page->next_offset;
	if (is_quiet && fstat(control->fd, &status) == 0 && next < (uint64_t)status.st_size) {
		control->page->allocated_end = next;
		if (ftruncate(control->fd, (off_t)next) != 0)
			control->growth_error = errno;
	}
	munmap(control->page, MWD_PAGE);
	close(control->fd);
	*control = (struct mw_control){ .fd = -1 };
}
