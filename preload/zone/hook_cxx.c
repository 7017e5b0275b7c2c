/* SPDX: no licence chosen yet, see README */
/*
 * hook_cxx.c - all forms of C++ operator new and delete, by their mangled names (Itanium C++ ABI,
 * 5.1.3; [new.delete]). Zone; the first step of hook -> unwind -> account.
 *
 * Forwarded to the next definition, so that a program with an allocator of its own keeps it.
 * Where that one calls malloc (libstdc++), the block is recorded there; where it does not
 * (tcmalloc, jemalloc), here. No hook is busy while the real operator new runs: it may throw, and
 * a new_handler may do anything. Deleting does not throw.
 *
 * Looking a symbol up takes the loader's lock, which another thread can hold while it waits for
 * this one (a constructor under dlopen that starts threads), and makes the program's dlerror()
 * forget. So all are looked up once, before main. A C++ library that comes in by dlopen later is
 * not asked: malloc serves, as in the default operators, until it fails; see plain_new().
 */
#define MW_ZONE_DEFINES_HOOKS

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/single_threaded.h>

#include "preload/zone/atomic.h"
#include "preload/zone/live_table.h"
#include "preload/zone/real.h"
#include "preload/zone/record.h"
#include "preload/zone/task.h"
#include "preload/zone/zone.h"

#define OPERATORS(X)                                                                               \
	X(_Znwm)                                                                                   \
	X(_Znam)                                                                                   \
	X(_ZnwmRKSt9nothrow_t)                                                                     \
	X(_ZnamRKSt9nothrow_t)                                                                     \
	X(_ZnwmSt11align_val_t)                                                                    \
	X(_ZnamSt11align_val_t)                                                                    \
	X(_ZnwmSt11align_val_tRKSt9nothrow_t)                                                      \
	X(_ZnamSt11align_val_tRKSt9nothrow_t)                                                      \
	X(_ZdlPv)                                                                                  \
	X(_ZdaPv)                                                                                  \
	X(_ZdlPvm)                                                                                 \
	X(_ZdaPvm)                                                                                 \
	X(_ZdlPvRKSt9nothrow_t)                                                                    \
	X(_ZdaPvRKSt9nothrow_t)                                                                    \
	X(_ZdlPvSt11align_val_t)                                                                   \
	X(_ZdaPvSt11align_val_t)                                                                   \
	X(_ZdlPvmSt11align_val_t)                                                                  \
	X(_ZdaPvmSt11align_val_t)                                                                  \
	X(_ZdlPvSt11align_val_tRKSt9nothrow_t)                                                     \
	X(_ZdaPvSt11align_val_tRKSt9nothrow_t)

static struct {
#define X(name) void *name;
	OPERATORS(X)
#undef X
} operators;

static uint32_t is_resolved;

static bool is_cxx_library(const struct link_map *map)
{
	return strstr(map->l_name, "/libstdc++.so") || strstr(map->l_name, "/libc++.so");
}

/* The C++ library behind us, or NULL: then look-ups would fail, which allocates a message. */
static const struct link_map *cxx_library(void)
{
	struct dl_find_object found;
	const struct link_map *map =
		_dl_find_object((void *)cxx_library, &found) == 0 ? found.dlfo_link_map : NULL;
	while (map && !is_cxx_library(map))
		map = map->l_next;
	return map;
}

/* The operator of a library that came late; asked when memory is gone, no more often. */
static MW_COLD void *late_operator(const char *name)
{
	const struct link_map *library = cxx_library();
	void *handle = library ? dlopen(library->l_name, RTLD_LAZY | RTLD_NOLOAD) : NULL;
	if (!handle)
		return NULL;
	void *symbol = dlsym(handle, name);
	dlclose(handle);
	return symbol;
}

MW_COLD void mw_cxx_resolve(void)
{
	if (mw_load_acquire(&is_resolved))
		return;
	if (cxx_library()) {
#define X(name) operators.name = dlsym(RTLD_NEXT, #name);
		OPERATORS(X)
#undef X
	}
	mw_store_release(&is_resolved, 1);
}

/* Constructors of other libraries can come before ours. */
static inline void be_resolved(void)
{
	if (mw_unlikely(!mw_load_acquire(&is_resolved)))
		mw_cxx_resolve();
}

static void record(
	struct mw_task *task, const struct mw_regs *regs, const void *block, size_t bytes)
{
	mw_record_prepare(task, regs);
	mw_record_alloc(task, regs, block, bytes);
}

/* No definition was there at the start. NULL: the real operator knows what failure means, be it a
 * new_handler, an exception or NULL. */
static MW_NOINLINE void *plain_new(
	const void *frame, const struct mw_regs *regs, size_t bytes, size_t alignment)
{
	struct mw_task *task = mw_task_enter(frame);
	if (task)
		task->is_forwarding = 1;
	void *block =
		alignment ? mw_real.memalign(alignment, bytes) : mw_real.malloc(bytes ? bytes : 1);
	if (task)
		task->is_forwarding = 0;
	if (block && task)
		record(task, regs, block, bytes);
	if (task)
		mw_task_leave(task);
	return block;
}

static void record_new(
	const void *frame, const struct mw_regs *regs, const void *block, size_t bytes)
{
	if (!block || mw_live_table_has((uintptr_t)block))
		return;
	struct mw_task *task = mw_task_enter(frame);
	if (!task)
		return;
	record(task, regs, block, bytes);
	mw_task_leave(task);
}

static void plain_delete(void *block)
{
	if (!mw_boot_owns(block))
		mw_real.free(block);
}

#define DEFINE_NEW_AS(name, parameters, arguments, alignment)                                      \
	MW_EXPORT void *name parameters;                                                           \
	MW_EXPORT void *name parameters                                                            \
	{                                                                                          \
		struct mw_regs regs = MW_CALLER_REGS();                                            \
		be_resolved();                                                                     \
		void *(*real)parameters = (void *(*)parameters)operators.name;                     \
		if (mw_unlikely(!real)) {                                                          \
			const void *frame = __builtin_frame_address(0);                            \
			void *plain = plain_new(frame, &regs, bytes, alignment);                   \
			if (!plain)                                                                \
				*(void **)&real = late_operator(#name);                            \
			if (!real)                                                                 \
				return plain;                                                      \
		}                                                                                  \
		void *block = real arguments;                                                      \
		record_new(__builtin_frame_address(0), &regs, block, bytes);                       \
		return block;                                                                      \
	}

#define DEFINE_NEW(name) DEFINE_NEW_AS(name, (size_t bytes), (bytes), 0)
#define DEFINE_NEW_NOTHROW(name)                                                                   \
	DEFINE_NEW_AS(name, (size_t bytes, const void *tag), (bytes, tag), 0)
#define DEFINE_NEW_ALIGNED(name)                                                                   \
	DEFINE_NEW_AS(name, (size_t bytes, size_t alignment), (bytes, alignment), alignment)
#define DEFINE_NEW_ALIGNED_NOTHROW(name)                                                           \
	DEFINE_NEW_AS(name, (size_t bytes, size_t alignment, const void *tag),                     \
		(bytes, alignment, tag), alignment)

/* Every operator delete takes the block first; size, alignment and tag, where they are, go on
 * untouched. */
#define DEFINE_DELETE(name, parameters, arguments)                                                 \
	MW_EXPORT void name parameters;                                                            \
	MW_EXPORT void name parameters                                                             \
	{                                                                                          \
		struct mw_regs regs = MW_CALLER_REGS();                                            \
		be_resolved();                                                                     \
		void(*real) parameters = (void(*) parameters)operators.name;                       \
		struct mw_task *task = block ? mw_task_enter(__builtin_frame_address(0)) : NULL;   \
		bool is_alone = task && __libc_single_threaded;                                    \
		uint32_t *slot = is_alone ? mw_record_free_soon(task, block) : NULL;               \
		if (task && !is_alone)                                                             \
			mw_record_free(task, &regs, block);                                        \
		if (task)                                                                          \
			task->is_forwarding = 1;                                                   \
		if (real)                                                                          \
			real arguments;                                                            \
		else                                                                               \
			plain_delete(block);                                                       \
		if (task)                                                                          \
			task->is_forwarding = 0;                                                   \
		if (is_alone) /* see record_and_free() in hook_alloc.c */                          \
			mw_record_freed(task, &regs, slot);                                        \
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
