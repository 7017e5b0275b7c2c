/* SPDX: no licence chosen yet, see README */
/*
 * json_sites.c - the JSON report's modules, functions, lines and sites.
 *
 * A site's id is a hash of its class and of (build ID or path, function, base name of the file,
 * line or address) from the innermost frame outwards: the same program gives the same ids wherever
 * it is loaded, so runs can be compared. Stacks that differ in addresses only have one id, and are
 * one element here.
 */
#include "report/render/json_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/util/format.h"

void mw_json_modules(struct mw_json_writer *writer, const struct mw_view *view)
{
	static const char *const sources[] = { [MW_SYMBOL_SOURCE_NONE] = "none",
		[MW_SYMBOL_SOURCE_SYMTAB] = "symtab",
		[MW_SYMBOL_SOURCE_DWARF] = "dwarf" };
	const struct mw_profile *profile = &view->profile;
	mw_json_open_array(writer, "modules");
	for (size_t i = 0; i < profile->modules.n; i++) {
		const struct mw_module *module = &profile->modules.items[i];
		char build_id[2 * sizeof(module->build_id) + 1] = "";
		for (size_t at = 0; at < module->build_id_bytes; at++)
			snprintf(build_id + 2 * at, 3, "%02x", module->build_id[at]);
		mw_json_open_object(writer, NULL);
		mw_json_put_text(writer, "build_id", build_id[0] ? build_id : NULL);
		mw_json_put_bool(writer, "is_used", module->is_used);
		mw_json_put_text(writer, "path", mw_profile_text(profile, module->path));
		mw_json_put_text(writer, "reason", mw_profile_text(profile, module->source_reason));
		mw_json_put_text(writer, "symbols", sources[module->source]);
		mw_json_close(writer);
	}
	mw_json_close(writer);
}

void mw_json_functions(struct mw_json_writer *writer, const struct mw_view *view)
{
	const struct mw_profile *profile = &view->profile;
	mw_json_open_array(writer, "functions");
	for (size_t i = 0; i < profile->functions.n; i++) {
		const struct mw_function *function = &profile->functions.items[i];
		mw_json_open_object(writer, NULL);
		mw_json_put_text(writer, "file", mw_profile_text(profile, function->file));
		mw_json_put_int(writer, "first_line", function->first_line);
		mw_json_put_bool(writer, "has_symbol", function->has_symbol);
		mw_json_put_int(writer, "last_line", function->last_line);
		mw_json_index(writer, "module", function->module_idx);
		mw_json_put_text(writer, "name", mw_profile_text(profile, function->name));
		mw_json_classes(writer, "through", function->through);
		mw_json_close(writer);
	}
	mw_json_close(writer);
}

static void put_shares(
	struct mw_json_writer *writer, const struct mw_profile *profile, const struct mw_line *line)
{
	mw_json_open_array(writer, "programs");
	for (uint32_t at = line->first_share; at != MW_NONE; at = profile->shares.items[at].next) {
		const struct mw_share *share = &profile->shares.items[at];
		mw_json_open_object(writer, NULL);
		mw_json_put_text(writer, "class", mw_json_class_name(share->class));
		mw_json_put_int(writer, "n_images", share->n_images);
		mw_json_put_text(writer, "program", mw_profile_text(profile, share->program));
		mw_json_put_int(writer, "tree_peak_blocks", share->blocks);
		mw_json_put_int(writer, "tree_peak_bytes", share->bytes);
		mw_json_close(writer);
	}
	mw_json_close(writer);
}

void mw_json_lines(struct mw_json_writer *writer, const struct mw_view *view)
{
	const struct mw_profile *profile = &view->profile;
	mw_json_open_array(writer, "lines");
	for (size_t i = 0; i < profile->lines.n; i++) {
		const struct mw_line *line = &profile->lines.items[i];
		mw_json_open_object(writer, NULL);
		if (profile->functions.items[line->function_idx].has_symbol)
			mw_json_put_null(writer, "address");
		else
			mw_json_put_int(writer, "address", (int64_t)line->address);
		mw_json_put_int(writer, "function", line->function_idx);
		mw_json_put_int(writer, "line", line->line);
		mw_json_classes(writer, "owned", line->owned);
		put_shares(writer, profile, line);
		mw_json_classes(writer, "through", line->through);
		mw_json_close(writer);
	}
	mw_json_close(writer);
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	return mw_hash_bytes(hash, text ? text : "", text ? strlen(text) + 1 : 1);
}

static uint64_t hash_line(const struct mw_profile *profile, const struct mw_line *line)
{
	const struct mw_function *function = &profile->functions.items[line->function_idx];
	const char *file = mw_profile_text(profile, function->file);
	char number[40];
	uint64_t hash = MW_HASH_START;
	if (function->module_idx != MW_NONE) {
		const struct mw_module *module = &profile->modules.items[function->module_idx];
		hash = module->build_id_bytes
			       ? mw_hash_bytes(hash, module->build_id, module->build_id_bytes)
			       : hash_text(hash, mw_profile_text(profile, module->path));
	}
	hash = hash_text(hash, mw_profile_text(profile, function->name));
	hash = hash_text(hash, file ? mw_format_basename(file) : NULL);
	snprintf(number, sizeof(number), "%" PRIu32 "+%" PRIx64, line->line, line->address);
	return hash_text(hash, number);
}

struct site_id {
	uint64_t id;
	uint32_t site_idx;
};

static int compare_ids(const void *left, const void *right)
{
	const struct site_id *a = left, *b = right;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return a->site_idx < b->site_idx ? -1 : a->site_idx > b->site_idx;
}

/* Ids of all sites, equal ones together; owned by the caller. */
static struct site_id *sort_ids(const struct mw_profile *profile)
{
	struct site_id *ids = malloc((profile->sites.n + 1) * sizeof(*ids));
	uint64_t *hashes = malloc((profile->lines.n + 1) * sizeof(*hashes));
	for (size_t i = 0; ids && hashes && i < profile->lines.n; i++)
		hashes[i] = hash_line(profile, &profile->lines.items[i]);
	for (uint32_t i = 0; ids && hashes && i < profile->sites.n; i++) {
		const struct mw_site *site = &profile->sites.items[i];
		struct mw_frame_walk walk = { .stack = site->stack };
		uint64_t id = hash_text(MW_HASH_START, mw_json_class_name(site->class));
		uint32_t line_idx;
		while (mw_profile_next_frame(profile, &walk, &line_idx))
			id = mw_hash_word(id, hashes[line_idx]);
		ids[i] = (struct site_id){ id, i };
	}
	if (ids && hashes) {
		qsort(ids, profile->sites.n, sizeof(*ids), compare_ids);
	} else {
		free(ids);
		ids = NULL;
	}
	free(hashes);
	return ids;
}

static void put_site(struct mw_json_writer *writer, const struct mw_profile *profile,
	const struct site_id *id, const struct mw_sums *sums)
{
	const struct mw_site *site = &profile->sites.items[id->site_idx];
	struct mw_frame_walk walk = { .stack = site->stack };
	char text[20];
	uint32_t line_idx;
	snprintf(text, sizeof(text), "%016" PRIx64, id->id);
	mw_json_open_object(writer, NULL);
	mw_json_put_text(writer, "class", mw_json_class_name(site->class));
	mw_json_counters(writer, "counters", sums);
	mw_json_put_text(writer, "id", text);
	mw_json_put_bool(writer, "is_partial", profile->stacks.items[site->stack].is_partial);
	mw_json_index(writer, "owner_line", site->owner_line);
	mw_json_open_array(writer, "stack");
	while (mw_profile_next_frame(profile, &walk, &line_idx))
		mw_json_put_int(writer, NULL, line_idx);
	mw_json_close(writer);
	mw_json_close(writer);
}

int mw_json_sites(struct mw_json_writer *writer, const struct mw_view *view)
{
	const struct mw_profile *profile = &view->profile;
	struct site_id *ids = sort_ids(profile);
	mw_json_open_array(writer, "sites");
	for (size_t i = 0; ids && i < profile->sites.n;) {
		struct mw_sums sums = { 0 };
		size_t first = i;
		for (; i < profile->sites.n && ids[i].id == ids[first].id; i++)
			mw_sums_add(&sums, &profile->sites.items[ids[i].site_idx].sums);
		put_site(writer, profile, &ids[first], &sums);
	}
	mw_json_close(writer);
	free(ids);
	return ids ? 0 : -ENOMEM;
}
