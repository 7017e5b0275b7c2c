/* SPDX: no licence chosen yet, see README */
/*
 * modules.c - ELF objects of all images, merged: the same build ID is the same module wherever
 * it was loaded, unless its first page differs; without one, the same path is. Part of merging
 * (profile.h).
 */
#include "report/model/profile.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "report/model/library.h"

struct module_key {
	const uint8_t *build_id;
	size_t build_id_bytes; /* 0 = none */
	uint32_t page_hash, path;
};

static bool is_equal(const void *context, uint32_t element, const void *key)
{
	const struct mw_module *module =
		&((const struct mw_profile *)context)->modules.items[element];
	const struct module_key *wanted = key;
	if (module->build_id_bytes != wanted->build_id_bytes)
		return false;
	return wanted->build_id_bytes ? module->page_hash == wanted->page_hash &&
						memcmp(module->build_id, wanted->build_id,
							wanted->build_id_bytes) == 0
				      : module->path == wanted->path;
}

static int intern_module(
	struct mw_profile *profile, const struct module_key *key, uint32_t *module_idx_out)
{
	uint64_t hash = key->build_id_bytes
				? mw_hash_bytes(MW_HASH_START, key->build_id, key->build_id_bytes)
				: mw_hash_word(MW_HASH_START, key->path);
	if (mw_index_find(&profile->module_index, hash, is_equal, profile, key, module_idx_out) ==
		0)
		return 0;
	struct mw_module *module = mw_array_push(&profile->modules);
	if (!module)
		return -ENOMEM;
	const char *path = mw_profile_text(profile, key->path);
	module->path = key->path;
	module->page_hash = key->page_hash;
	module->build_id_bytes = (uint8_t)key->build_id_bytes;
	memcpy(module->build_id, key->build_id, key->build_id_bytes);
	module->is_shim = mw_run_is_shim(path);
	module->is_library = mw_library_is_module(path);
	*module_idx_out = (uint32_t)(profile->modules.n - 1);
	return mw_index_add(&profile->module_index, hash, *module_idx_out);
}

/* A module entry of the log; entries that make no sense are passed over. */
static int load_entry(struct mw_profile *profile, struct mw_image *image, struct mw_span entry)
{
	struct mwd_log_module fixed;
	struct mw_span path;
	if (!mw_span_read(entry, 0, &fixed, sizeof(fixed)) || fixed.id == 0 ||
		fixed.build_id_bytes > sizeof(fixed.build_id) ||
		!mw_span_part(entry, sizeof(fixed), fixed.path_bytes, &path))
		return 0;
	size_t path_bytes = mw_field_length((const char *)path.bytes, path.n_bytes);
	uint32_t path_id;
	int error = mw_strings_intern(
		&profile->strings, (const char *)path.bytes, path_bytes, &path_id);
	struct module_key key = { fixed.build_id, fixed.build_id_bytes, fixed.page_hash, path_id };
	uint32_t module_idx;
	if (!error)
		error = intern_module(profile, &key, &module_idx);
	struct mw_image_module *slot = error ? NULL : mw_array_push(&image->modules);
	if (!slot)
		return -ENOMEM;
	*slot = (struct mw_image_module){ fixed.id, module_idx };
	return 0;
}

static int compare_ids(const void *left, const void *right)
{
	const struct mw_image_module *a = left, *b = right;
	return a->id < b->id ? -1 : a->id > b->id;
}

int mw_profile_load_modules(struct mw_profile *profile, uint32_t image_idx)
{
	struct mw_image *image = &profile->images.items[image_idx];
	const struct mw_dump *dump = &profile->runs.items[image->run_idx].dump;
	struct mw_dump_log_cursor cursor = { 0 };
	struct mw_span span;
	while (mw_dump_next_log(dump, image->dump_idx, &cursor, &span)) {
		const struct mwd_log_entry *entry = (const struct mwd_log_entry *)span.bytes;
		int error = entry->type == MWD_LOG_MODULE ? load_entry(profile, image, span) : 0;
		if (error)
			return error;
	}
	if (image->modules.n > 0)
		qsort(image->modules.items, image->modules.n, sizeof(image->modules.items[0]),
			compare_ids);
	return 0;
}

static uint32_t find_own(const struct mw_image *image, uint32_t module_id)
{
	struct mw_image_module key = { module_id, 0 };
	const struct mw_image_module *found =
		image->modules.n == 0 ? NULL
				      : bsearch(&key, image->modules.items, image->modules.n,
						sizeof(key), compare_ids);
	return found ? found->module_idx : MW_NONE;
}

uint32_t mw_profile_find_module(
	const struct mw_profile *profile, uint32_t image_idx, uint32_t module_id)
{
	const struct mw_image *image = &profile->images.items[image_idx];
	const struct mw_dump *dump = &profile->runs.items[image->run_idx].dump;
	while (module_id < image->head->module_base) {
		uint32_t parent = dump->images.items[image->dump_idx].parent_idx;
		if (parent == MW_DUMP_NO_IMAGE)
			return MW_NONE;
		image = image - image->dump_idx + parent; /* a run's images stand together */
	}
	return find_own(image, module_id);
}
