/* SPDX: no licence chosen yet, see README */
/* hook_task.c - what memwatch.h calls, where we are loaded. Zone; hook. No hooks, but the program's
 * own calls: the same guard, and errno stays as it is. */
#include "preload/zone/region.h"
#include "preload/zone/task.h"
#include "preload/zone/zone.h"

MW_EXPORT void memwatch_begin(const char *name);
MW_EXPORT void memwatch_end(const char *name);
MW_EXPORT void memwatch_instant(const char *name);

void memwatch_begin(const char *name)
{
	struct mw_task *task = mw_task_enter(__builtin_frame_address(0));
	if (!task)
		return;
	mw_region_begin(task, name);
	mw_task_leave(task);
}

void memwatch_end(const char *name)
{
	struct mw_task *task = mw_task_enter(__builtin_frame_address(0));
	if (!task)
		return;
	mw_region_end(task, name);
	mw_task_leave(task);
}

void memwatch_instant(const char *name)
{
	struct mw_task *task = mw_task_enter(__builtin_frame_address(0));
	if (!task)
		return;
	mw_region_instant(task, name);
	mw_task_leave(task);
}
