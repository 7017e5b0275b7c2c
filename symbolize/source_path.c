/* SPDX: no licence chosen yet, see README */
/*
 * source_path.c - full names of source files (source_path.h). Part of symbolize; hosted.
 *
 * A header included from two directories is recorded as /b/lib/../inc/a.h and /b/./inc/a.h; the
 * report adds up by (file, line) and wants one name. "." goes always; "dir/.." goes unless dir is
 * a symbolic link here and the shorter name would be another file, or none.
 */
#include "symbolize/source_path.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "symbolize/store.h"

static bool is_part(const char *part, size_t part_bytes, const char *text)
{
	return strlen(text) == part_bytes && memcmp(part, text, part_bytes) == 0;
}

/* Cuts the last part off the @used_bytes of @path, if it may go. */
static bool drop_last_part(const char *path, size_t *used_bytes)
{
	size_t start = *used_bytes;

	while (start > 0 && path[start - 1] != '/')
		start--;
	if (start == 0 || start == *used_bytes || is_part(path + start, *used_bytes - start, ".."))
		return false;
	*used_bytes = start - 1;
	return true;
}

/* @shorter has room for @path. A leading "./" is part of the name the compiler was told to
 * record (-ffile-prefix-map) and stays. */
static void remove_dots(const char *path, char *shorter, bool removes_parents)
{
	const char *part = path;
	size_t used_bytes = 0;

	while (true) {
		size_t part_bytes = strcspn(part, "/");
		bool is_first = part == path;
		bool is_dropped = !is_first && (part_bytes == 0 || is_part(part, part_bytes, "."));

		if (!is_dropped && removes_parents && is_part(part, part_bytes, ".."))
			is_dropped = (path[0] == '/' && used_bytes == 0) ||
				     drop_last_part(shorter, &used_bytes);
		if (!is_dropped) {
			if (!is_first)
				shorter[used_bytes++] = '/';
			memcpy(shorter + used_bytes, part, part_bytes);
			used_bytes += part_bytes;
		}
		if (part[part_bytes] == '\0')
			break;
		part += part_bytes + 1;
	}
	shorter[used_bytes] = '\0';
}

/* Files that are not here cannot be told apart, and nobody will read them. */
static bool is_other_file(const char *path, const char *shorter)
{
	struct stat status, shorter_status;

	if (stat(path, &status) != 0)
		return false;
	return stat(shorter, &shorter_status) != 0 || status.st_dev != shorter_status.st_dev ||
	       status.st_ino != shorter_status.st_ino;
}

static char *shorten(const char *path)
{
	char *shorter = malloc(strlen(path) + 1);

	if (!shorter)
		return NULL;
	remove_dots(path, shorter, true);
	if (path[0] == '/' && strcmp(path, shorter) != 0 && is_other_file(path, shorter))
		remove_dots(path, shorter, false);
	return shorter;
}

/* libdw has joined some names with the directory already, not all. */
static bool has_directory(const char *file, const char *directory)
{
	size_t directory_bytes = strlen(directory);

	return file[0] == '/' ||
	       (strncmp(file, directory, directory_bytes) == 0 && file[directory_bytes] == '/');
}

const char *mw_symbol_source_path(
	struct mw_symbol_store *store, const char *directory, const char *file)
{
	const char *path;
	char *joined;

	if (!directory || has_directory(file, directory))
		return mw_symbol_store_derive(store, file, shorten);
	if (asprintf(&joined, "%s/%s", directory, file) < 0) {
		mw_symbol_store_fail(store);
		return NULL;
	}
	path = mw_symbol_store_derive(store, joined, shorten);
	free(joined);
	return path;
}
