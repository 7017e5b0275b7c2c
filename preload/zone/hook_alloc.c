/* SPDX: no licence chosen yet, see README */
/*
 * hook_alloc.c - malloc and its family. Zone; the first step of hook -> unwind -> account.
 *
 * Every hook has the same body: enter, record and forward in the safe order, leave. An event that
 * cannot be entered is forwarded untouched. Blocks of the boot allocator never reach a real free.
 */
#define MW_ZONE_DEFINES_HOOKS

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/single_threaded.h>

#include "preload/zone/real.h"
#include "preload/zone/record.h"
#include "preload/zone/task.h"
#include "preload/zone/zone.h"

#define ENTER() mw_task_enter(__builtin_frame_address(0))

static MW_INLINE void *done(
	struct mw_task *task, const struct mw_regs *regs, void *block, size_t bytes)
{
	if (mw_unlikely(!mw_task_is_undisturbed(task, __builtin_frame_address(0))))
		mw_record_prepare(task, regs);
	if (mw_likely(block))
		mw_record_alloc(task, regs, block, bytes);
	mw_task_leave(task);
	return block;
}

MW_EXPORT MW_FLAT void *malloc(size_t bytes)
{
	struct mw_task *task = ENTER();
	if (mw_unlikely(!task))
		return mw_real.malloc(bytes);
	struct mw_regs regs = MW_CALLER_REGS();
	mw_record_prepare(task, &regs);
	return done(task, &regs, MW_FORWARD(task, mw_real.malloc(bytes)), bytes);
}

MW_EXPORT MW_FLAT void *calloc(size_t n, size_t bytes)
{
	struct mw_task *task = ENTER();
	if (mw_unlikely(!task))
		return mw_real.calloc(n, bytes);
	struct mw_regs regs = MW_CALLER_REGS();
	mw_record_prepare(task, &regs);
	return done(task, &regs, MW_FORWARD(task, mw_real.calloc(n, bytes)), n * bytes);
}

/*
 * Alone in the process, nobody can get the address before we are back from the real free: so that
 * goes first, and what is recorded afterwards finds its cache lines there. (Counters, too: only
 * what other threads count in between could see a total that has not fallen yet.)
 */
static inline void record_and_free(struct mw_task *task, const struct mw_regs *regs, void *block)
{
	if (mw_likely(__libc_single_threaded)) {
		uint32_t *slot = mw_record_free_soon(task, block);
		MW_FORWARD_VOID(task, mw_real.free(block));
		mw_record_freed(task, regs, slot);
	} else {
		mw_record_free(task, regs, block);
		MW_FORWARD_VOID(task, mw_real.free(block));
	}
}

static inline void free_from(struct mw_task *task, const struct mw_regs *regs, void *block)
{
	/* The real free reads the chunk's header first: let that miss run beside our own. */
	__builtin_prefetch((const char *)block - 16, 1);
	bool is_ours = mw_unlikely(mw_boot_owns(block));
	if (mw_likely(task)) {
		if (mw_likely(block && !is_ours))
			record_and_free(task, regs, block);
		else if (!is_ours)
			mw_real.free(block);
		mw_task_leave(task);
	} else if (!is_ours) {
		mw_real.free(block);
	}
}

MW_EXPORT MW_FLAT void free(void *block)
{
	struct mw_regs regs = MW_CALLER_REGS();
	free_from(ENTER(), &regs, block);
}

/* A block of the boot allocator moves to the real one. */
static void *leave_boot(void *block, size_t bytes)
{
	void *moved = mw_real.malloc(bytes);
	if (moved)
		mw_boot_copy(moved, block, bytes);
	return moved;
}

static void *forward_realloc(void *block, size_t bytes)
{
	if (mw_unlikely(mw_boot_owns(block)))
		return leave_boot(block, bytes);
	return mw_real.realloc(block, bytes);
}

static MW_INLINE void *record_realloc(
	struct mw_task *task, const struct mw_regs *regs, void *block, size_t bytes)
{
	struct mw_record_moved moved;
	mw_record_realloc_begin(task, block, &moved);
	mw_record_prepare(task, regs);
	void *grown = MW_FORWARD(task, forward_realloc(block, bytes));
	if (mw_unlikely(!mw_task_is_undisturbed(task, __builtin_frame_address(0))))
		mw_record_prepare(task, regs);
	/* realloc(p, 0) frees p and returns NULL (malloc(3), glibc). */
	if (grown || (block && bytes == 0))
		mw_record_realloc_done(task, regs, &moved, grown, bytes);
	else
		mw_record_realloc_failed(task, block, &moved);
	mw_task_leave(task);
	return grown;
}

MW_EXPORT MW_HOT void *realloc(void *block, size_t bytes)
{
	struct mw_task *task = ENTER();
	if (mw_unlikely(!task))
		return forward_realloc(block, bytes);
	struct mw_regs regs = MW_CALLER_REGS();
	return record_realloc(task, &regs, block, bytes);
}

MW_EXPORT void *reallocarray(void *block, size_t n, size_t bytes)
{
	size_t all;
	if (__builtin_mul_overflow(n, bytes, &all)) {
		errno = ENOMEM; /* reallocarray(3) */
		return NULL;
	}
	struct mw_task *task = ENTER();
	if (mw_unlikely(!task))
		return forward_realloc(block, all);
	struct mw_regs regs = MW_CALLER_REGS();
	return record_realloc(task, &regs, block, all);
}

MW_EXPORT int posix_memalign(void **block_out, size_t alignment, size_t bytes)
{
	struct mw_task *task = ENTER();
	if (mw_unlikely(!task))
		return mw_real.posix_memalign ? mw_real.posix_memalign(block_out, alignment, bytes)
					      : ENOMEM;
	struct mw_regs regs = MW_CALLER_REGS();
	mw_record_prepare(task, &regs);
	int error = MW_FORWARD(task, mw_real.posix_memalign(block_out, alignment, bytes));
	done(task, &regs, error ? NULL : *block_out, bytes);
	return error;
}

MW_EXPORT void *aligned_alloc(size_t alignment, size_t bytes)
{
	struct mw_task *task = ENTER();
	if (mw_unlikely(!task))
		return mw_real.aligned_alloc(alignment, bytes);
	struct mw_regs regs = MW_CALLER_REGS();
	mw_record_prepare(task, &regs);
	return done(task, &regs, MW_FORWARD(task, mw_real.aligned_alloc(alignment, bytes)), bytes);
}

MW_EXPORT void *memalign(size_t alignment, size_t bytes)
{
	struct mw_task *task = ENTER();
	if (mw_unlikely(!task))
		return mw_real.memalign(alignment, bytes);
	struct mw_regs regs = MW_CALLER_REGS();
	mw_record_prepare(task, &regs);
	return done(task, &regs, MW_FORWARD(task, mw_real.memalign(alignment, bytes)), bytes);
}

MW_EXPORT void *valloc(size_t bytes)
{
	struct mw_task *task = ENTER();
	if (mw_unlikely(!task))
		return mw_real.valloc ? mw_real.valloc(bytes) : mw_real.memalign(4096, bytes);
	struct mw_regs regs = MW_CALLER_REGS();
	mw_record_prepare(task, &regs);
	return done(task, &regs, MW_FORWARD(task, mw_real.valloc(bytes)), bytes);
}

MW_EXPORT void *pvalloc(size_t bytes)
{
	struct mw_task *task = ENTER();
	if (mw_unlikely(!task))
		return mw_real.pvalloc ? mw_real.pvalloc(bytes) : mw_real.memalign(4096, bytes);
	struct mw_regs regs = MW_CALLER_REGS();
	mw_record_prepare(task, &regs);
	return done(task, &regs, MW_FORWARD(task, mw_real.pvalloc(bytes)), bytes);
}

MW_EXPORT size_t malloc_usable_size(void *block)
{
	if (mw_unlikely(block && mw_boot_owns(block)))
		return mw_boot_block_bytes(block);
	return mw_real.malloc_usable_size ? mw_real.malloc_usable_size(block) : 0;
}

/*
 * C23: free() with a hint of what malloc was asked for. Forwarded to free(), which takes every
 * block: libc before 2.43 has nothing else, and looking for more would cost a failing dlsym.
 */
MW_EXPORT void free_sized(void *block, size_t bytes);
MW_EXPORT void free_sized(void *block, size_t bytes)
{
	(void)bytes;
	struct mw_regs regs = MW_CALLER_REGS();
	free_from(ENTER(), &regs, block);
}

MW_EXPORT void free_aligned_sized(void *block, size_t alignment, size_t bytes);
MW_EXPORT void free_aligned_sized(void *block, size_t alignment, size_t bytes)
{
	(void)alignment;
	(void)bytes;
	struct mw_regs regs = MW_CALLER_REGS();
	free_from(ENTER(), &regs, block);
}
