/* SPDX: no licence chosen yet, see README */
/* shim_path.c - where the shim lies, under a name that LD_PRELOAD can hold. See shim_path.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload/environment.h"
#include "preload/launch/shim_path.h"

/* MEMWATCH_LIBDIR: the installation's library directory, from CMake ("lib/x86_64-linux-gnu"). */
static const char *const places[] = {
	"../lib", /* build tree */
	"../" MEMWATCH_LIBDIR "/memwatch-preload",
	"../lib/memwatch-preload",
};

static int find_own_directory(char *directory_out)
{
	ssize_t n = readlink("/proc/self/exe", directory_out, PATH_MAX - 1);
	if (n <= 0)
		return -1;
	directory_out[n] = '\0';
	char *slash = strrchr(directory_out, '/');
	if (slash == NULL)
		return -1;
	*slash = '\0';
	return 0;
}

int mw_shim_path_find_beside(const char *name, char *path_out, struct mw_failure *failure_out)
{
	char directory[PATH_MAX];
	if (find_own_directory(directory) != 0)
		return mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out,
			"cannot read /proc/self/exe; is /proc mounted?");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		char candidate[2 * PATH_MAX];
		snprintf(candidate, sizeof(candidate), "%s/%s/%s", directory, places[i], name);
		if (realpath(candidate, path_out) != NULL)
			return MW_EXIT_OK;
	}
	return mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out,
		"%s not found in %s/../lib or beside", name, directory);
}

int mw_shim_path_find(struct mw_shim_path *shim_out, struct mw_failure *failure_out)
{
	*shim_out = (struct mw_shim_path){ 0 };
	return mw_shim_path_find_beside(MW_SHIM_NAME, shim_out->path, failure_out);
}

static int is_loadable(const char *path)
{
	return strpbrk(path, " :$\t\n") == NULL;
}

static int link_into(struct mw_shim_path *shim, const char *directory, struct mw_failure *failure)
{
	char link[PATH_MAX];
	int n = snprintf(link, sizeof(link), "%s/%s", directory, MW_SHIM_NAME);
	if (n >= (int)sizeof(link) || symlink(shim->path, link) != 0)
		return mw_failure_set(MW_EXIT_OWN_FAILURE, failure, "%s/%s: cannot link: %s",
			directory, MW_SHIM_NAME,
			strerror(n >= (int)sizeof(link) ? ENAMETOOLONG : errno));
	memcpy(shim->path, link, (size_t)n + 1);
	return MW_EXIT_OK;
}

int mw_shim_path_make_loadable(
	struct mw_shim_path *shim, const char *run_dir, struct mw_failure *failure_out)
{
	if (is_loadable(shim->path))
		return MW_EXIT_OK;
	if (is_loadable(run_dir))
		return link_into(shim, run_dir, failure_out);
	strcpy(shim->temporary, "/tmp/memwatch-XXXXXX");
	if (mkdtemp(shim->temporary) == NULL) {
		shim->temporary[0] = '\0';
		return mw_failure_set(MW_EXIT_OWN_FAILURE, failure_out,
			"/tmp: cannot make a directory: %s", strerror(errno));
	}
	/* Programs that change their user must still find it; the link itself is no secret. */
	chmod(shim->temporary, 0755);
	return link_into(shim, shim->temporary, failure_out);
}

void mw_shim_path_release(struct mw_shim_path *shim)
{
	if (shim->temporary[0] == '\0')
		return;
	unlink(shim->path);
	rmdir(shim->temporary);
	shim->temporary[0] = '\0';
}
