/* SPDX: no licence chosen yet, see README */
/*
 * json.h - JSON in and out: parse run.json, write the report. cJSON stays behind this seam.
 *
 * Reading walks a parsed document. Writing is a push emitter: nothing is kept in memory, so a
 * report of a million sites costs no more than one string at a time; the first failure sticks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct mw_json; /* a value of a parsed document */

/**
 * mw_json_parse() - text to values
 * @error_out: 0; -EINVAL when it is not JSON; -ENOMEM
 * Return: NULL with @error_out; destroy the result.
 */
struct mw_json *mw_json_parse(const char *text, size_t n_bytes, int *error_out);

/** mw_json_destroy() - NULL is allowed; returns NULL. */
struct mw_json *mw_json_destroy(struct mw_json *document);

/** mw_json_member() - member of an object, NULL if absent or not an object. NULL is allowed. */
const struct mw_json *mw_json_member(const struct mw_json *object, const char *key);

/** mw_json_first() - first element of an array, NULL if none; then mw_json_next(). */
const struct mw_json *mw_json_first(const struct mw_json *array);
const struct mw_json *mw_json_next(const struct mw_json *element);

/** mw_json_text() - the string, NULL if it is not one; borrowed from the document. */
const char *mw_json_text(const struct mw_json *value);

/** mw_json_number() - false if it is not a number (then *@out is untouched). */
bool mw_json_number(const struct mw_json *value, double *out);

/** mw_json_flag() - false if it is neither true nor false (then *@out is untouched). */
bool mw_json_flag(const struct mw_json *value, bool *out);

#define MW_JSON_MAX_DEPTH 16

struct mw_json_writer {
	FILE *out; /* borrowed */
	bool has_failed;
	unsigned depth;
	char closers[MW_JSON_MAX_DEPTH]; /* ']' or '}' of each open level */
	bool has_members[MW_JSON_MAX_DEPTH];
};

/* Every value takes its key (plain ASCII) inside an object, NULL inside an array and at the top.
 * Text that is
 * not UTF-8 is written with U+FFFD for each bad byte. */
void mw_json_open_object(struct mw_json_writer *writer, const char *key);
void mw_json_open_array(struct mw_json_writer *writer, const char *key);
void mw_json_close(struct mw_json_writer *writer);
void mw_json_put_int(struct mw_json_writer *writer, const char *key, int64_t value);
void mw_json_put_real(struct mw_json_writer *writer, const char *key, double value);
void mw_json_put_bool(struct mw_json_writer *writer, const char *key, bool value);
void mw_json_put_text(struct mw_json_writer *writer, const char *key, const char *text);
void mw_json_put_null(struct mw_json_writer *writer, const char *key);
