/* SPDX: no licence chosen yet, see README */
/*
 * hook_dl.c - dlclose: the one moment in which a pc can change its meaning. Zone; hook.
 * dlopen is not hooked: it looks at its caller's RUNPATH, and new modules need no notice.
 */
#define MW_ZONE_DEFINES_HOOKS

#include <dlfcn.h>
#include <link.h>
#include <stdint.h>

#include "preload/zone/modules.h"
#include "preload/zone/real.h"
#include "preload/zone/zone.h"

static int take_unloads(struct dl_phdr_info *info, size_t bytes, void *n_out)
{
	(void)bytes;
	*(uint64_t *)n_out = info->dlpi_subs;
	return 1; /* the number is the process's, whichever object tells it */
}

/* Takes the lock of the loader's list, as dlclose itself does. */
static uint64_t count_unloads(void)
{
	uint64_t n = 0;
	dl_iterate_phdr(take_unloads, &n);
	return n;
}

MW_EXPORT int dlclose(void *handle)
{
	if (mw_unlikely(!mw_real.dlclose))
		mw_real_resolve_rest();
	mw_modules_close_begin();
	int result = mw_real.dlclose(handle);
	mw_modules_close_end(count_unloads());
	return result;
}
