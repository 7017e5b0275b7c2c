/* SPDX: no licence chosen yet, see README */
/* report_library.c - the report, loaded when it is needed. See report_library.h. */
#include <dlfcn.h>
#include <string.h>

#include "preload/launch/report_library.h"
#include "preload/launch/shim_path.h"

const struct mw_report_library *mw_report_library_load(struct mw_failure *failure_out)
{
	static const struct mw_report_library *loaded;
	char path[PATH_MAX];
	if (loaded != NULL)
		return loaded;
	if (mw_shim_path_find_beside(MW_REPORT_LIBRARY_NAME, path, failure_out) != MW_EXIT_OK)
		return NULL;
	void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	const struct mw_report_library *library =
		handle != NULL ? dlsym(handle, MW_REPORT_LIBRARY_SYMBOL) : NULL;
	if (library == NULL) {
		mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out, "%s", dlerror());
		return NULL;
	}
	if (strcmp(library->version, MEMWATCH_VERSION) != 0) {
		mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out, "%s: of version %s, not %s", path,
			library->version, MEMWATCH_VERSION);
		return NULL;
	}
	library->survive_truncation();
	loaded = library;
	return loaded;
}
