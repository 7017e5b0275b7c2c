/* SPDX: no licence chosen yet, see README */
/*
 * json.c - the only file that includes cJSON: parsing, and the escaping of strings.
 */
#include "report/util/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "report/util/format.h"

/* cJSON does not tell which it was. */
static bool has_memory_failed;

static void *allocate(size_t n_bytes)
{
	void *memory = malloc(n_bytes);
	has_memory_failed |= !memory;
	return memory;
}

struct mw_json *mw_json_parse(const char *text, size_t n_bytes, int *error_out)
{
	cJSON_Hooks hooks = { .malloc_fn = allocate, .free_fn = free };
	has_memory_failed = false;
	cJSON_InitHooks(&hooks);
	cJSON *document = cJSON_ParseWithLength(text, n_bytes);
	cJSON_InitHooks(NULL);
	*error_out = document ? 0 : has_memory_failed ? -ENOMEM : -EINVAL;
	return (struct mw_json *)document;
}

struct mw_json *mw_json_destroy(struct mw_json *document)
{
	cJSON_Delete((cJSON *)document);
	return NULL;
}

const struct mw_json *mw_json_member(const struct mw_json *object, const char *key)
{
	return (const struct mw_json *)cJSON_GetObjectItemCaseSensitive((const cJSON *)object, key);
}

const struct mw_json *mw_json_first(const struct mw_json *array)
{
	const cJSON *value = (const cJSON *)array;
	return cJSON_IsArray(value) ? (const struct mw_json *)value->child : NULL;
}

const struct mw_json *mw_json_next(const struct mw_json *element)
{
	return (const struct mw_json *)((const cJSON *)element)->next;
}

const char *mw_json_text(const struct mw_json *value)
{
	return cJSON_GetStringValue((cJSON *)value);
}

bool mw_json_number(const struct mw_json *value, double *out)
{
	if (!cJSON_IsNumber((const cJSON *)value))
		return false;
	*out = ((const cJSON *)value)->valuedouble;
	return true;
}

bool mw_json_flag(const struct mw_json *value, bool *out)
{
	if (!cJSON_IsBool((const cJSON *)value))
		return false;
	*out = cJSON_IsTrue((const cJSON *)value);
	return true;
}

/* Copy with bad bytes replaced; owned by the caller. */
static char *make_utf8(const char *text)
{
	char *clean = malloc(strlen(text) * 3 + 1);
	char *to = clean;
	for (const char *from = text; clean && *from;) {
		size_t n = mw_format_utf8_bytes(from);
		memcpy(to, n ? from : "\xef\xbf\xbd", n ? n : 3);
		to += n ? n : 3;
		from += n ? n : 1;
	}
	if (clean)
		*to = '\0';
	return clean;
}

static void write_text(struct mw_json_writer *writer, const char *text)
{
	char *clean = make_utf8(text);
	cJSON *value = clean ? cJSON_CreateStringReference(clean) : NULL;
	char *escaped = value ? cJSON_PrintUnformatted(value) : NULL;
	if (!escaped || fputs(escaped, writer->out) < 0)
		writer->has_failed = true;
	cJSON_free(escaped);
	cJSON_Delete(value);
	free(clean);
}

/* Outer levels get a line an element, inner ones stay on their line: readable and greppable. */
static void write_key(struct mw_json_writer *writer, const char *key)
{
	if (writer->depth > 0) {
		bool *has_members = &writer->has_members[writer->depth - 1];
		if (*has_members)
			fputc(',', writer->out);
		*has_members = true;
		if (writer->depth <= 2)
			fprintf(writer->out, "\n%*s", (int)writer->depth * 2, "");
	}
	if (key)
		fprintf(writer->out, "\"%s\":", key);
}

static void open_level(struct mw_json_writer *writer, const char *key, char opener, char closer)
{
	write_key(writer, key);
	fputc(opener, writer->out);
	if (writer->depth == MW_JSON_MAX_DEPTH) {
		writer->has_failed = true;
		return;
	}
	writer->closers[writer->depth] = closer;
	writer->has_members[writer->depth++] = false;
}

void mw_json_open_object(struct mw_json_writer *writer, const char *key)
{
	open_level(writer, key, '{', '}');
}

void mw_json_open_array(struct mw_json_writer *writer, const char *key)
{
	open_level(writer, key, '[', ']');
}

void mw_json_close(struct mw_json_writer *writer)
{
	unsigned level = --writer->depth;
	if (level < 2 && writer->has_members[level])
		fprintf(writer->out, "\n%*s", (int)level * 2, "");
	fputc(writer->closers[level], writer->out);
	if (level == 0)
		fputc('\n', writer->out);
	if (ferror(writer->out))
		writer->has_failed = true;
}

void mw_json_put_int(struct mw_json_writer *writer, const char *key, int64_t value)
{
	write_key(writer, key);
	fprintf(writer->out, "%" PRId64, value);
}

void mw_json_put_real(struct mw_json_writer *writer, const char *key, double value)
{
	write_key(writer, key);
	if (isfinite(value))
		fprintf(writer->out, "%.6f", value);
	else
		fputs("null", writer->out);
}

void mw_json_put_bool(struct mw_json_writer *writer, const char *key, bool value)
{
	write_key(writer, key);
	fputs(value ? "true" : "false", writer->out);
}

void mw_json_put_text(struct mw_json_writer *writer, const char *key, const char *text)
{
	if (!text) {
		mw_json_put_null(writer, key);
		return;
	}
	write_key(writer, key);
	write_text(writer, text);
}

void mw_json_put_null(struct mw_json_writer *writer, const char *key)
{
	write_key(writer, key);
	fputs("null", writer->out);
}
