/* SPDX: no licence chosen yet, see README */
/*
 * hook_sandbox.c - notices that the program locks itself in. Zone; hook.
 *
 * Under a seccomp filter a system call that the program does not make itself can be its death, and
 * ours would be those: opening the dump, /proc, asking for a tid. Installing a filter takes
 * PR_SET_NO_NEW_PRIVS first (seccomp(2); libseccomp does so even for root), always by prctl(). From
 * then on until exec the image records into what it has and what it has put aside, and counts the
 * rest as lost. Exec is the way out: a filter that allows it allows what the next program's loader
 * does, which is more.
 */
#define MW_ZONE_DEFINES_HOOKS

#include <stdarg.h>
#include <sys/prctl.h>

#include "preload/zone/arena.h"
#include "preload/zone/atomic.h"
#include "preload/zone/image.h"
#include "preload/zone/raw.h"
#include "preload/zone/real.h"
#include "preload/zone/task.h"
#include "preload/zone/zone.h"

uint32_t mw_is_sandboxed;

static bool locks_in(int operation, unsigned long argument)
{
	return operation == PR_SET_SECCOMP || (operation == PR_SET_NO_NEW_PRIVS && argument == 1);
}

/* Not in a vfork child, which locks itself in on its parent's memory. A forked child that has no
 * image yet gets it now: later it could not. */
static bool is_own_memory(void)
{
	return mw_process_is_recording() && mw_raw_getpid() == mw_image->pid;
}

MW_EXPORT int prctl(int operation, ...)
{
	va_list list;
	va_start(list, operation);
	unsigned long a = va_arg(list, unsigned long), b = va_arg(list, unsigned long);
	unsigned long c = va_arg(list, unsigned long), d = va_arg(list, unsigned long);
	va_end(list);
	if (mw_unlikely(!mw_real.prctl))
		mw_real_resolve_rest();
	if (locks_in(operation, a) && mw_control)
		mw_store_relaxed(&mw_control->is_any_locked_in, 1);
	bool is_locking_in = !mw_is_sandboxed && locks_in(operation, a) && is_own_memory();
	if (is_locking_in)
		mw_arena_reserve();
	int result = mw_real.prctl(operation, a, b, c, d);
	if (is_locking_in && result == 0) {
		mw_store_relaxed(&mw_is_sandboxed, 1);
		mw_image->flags |= MWD_IMAGE_SANDBOXED;
	}
	return result;
}
