/* SPDX: no licence chosen yet, see README */
/* json_object.c - a JSON object to be filled and printed. See json_object.h. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "preload/launch/clock.h"
#include "preload/launch/json_object.h"
#include "preload/launch/text.h"

/* The struct has no body: it is cJSON's own object by another name. */
static cJSON *own(const struct mw_json_object *object)
{
	return (cJSON *)object;
}

struct mw_json_object *mw_json_object_create(void)
{
	return (struct mw_json_object *)cJSON_CreateObject();
}

struct mw_json_object *mw_json_object_destroy(struct mw_json_object *object)
{
	cJSON_Delete(own(object));
	return NULL;
}

char *mw_json_object_print(const struct mw_json_object *object)
{
	return cJSON_Print(own(object));
}

struct mw_json_object *mw_json_object_add(struct mw_json_object *object, const char *key)
{
	return (struct mw_json_object *)cJSON_AddObjectToObject(own(object), key);
}

void mw_json_object_text(struct mw_json_object *object, const char *key, const char *text)
{
	char *clean = mw_text_make_utf8(text);
	cJSON_AddStringToObject(own(object), key, clean ? clean : "");
	free(clean);
}

void mw_json_object_words(struct mw_json_object *object, const char *key, char **words)
{
	cJSON *list = cJSON_AddArrayToObject(own(object), key);
	for (; *words != NULL; words++) {
		char *clean = mw_text_make_utf8(*words);
		cJSON_AddItemToArray(list, cJSON_CreateString(clean ? clean : ""));
		free(clean);
	}
}

void mw_json_object_raw(struct mw_json_object *object, const char *key, char *text)
{
	if (text != NULL)
		cJSON_AddRawToObject(own(object), key, text);
	free(text);
}

void mw_json_object_flag(struct mw_json_object *object, const char *key, bool value)
{
	cJSON_AddBoolToObject(own(object), key, value);
}

void mw_json_object_integer(struct mw_json_object *object, const char *key, int64_t value)
{
	char digits[32];
	snprintf(digits, sizeof(digits), "%" PRId64, value);
	cJSON_AddRawToObject(own(object), key, digits);
}

void mw_json_object_seconds(struct mw_json_object *object, const char *key, int64_t ns, int digits)
{
	char text[48];
	snprintf(text, sizeof(text), "%.*f", digits, (double)ns / MW_NS_PER_S);
	cJSON_AddRawToObject(own(object), key, text);
}

void mw_json_object_kib(struct mw_json_object *object, const char *key, int64_t bytes)
{
	if (bytes >= 0)
		mw_json_object_integer(object, key, bytes / 1024);
}
