/* SPDX: no licence chosen yet, see README */
/*
 * hook_dl.c - dlclose: the one moment in which a pc can change its meaning. Zone; hook.
 * dlopen is not hooked: it looks at its caller's RUNPATH, and new modules need no notice.
 */
#define MW_ZONE_DEFINES_HOOKS

#include <dlfcn.h>

#include "preload/zone/modules.h"
#include "preload/zone/real.h"
#include "preload/zone/zone.h"

MW_EXPORT int dlclose(void *handle)
{
	if (mw_unlikely(!mw_real.dlclose))
		mw_real_resolve_rest();
	mw_modules_close_begin();
	int result = mw_real.dlclose(handle);
	mw_modules_close_end();
	return result;
}
