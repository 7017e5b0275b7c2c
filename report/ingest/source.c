/* SPDX: no licence chosen yet, see README */
/*
 * source.c - a source file as lines, for the tables that quote it.
 */
#include "report/ingest/source.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "report/ingest/file.h"
#include "report/util/format.h"

#define MAX_BYTES (64u << 20)

static int split(struct mw_source *source, size_t n_bytes)
{
	for (size_t at = 0; at < n_bytes;) {
		size_t *start = mw_array_push(&source->starts);
		if (!start)
			return -ENOMEM;
		*start = at;
		char *end = memchr(source->text + at, '\n', n_bytes - at);
		if (!end)
			end = source->text + n_bytes;
		*end = '\0';
		if (end > source->text + at && end[-1] == '\r')
			end[-1] = '\0';
		mw_format_clean_source(source->text + at);
		at = (size_t)(end - source->text) + 1;
	}
	return 0;
}

int mw_source_open(const char *path, uid_t run_owner, struct mw_source *source)
{
	struct stat status;
	memset(source, 0, sizeof(*source));
	int fd = mw_file_open(path, 0, &status);
	if (fd < 0)
		return fd;
	/* A run of somebody else must not show root what its owner could not read himself. */
	bool is_his = geteuid() != 0 || run_owner == 0 || status.st_uid == run_owner ||
		      (status.st_mode & S_IROTH);
	size_t n_bytes = 0;
	int error = !is_his ? -EACCES : status.st_size > MAX_BYTES ? -EFBIG : 0;
	if (!error) {
		source->text = mw_file_read(fd, (size_t)status.st_size, &n_bytes);
		error = source->text ? split(source, n_bytes) : -ENOMEM;
	}
	close(fd);
	return error;
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

int mw_open_source_line(struct mw_open_source *open, const char *path, uid_t run_owner,
	uint32_t line, const char **text_out)
{
	int error = 0;
	*text_out = NULL;
	if (!path || line == 0)
		return 0;
	if (!open->path || strcmp(open->path, path) != 0) {
		mw_open_source_close(open);
		open->path = path;
		error = mw_source_open(path, run_owner, &open->source);
		if (error)
			mw_source_close(&open->source); /* a file without lines */
	}
	const char *text = mw_source_line(&open->source, line);
	while (text && isspace((unsigned char)*text))
		text++;
	*text_out = text;
	return error == -ENOMEM ? error : 0;
}

void mw_open_source_close(struct mw_open_source *open)
{
	mw_source_close(&open->source);
	open->path = NULL;
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
