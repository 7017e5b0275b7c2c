/* SPDX: no licence chosen yet, see README */
/*
 * source.c - a source file as lines, for the @profile tables.
 */
#include "report/ingest/source.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_BYTES (64u << 20)

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static int split(struct mw_source *source, size_t n_bytes)
{
	for (size_t at = 0; at < n_bytes;) {
		size_t *start = mw_array_push(&source->starts);
		if (!start)
			return -ENOMEM;
		*start = at;
		char *end = memchr(source->text + at, '\n', n_bytes - at);
		if (!end)
			break;
		*end = '\0';
		if (end > source->text + at && end[-1] == '\r')
			end[-1] = '\0';
		at = (size_t)(end - source->text) + 1;
	}
	return 0;
}

int mw_source_open(const char *path, struct mw_source *source)
{
	memset(source, 0, sizeof(*source));
	__attribute__((cleanup(close_file))) FILE *file = fopen(path, "re");
	struct stat status;
	if (!file || fstat(fileno(file), &status) != 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (status.st_size > MAX_BYTES)
		return -EFBIG;
	source->text = calloc(1, (size_t)status.st_size + 1);
	if (!source->text)
		return -ENOMEM;
	return split(source, fread(source->text, 1, (size_t)status.st_size, file));
}

void mw_source_close(struct mw_source *source)
{
	free(source->text);
	mw_array_deinit(&source->starts);
	source->text = NULL;
}

const char *mw_source_line(const struct mw_source *source, uint32_t line)
{
	return line == 0 || line > source->starts.n ? NULL
						    : source->text + source->starts.items[line - 1];
}

/* "void a::b<int>::f(char const*)" -> "f", as offsets into @function. */
static const char *bare_name(const char *function, size_t *n_bytes_out)
{
	size_t end = strcspn(function, "(<");
	size_t start = end;
	while (start > 0 &&
		(isalnum((unsigned char)function[start - 1]) || strchr("_$~", function[start - 1])))
		start--;
	*n_bytes_out = end - start;
	return function + start;
}

static bool has_definition(const char *line, const char *name, size_t n_bytes)
{
	size_t length = strlen(line);
	while (length > 0 && isspace((unsigned char)line[length - 1]))
		length--;
	if (length == 0 || line[length - 1] == ';')
		return false;
	for (const char *at = line; (at = strstr(at, name)); at++) {
		bool is_word = at == line || !(isalnum((unsigned char)at[-1]) || at[-1] == '_');
		const char *after = at + n_bytes;
		while (*after == ' ')
			after++;
		if (is_word && *after == '(')
			return true;
	}
	return false;
}

uint32_t mw_source_find_function(
	const struct mw_source *source, const char *function, uint32_t first_line)
{
	char name[128];
	size_t n_bytes;
	const char *bare = bare_name(function, &n_bytes);
	if (n_bytes == 0 || n_bytes >= sizeof(name))
		return first_line;
	memcpy(name, bare, n_bytes);
	name[n_bytes] = '\0';
	for (uint32_t line = first_line; line > 0; line--) {
		const char *text = mw_source_line(source, line);
		if (!text || (text[0] == '}' && line != first_line))
			break;
		if (has_definition(text, name, n_bytes))
			return line;
	}
	return first_line;
}
