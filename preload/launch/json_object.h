/* SPDX: no licence chosen yet, see README */
/*
 * json_object.h - a JSON object to be filled and printed: the launcher's only door to cJSON.
 * Hosted; run.json. Without memory a member is missing; nothing else happens.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct mw_json_object;

/** mw_json_object_create() - empty. Return: NULL without memory, which all others accept. */
struct mw_json_object *mw_json_object_create(void);

/** mw_json_object_destroy() - with all in it. Return: NULL. */
struct mw_json_object *mw_json_object_destroy(struct mw_json_object *object);

/** mw_json_object_print() - as text. Return: to be freed by the caller; NULL without memory. */
char *mw_json_object_print(const struct mw_json_object *object);

/** mw_json_object_add() - an object as a member. Return: borrowed. */
struct mw_json_object *mw_json_object_add(struct mw_json_object *object, const char *key);

/** mw_json_object_text() - bytes that are not UTF-8 become U+FFFD */
void mw_json_object_text(struct mw_json_object *object, const char *key, const char *text);

/** mw_json_object_words() - an array of texts, from a NULL terminated one */
void mw_json_object_words(struct mw_json_object *object, const char *key, char **words);

/** mw_json_object_raw() - @text is JSON itself; freed here; NULL = left out */
void mw_json_object_raw(struct mw_json_object *object, const char *key, char *text);

/** mw_json_object_flag() - true or false */
void mw_json_object_flag(struct mw_json_object *object, const char *key, bool value);

/** mw_json_object_integer() - all 64 bits: a double cannot hold nanoseconds since 1970 */
void mw_json_object_integer(struct mw_json_object *object, const char *key, int64_t value);

/** mw_json_object_seconds() - with so many digits; more would be noise of the clock */
void mw_json_object_seconds(struct mw_json_object *object, const char *key, int64_t ns, int digits);

/** mw_json_object_kib() - left out if @bytes is negative: unknown */
void mw_json_object_kib(struct mw_json_object *object, const char *key, int64_t bytes);
