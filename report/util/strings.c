/* SPDX: no licence chosen yet, see README */
/*
 * strings.c - the string pool: one heap copy a text, found by hash.
 */
#include "report/util/strings.h"

#include <errno.h>
#include <string.h>

struct text_key {
	const char *text;
	size_t n_bytes;
};

void mw_strings_deinit(struct mw_strings *strings)
{
	for (size_t i = 0; i < strings->texts.n; i++)
		free(strings->texts.items[i]);
	mw_array_deinit(&strings->texts);
	mw_index_deinit(&strings->index);
}

static bool is_equal(const void *context, uint32_t element, const void *key)
{
	const struct mw_strings *strings = context;
	const struct text_key *wanted = key;
	const char *text = strings->texts.items[element];
	return strncmp(text, wanted->text, wanted->n_bytes) == 0 && text[wanted->n_bytes] == '\0';
}

int mw_strings_intern(
	struct mw_strings *strings, const char *text, size_t n_bytes, uint32_t *id_out)
{
	if (!text) {
		*id_out = 0;
		return 0;
	}
	struct text_key key = { text, n_bytes };
	uint64_t hash = mw_hash_bytes(MW_HASH_START, text, n_bytes);
	uint32_t element;
	if (mw_index_find(&strings->index, hash, is_equal, strings, &key, &element) == 0) {
		*id_out = element + 1;
		return 0;
	}
	char *copy = strndup(text, n_bytes);
	char **slot = copy ? mw_array_push(&strings->texts) : NULL;
	if (!slot || mw_index_add(&strings->index, hash, (uint32_t)(strings->texts.n - 1)) != 0) {
		if (slot)
			strings->texts.n--;
		free(copy);
		return -ENOMEM;
	}
	*slot = copy;
	*id_out = (uint32_t)strings->texts.n;
	return 0;
}

const char *mw_strings_get(const struct mw_strings *strings, uint32_t id)
{
	return id == 0 || id > strings->texts.n ? NULL : strings->texts.items[id - 1];
}
