/* SPDX: no licence chosen yet, see README */
/* run_json_values.c - numbers as members of a JSON object. See run_json_values.h. */
#include <inttypes.h>
#include <stdio.h>

#include "preload/launch/clock.h"
#include "preload/launch/run_json_values.h"

void mw_run_json_integer(cJSON *object, const char *key, int64_t value)
{
	char digits[32];
	snprintf(digits, sizeof(digits), "%" PRId64, value);
	cJSON_AddRawToObject(object, key, digits);
}

void mw_run_json_seconds(cJSON *object, const char *key, int64_t ns, int digits)
{
	char text[48];
	snprintf(text, sizeof(text), "%.*f", digits, (double)ns / MW_NS_PER_S);
	cJSON_AddRawToObject(object, key, text);
}

void mw_run_json_kib(cJSON *object, const char *key, int64_t bytes)
{
	if (bytes >= 0)
		mw_run_json_integer(object, key, bytes / 1024);
}
