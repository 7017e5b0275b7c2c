/* SPDX: no licence chosen yet, see README */
/*
 * resolve.c - positions -> functions and lines, each (module, address) asked of the symbolizer
 * once for all images together. Between merging and aggregating.
 *
 * Every position gets at least one frame: what has no name goes by its module and
 * address, so that no byte loses its place. Markers and our own library get none.
 */
#include "report/model/profile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "report/model/library.h"
#include "report/util/format.h"

static bool is_function(const void *context, uint32_t element, const void *key)
{
	const struct mw_function *function =
		&((const struct mw_profile *)context)->functions.items[element];
	const struct mw_function *wanted = key;
	return function->name == wanted->name && function->file == wanted->file &&
	       function->is_region == wanted->is_region &&
	       function->module_idx == wanted->module_idx;
}

static bool is_in_library(const struct mw_profile *profile, const struct mw_function *function)
{
	if (function->is_region)
		return true;
	if (function->module_idx != MW_NONE &&
		profile->modules.items[function->module_idx].is_library)
		return true;
	return mw_library_is_function(
		mw_profile_text(profile, function->name), mw_profile_text(profile, function->file));
}

static int intern_function(struct mw_profile *profile, const struct mw_function *key, uint32_t *out)
{
	uint64_t hash = mw_hash_word(MW_HASH_START, (uint64_t)key->name << 32 | key->file);
	hash = mw_hash_word(hash, key->module_idx);
	if (mw_index_find(&profile->function_index, hash, is_function, profile, key, out) == 0)
		return 0;
	struct mw_function *function = mw_array_push(&profile->functions);
	if (!function)
		return -ENOMEM;
	*function = *key;
	function->is_library = is_in_library(profile, key);
	*out = (uint32_t)(profile->functions.n - 1);
	return mw_index_add(&profile->function_index, hash, *out);
}

static bool is_line(const void *context, uint32_t element, const void *key)
{
	const struct mw_line *line = &((const struct mw_profile *)context)->lines.items[element];
	const struct mw_line *wanted = key;
	return line->function_idx == wanted->function_idx && line->line == wanted->line &&
	       line->address == wanted->address;
}

static int intern_line(struct mw_profile *profile, const struct mw_line *key, uint32_t *out)
{
	uint32_t number = key->line;
	uint64_t hash = mw_hash_word(MW_HASH_START, (uint64_t)key->function_idx << 32 | number);
	hash = mw_hash_word(hash, key->address);
	if (mw_index_find(&profile->line_index, hash, is_line, profile, key, out) == 0)
		return 0;
	struct mw_line *line = mw_array_push(&profile->lines);
	if (!line)
		return -ENOMEM;
	*line = *key;
	line->first_share = MW_NONE;
	struct mw_function *function = &profile->functions.items[key->function_idx];
	if (number != 0 && (function->first_line == 0 || number < function->first_line))
		function->first_line = number;
	if (number > function->last_line)
		function->last_line = number;
	*out = (uint32_t)(profile->lines.n - 1);
	return mw_index_add(&profile->line_index, hash, *out);
}

/* @frame = NULL: no symbol; @address tells such lines apart. */
static int add_frame(struct mw_profile *profile, uint32_t position_idx, const char *name,
	const struct mw_symbol_frame *frame, uint64_t address)
{
	struct mw_position *position = &profile->positions.items[position_idx];
	struct mw_function function = { .module_idx = position->module_idx,
		.has_symbol = frame != NULL,
		.is_region = position->kind == MWD_NODE_REGION };
	const char *file = frame ? frame->file : NULL;
	struct mw_line line = { .line = file ? frame->line : 0, .address = address };
	uint32_t line_idx;
	int error = mw_strings_intern(&profile->strings, name, strlen(name), &function.name);
	if (!error)
		error = mw_strings_intern(
			&profile->strings, file, file ? strlen(file) : 0, &function.file);
	if (!error)
		error = intern_function(profile, &function, &line.function_idx);
	if (!error)
		error = intern_line(profile, &line, &line_idx);
	uint32_t *slot = error ? NULL : mw_array_push(&profile->frames);
	if (!slot)
		return -ENOMEM;
	*slot = line_idx;
	position->n_frames++;
	return 0;
}

/* A position no symbol is known for: function "[cc1]" and its address, "[jit]", "[kind 9]". */
static int add_made_up_frame(struct mw_profile *profile, uint32_t position_idx)
{
	const struct mw_position *position = &profile->positions.items[position_idx];
	char name[512];
	uint64_t address = 0;
	if (position->kind == MWD_NODE_NATIVE) {
		const char *path = "?";
		if (position->module_idx != MW_NONE)
			path = mw_profile_text(
				profile, profile->modules.items[position->module_idx].path);
		snprintf(name, sizeof(name), "[%.400s]", mw_format_basename(path));
		address = position->value - !position->is_exact;
	} else if (position->kind == MWD_NODE_JIT) {
		snprintf(name, sizeof(name), "[jit]");
	} else if (position->kind == MWD_NODE_REGION) {
		const struct mw_region *region = position->value < profile->regions.n
							 ? &profile->regions.items[position->value]
							 : NULL;
		snprintf(name, sizeof(name), "[task %.400s]",
			region ? mw_profile_text(profile, region->name) : "?");
	} else {
		snprintf(name, sizeof(name), "[kind %u]", position->kind);
	}
	return add_frame(profile, position_idx, name, NULL, address);
}

int mw_profile_add_rest_frame(struct mw_profile *profile, uint32_t position_idx, const char *name)
{
	struct mw_position *position = &profile->positions.items[position_idx];
	position->first_frame = (uint32_t)profile->frames.n;
	int error = add_frame(profile, position_idx, name, NULL, 0);
	if (!error) {
		uint32_t line_idx = profile->frames.items[position->first_frame];
		uint32_t function_idx = profile->lines.items[line_idx].function_idx;
		profile->functions.items[function_idx].is_rest = true;
	}
	return error;
}

static bool is_shown(const struct mw_profile *profile, const struct mw_position *position)
{
	if (position->kind == MWD_NODE_MARKER)
		return false;
	return position->module_idx == MW_NONE ||
	       !profile->modules.items[position->module_idx].is_shim;
}

static bool is_asked(const struct mw_profile *profile, const struct mw_position *position)
{
	return position->kind == MWD_NODE_NATIVE && position->module_idx != MW_NONE &&
	       is_shown(profile, position);
}

static int want_all(struct mw_profile *profile, struct mw_symbolizer *symbolizer)
{
	int error = 0;
	for (size_t i = 0; !error && i < profile->modules.n; i++) {
		struct mw_module *module = &profile->modules.items[i];
		if (module->is_used)
			error = mw_symbolizer_add_module(symbolizer,
				mw_profile_text(profile, module->path),
				module->build_id_bytes ? module->build_id : NULL,
				module->build_id_bytes, &module->handle);
	}
	for (size_t i = 0; !error && i < profile->positions.n; i++) {
		struct mw_position *position = &profile->positions.items[i];
		if (is_asked(profile, position))
			error = mw_symbolizer_want(symbolizer,
				profile->modules.items[position->module_idx].handle,
				position->value, !position->is_exact, &position->symbol_id);
	}
	return error;
}

static int take_position(
	struct mw_profile *profile, const struct mw_symbolizer *symbolizer, uint32_t position_idx)
{
	struct mw_position *position = &profile->positions.items[position_idx];
	position->first_frame = (uint32_t)profile->frames.n;
	if (!is_shown(profile, position))
		return 0;
	struct mw_symbol symbol = { NULL, 0 };
	if (is_asked(profile, position))
		symbol = mw_symbolizer_get(symbolizer, position->symbol_id);
	int error = 0;
	for (size_t i = 0; !error && i < symbol.n_frames; i++) {
		if (symbol.frames[i].function)
			error = add_frame(profile, position_idx, symbol.frames[i].function,
				&symbol.frames[i], 0);
		else
			error = add_made_up_frame(profile, position_idx);
	}
	if (!error && symbol.n_frames == 0)
		error = add_made_up_frame(profile, position_idx);
	return error;
}

static int take_sources(struct mw_profile *profile, const struct mw_symbolizer *symbolizer)
{
	for (size_t i = 0; i < profile->modules.n; i++) {
		struct mw_module *module = &profile->modules.items[i];
		if (!module->is_used)
			continue;
		const char *reason = NULL;
		module->source = mw_symbolizer_module_source(symbolizer, module->handle, &reason);
		int error = mw_strings_intern(&profile->strings, reason,
			reason ? strlen(reason) : 0, &module->source_reason);
		if (error)
			return error;
	}
	return 0;
}

int mw_profile_resolve(struct mw_profile *profile, const char *debug_path,
	void (*progress)(void *context, size_t n_done, size_t n_all), void *context)
{
	struct mw_symbolizer_options options = { .debug_path = debug_path };
	struct mw_symbolizer *symbolizer = mw_symbolizer_create(&options);
	if (!symbolizer)
		return -ENOMEM;
	int error = want_all(profile, symbolizer);
	if (!error)
		error = mw_symbolizer_resolve(symbolizer, progress, context);
	for (uint32_t i = 0; !error && i < profile->positions.n; i++)
		error = take_position(profile, symbolizer, i);
	if (!error)
		error = take_sources(profile, symbolizer);
	mw_symbolizer_destroy(symbolizer);
	return error;
}
