/* SPDX: no licence chosen yet, see README */
/* run_json_values.h - numbers as members of a JSON object. Hosted; run.json. */
#pragma once

#include <cjson/cJSON.h>
#include <stdint.h>

/** mw_run_json_integer() - all 64 bits: a double cannot hold nanoseconds since 1970 */
void mw_run_json_integer(cJSON *object, const char *key, int64_t value);

/** mw_run_json_seconds() - with so many digits; more would be noise of the clock */
void mw_run_json_seconds(cJSON *object, const char *key, int64_t ns, int digits);

/** mw_run_json_kib() - left out if @bytes is negative: unknown */
void mw_run_json_kib(cJSON *object, const char *key, int64_t bytes);
