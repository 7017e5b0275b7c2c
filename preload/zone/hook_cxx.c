/* SPDX: no licence chosen yet, see README */
/*
 * hook_cxx.c - all forms of C++ operator new and delete, by their mangled names (Itanium C++ ABI,
 * 5.1.3; [new.delete]). Zone; the first step of hook -> unwind -> account.
 *
 * Forwarded to the next definition, so that a program with an allocator of its own keeps it.
 * Where that one calls malloc (libstdc++), the block is recorded there; where it does not
 * (tcmalloc, jemalloc), here. No hook is busy while the real operator new runs: it may throw, and
 * a new_handler may do anything. Deleting does not throw.
 */
#define MW_ZONE_DEFINES_HOOKS

#include <stdlib.h>

#include "preload/zone/atomic.h"
#include "preload/zone/live_table.h"
#include "preload/zone/real.h"
#include "preload/zone/record.h"
#include "preload/zone/task.h"
#include "preload/zone/zone.h"

static void *find(void **cache, const char *name, const void *caller)
{
	void *symbol = mw_load_relaxed(cache);
	if (mw_likely(symbol))
		return symbol;
	symbol = mw_real_symbol(name, caller);
	mw_store_relaxed(cache, symbol);
	return symbol;
}

/* Also reached when no object defines the operator we were called for: then malloc serves, as the
 * default operator would, but failure cannot become an exception. */
static void *plain_new(size_t bytes, size_t alignment)
{
	return alignment ? mw_real.memalign(alignment, bytes) : mw_real.malloc(bytes ? bytes : 1);
}

static void record_new(
	const void *frame, const struct mw_regs *regs, const void *block, size_t bytes)
{
	if (!block || mw_live_table_has((uintptr_t)block))
		return;
	struct mw_task *task = mw_task_enter(frame);
	if (!task)
		return;
	mw_record_alloc(task, regs, block, bytes);
	mw_task_leave(task);
}

static void plain_delete(void *block)
{
	if (!mw_boot_owns(block))
		mw_real.free(block);
}

#define BEGIN_NEW(name)                                                                            \
	static void *real_##name;                                                                  \
	struct mw_regs regs = MW_CALLER_REGS();                                                    \
	void *real = find(&real_##name, #name, (const void *)regs.pc)

#define END_NEW()                                                                                  \
	record_new(__builtin_frame_address(0), &regs, block, bytes);                               \
	return block

#define DEFINE_NEW(name)                                                                           \
	MW_EXPORT void *name(size_t bytes);                                                        \
	MW_EXPORT void *name(size_t bytes)                                                         \
	{                                                                                          \
		BEGIN_NEW(name);                                                                   \
		void *block = real ? ((void *(*)(size_t))real)(bytes) : plain_new(bytes, 0);       \
		END_NEW();                                                                         \
	}

#define DEFINE_NEW_NOTHROW(name)                                                                   \
	MW_EXPORT void *name(size_t bytes, const void *tag);                                       \
	MW_EXPORT void *name(size_t bytes, const void *tag)                                        \
	{                                                                                          \
		BEGIN_NEW(name);                                                                   \
		void *block = real ? ((void *(*)(size_t, const void *))real)(bytes, tag)           \
				   : plain_new(bytes, 0);                                          \
		END_NEW();                                                                         \
	}

#define DEFINE_NEW_ALIGNED(name)                                                                   \
	MW_EXPORT void *name(size_t bytes, size_t alignment);                                      \
	MW_EXPORT void *name(size_t bytes, size_t alignment)                                       \
	{                                                                                          \
		BEGIN_NEW(name);                                                                   \
		void *block = real ? ((void *(*)(size_t, size_t))real)(bytes, alignment)           \
				   : plain_new(bytes, alignment);                                  \
		END_NEW();                                                                         \
	}

#define DEFINE_NEW_ALIGNED_NOTHROW(name)                                                           \
	MW_EXPORT void *name(size_t bytes, size_t alignment, const void *tag);                     \
	MW_EXPORT void *name(size_t bytes, size_t alignment, const void *tag)                      \
	{                                                                                          \
		BEGIN_NEW(name);                                                                   \
		void *block = real ? ((void *(*)(size_t, size_t, const void *))real)(              \
					     bytes, alignment, tag)                                \
				   : plain_new(bytes, alignment);                                  \
		END_NEW();                                                                         \
	}

/* Every operator delete takes the block first; size, alignment and tag, where they are, go on
 * untouched. */
#define DEFINE_DELETE(name, parameters, arguments)                                                 \
	MW_EXPORT void name parameters;                                                            \
	MW_EXPORT void name parameters                                                             \
	{                                                                                          \
		static void *real_##name;                                                          \
		struct mw_regs regs = MW_CALLER_REGS();                                            \
		void(*real) parameters =                                                           \
			(void(*) parameters)find(&real_##name, #name, (const void *)regs.pc);      \
		struct mw_task *task = block ? mw_task_enter(__builtin_frame_address(0)) : NULL;   \
		if (task)                                                                          \
			mw_record_free(task, &regs, block);                                        \
		if (real)                                                                          \
			real arguments;                                                            \
		else                                                                               \
			plain_delete(block);                                                       \
		if (task)                                                                          \
			mw_task_leave(task);                                                       \
	}

DEFINE_NEW(_Znwm)
DEFINE_NEW(_Znam)
DEFINE_NEW_NOTHROW(_ZnwmRKSt9nothrow_t)
DEFINE_NEW_NOTHROW(_ZnamRKSt9nothrow_t)
DEFINE_NEW_ALIGNED(_ZnwmSt11align_val_t)
DEFINE_NEW_ALIGNED(_ZnamSt11align_val_t)
DEFINE_NEW_ALIGNED_NOTHROW(_ZnwmSt11align_val_tRKSt9nothrow_t)
DEFINE_NEW_ALIGNED_NOTHROW(_ZnamSt11align_val_tRKSt9nothrow_t)

DEFINE_DELETE(_ZdlPv, (void *block), (block))
DEFINE_DELETE(_ZdaPv, (void *block), (block))
DEFINE_DELETE(_ZdlPvm, (void *block, size_t bytes), (block, bytes))
DEFINE_DELETE(_ZdaPvm, (void *block, size_t bytes), (block, bytes))
DEFINE_DELETE(_ZdlPvRKSt9nothrow_t, (void *block, const void *tag), (block, tag))
DEFINE_DELETE(_ZdaPvRKSt9nothrow_t, (void *block, const void *tag), (block, tag))
DEFINE_DELETE(_ZdlPvSt11align_val_t, (void *block, size_t alignment), (block, alignment))
DEFINE_DELETE(_ZdaPvSt11align_val_t, (void *block, size_t alignment), (block, alignment))
DEFINE_DELETE(_ZdlPvmSt11align_val_t, (void *block, size_t bytes, size_t alignment),
	(block, bytes, alignment))
DEFINE_DELETE(_ZdaPvmSt11align_val_t, (void *block, size_t bytes, size_t alignment),
	(block, bytes, alignment))
DEFINE_DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *block, size_t alignment, const void *tag),
	(block, alignment, tag))
DEFINE_DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *block, size_t alignment, const void *tag),
	(block, alignment, tag))
