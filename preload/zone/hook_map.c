/* SPDX: no licence chosen yet, see README */
/*
 * hook_map.c - mmap and its family, brk and sbrk. Zone; the first step of hook -> unwind ->
 * account. Calls from inside an allocator behind us are its heap, not the program's mappings, and
 * are passed through: the hook of malloc is busy then.
 */
#define MW_ZONE_DEFINES_HOOKS

#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "preload/zone/raw.h"
#include "preload/zone/real.h"
#include "preload/zone/record.h"
#include "preload/zone/task.h"
#include "preload/zone/zone.h"

#define ENTER() mw_task_enter(__builtin_frame_address(0))

static void resolve(void)
{
	if (mw_unlikely(!mw_real.sbrk))
		mw_real_resolve_rest();
}

/* The kernel maps and unmaps whole pages. */
static size_t whole_pages(size_t bytes)
{
	return (bytes + MWD_PAGE - 1) & ~(size_t)(MWD_PAGE - 1);
}

static bool replaces_old(int flags)
{
	return (flags & MAP_FIXED) && (flags & MAP_FIXED_NOREPLACE) != MAP_FIXED_NOREPLACE;
}

static void *finish_map(struct mw_task *task, const struct mw_regs *regs, struct mw_cut *cut,
	void *mapped, size_t bytes, int flags)
{
	if (mapped == MAP_FAILED) {
		mw_mappings_restore(cut);
	} else {
		mw_record_unmap_done(task, regs, cut);
		mw_record_map(task, regs, mapped, whole_pages(bytes),
			flags & MAP_ANONYMOUS ? MWD_CLASS_ANON : MWD_CLASS_FILE);
	}
	mw_task_leave(task);
	return mapped;
}

#define DEFINE_MMAP(name)                                                                          \
	MW_EXPORT void *name(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)    \
	{                                                                                          \
		struct mw_task *task = ENTER();                                                    \
		resolve();                                                                         \
		if (mw_unlikely(!task))                                                            \
			return mw_real.name(at, bytes, prot, flags, fd, offset);                   \
		struct mw_regs regs = MW_CALLER_REGS();                                            \
		struct mw_cut cut = { 0 };                                                         \
		if (replaces_old(flags))                                                           \
			mw_record_unmap_begin(at, whole_pages(bytes), &cut);                       \
		void *mapped = mw_real.name(at, bytes, prot, flags, fd, offset);                   \
		return finish_map(task, &regs, &cut, mapped, bytes, flags);                        \
	}

DEFINE_MMAP(mmap)
DEFINE_MMAP(mmap64)

MW_EXPORT int munmap(void *at, size_t bytes)
{
	struct mw_task *task = ENTER();
	resolve();
	if (mw_unlikely(!task))
		return mw_real.munmap(at, bytes);
	struct mw_regs regs = MW_CALLER_REGS();
	struct mw_cut cut = { 0 };
	mw_record_unmap_begin(at, whole_pages(bytes), &cut);
	int result = mw_real.munmap(at, bytes);
	if (result == 0)
		mw_record_unmap_done(task, &regs, &cut);
	else
		mw_mappings_restore(&cut);
	mw_task_leave(task);
	return result;
}

/* A mapping that moves or changes size counts as unmapped and mapped again, as with realloc. */
MW_EXPORT void *mremap(void *old, size_t old_bytes, size_t bytes, int flags, ...)
{
	va_list arguments;
	va_start(arguments, flags);
	void *wanted = flags & MREMAP_FIXED ? va_arg(arguments, void *) : NULL;
	va_end(arguments);
	struct mw_task *task = ENTER();
	resolve();
	if (mw_unlikely(!task))
		return mw_real.mremap(old, old_bytes, bytes, flags, wanted);
	struct mw_regs regs = MW_CALLER_REGS();
	struct mw_cut cut = { 0 };
	enum mwd_class class = mw_record_class_at(task, old, MWD_CLASS_ANON);
	if (!(flags & MREMAP_DONTUNMAP))
		mw_record_unmap_begin(old, whole_pages(old_bytes), &cut);
	if (flags & MREMAP_FIXED)
		mw_record_unmap_begin(wanted, whole_pages(bytes), &cut);
	void *moved = mw_real.mremap(old, old_bytes, bytes, flags, wanted);
	if (moved == MAP_FAILED) {
		mw_mappings_restore(&cut);
	} else {
		mw_record_unmap_done(task, &regs, &cut);
		mw_record_map(task, &regs, moved, whole_pages(bytes), class);
	}
	mw_task_leave(task);
	return moved;
}

/* The program break went from @before to @after. */
static void record_break(
	struct mw_task *task, const struct mw_regs *regs, char *before, char *after)
{
	if (after > before) {
		mw_record_map(task, regs, before, (size_t)(after - before), MWD_CLASS_ANON);
	} else if (after < before) {
		struct mw_cut cut = { 0 };
		mw_record_unmap_begin(after, (size_t)(before - after), &cut);
		mw_record_unmap_done(task, regs, &cut);
	}
}

static char *current_break(void)
{
	return (char *)mw_raw(SYS_brk, 0, 0, 0);
}

MW_EXPORT int brk(void *end)
{
	struct mw_task *task = ENTER();
	resolve();
	if (mw_unlikely(!task))
		return mw_real.brk(end);
	struct mw_regs regs = MW_CALLER_REGS();
	char *before = current_break();
	int result = mw_real.brk(end);
	if (result == 0)
		record_break(task, &regs, before, end);
	mw_task_leave(task);
	return result;
}

MW_EXPORT void *sbrk(intptr_t increment)
{
	struct mw_task *task = ENTER();
	resolve();
	if (mw_unlikely(!task))
		return mw_real.sbrk(increment);
	struct mw_regs regs = MW_CALLER_REGS();
	char *before = mw_real.sbrk(increment);
	if (before != (void *)-1 && increment)
		record_break(task, &regs, before, before + increment);
	mw_task_leave(task);
	return before;
}
