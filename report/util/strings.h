/* SPDX: no licence chosen yet, see README */
/*
 * strings.h - every name of a report once: equal text, equal id. Id 0 = no string.
 */
#pragma once

#include "report/util/array.h"
#include "report/util/index.h"

struct mw_strings {
	MW_ARRAY(char *) texts; /* owned; texts.items[id - 1] */
	struct mw_index index;
};

void mw_strings_deinit(struct mw_strings *strings);

/**
 * mw_strings_intern() - the id of a text
 * @text: @n_bytes bytes without NUL inside; copied. NULL gives id 0.
 * Return: 0 or -ENOMEM.
 */
int mw_strings_intern(
	struct mw_strings *strings, const char *text, size_t n_bytes, uint32_t *id_out);

/** mw_strings_get() - the text, NUL terminated, stable until deinit; NULL for id 0. */
const char *mw_strings_get(const struct mw_strings *strings, uint32_t id);
