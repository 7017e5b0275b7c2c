/* SPDX: no licence chosen yet, see README */
/* child_environment.c - the environment of the command. See child_environment.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "preload/environment.h"
#include "preload/launch/child_environment.h"

#define PRELOAD_SEPARATORS " :"

/* The value in "NAME=value" if the entry is of that name, else NULL. */
static const char *value_of(const char *entry, const char *name)
{
	size_t n = strlen(name);
	return strncmp(entry, name, n) == 0 && entry[n] == '=' ? entry + n + 1 : NULL;
}

/* "LD_PRELOAD=shim:others", the others without the shim. */
static char *join_preload(const char *shim, const char *others)
{
	size_t shim_bytes = strlen(shim);
	char *joined = malloc(sizeof(MW_ENV_PRELOAD) + shim_bytes + strlen(others) + 2);
	if (joined == NULL)
		return NULL;
	char *end = joined + sprintf(joined, "%s=%s", MW_ENV_PRELOAD, shim);
	for (const char *entry = others; *entry != '\0';) {
		size_t n = strcspn(entry, PRELOAD_SEPARATORS);
		if (n > 0 && !(n == shim_bytes && memcmp(entry, shim, n) == 0))
			end += sprintf(end, ":%.*s", (int)n, entry);
		entry += n + (entry[n] != '\0');
	}
	return joined;
}

static char *make_run_dir_entry(const char *run_dir)
{
	char *entry;
	return asprintf(&entry, "%s=%s", MW_ENV_RUN_DIR, run_dir) < 0 ? NULL : entry;
}

char **mw_child_environment_create(char **environment, const char *shim, const char *run_dir)
{
	size_t n = 0;
	const char *others = "";
	for (; environment[n] != NULL; n++) {
		const char *value = value_of(environment[n], MW_ENV_PRELOAD);
		if (value != NULL)
			others = value;
	}
	char **copy = calloc(n + 3, sizeof(*copy));
	if (copy == NULL)
		return NULL;
	size_t n_copied = 0;
	for (size_t i = 0; i < n; i++) {
		if (value_of(environment[i], MW_ENV_PRELOAD) == NULL &&
			value_of(environment[i], MW_ENV_RUN_DIR) == NULL)
			copy[n_copied++] = environment[i];
	}
	char *preload = join_preload(shim, others);
	char *directory = make_run_dir_entry(run_dir);
	if (preload == NULL || directory == NULL) {
		free(preload);
		free(directory);
		free(copy);
		return NULL;
	}
	copy[n_copied] = preload;
	copy[n_copied + 1] = directory;
	return copy;
}

/* Only the last two entries are our own; the others belong to the original. */
char **mw_child_environment_destroy(char **environment)
{
	if (environment == NULL)
		return NULL;
	size_t n = 0;
	while (environment[n] != NULL)
		n++;
	free(environment[n - 1]);
	free(environment[n - 2]);
	free(environment);
	return NULL;
}
