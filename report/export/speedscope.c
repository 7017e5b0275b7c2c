/* SPDX: no licence chosen yet, see README */
/*
 * speedscope.c - speedscope's own file format (https://www.speedscope.app/file-format-schema.json):
 * all frames once, then "sampled" profiles. Merged: a profile for each value there is, the wanted
 * one first; by process: a profile for each process.
 */
#include "report/export/weights.h"

#include <errno.h>

#include "report/util/json.h"

static void put_frames(struct mw_json_writer *writer, const struct mw_profile *profile)
{
	char name[MW_EXPORT_NAME_BYTES];
	mw_json_open_object(writer, "shared");
	mw_json_open_array(writer, "frames");
	for (uint32_t i = 0; i < profile->lines.n; i++) {
		const struct mw_line *line = &profile->lines.items[i];
		const char *file =
			mw_profile_text(profile, profile->functions.items[line->function_idx].file);
		mw_json_open_object(writer, NULL);
		mw_json_put_text(writer, "name", mw_weights_frame_name(profile, i, name));
		if (file)
			mw_json_put_text(writer, "file", file);
		if (line->line)
			mw_json_put_int(writer, "line", line->line);
		mw_json_close(writer);
	}
	mw_json_open_object(writer, NULL); /* the frame after all lines */
	mw_json_put_text(writer, "name", MW_EXPORT_UNATTRIBUTED);
	mw_json_close(writer);
	mw_json_close(writer);
	mw_json_close(writer);
}

struct part {
	const struct mw_profile *profile;
	const struct mw_weight *first, *end;
	const struct mw_export_options *options;
};

static int64_t put_weights(struct mw_json_writer *writer, const struct part *part)
{
	int64_t sum = 0;
	mw_json_open_array(writer, "weights");
	for (const struct mw_weight *weight = part->first; weight < part->end; weight++) {
		int64_t value = mw_weights_of(weight, part->options);
		if (value == 0)
			continue;
		mw_json_put_int(writer, NULL, value);
		sum = mw_plus(sum, value);
	}
	mw_json_close(writer);
	return sum;
}

static void put_samples(struct mw_json_writer *writer, const struct part *part)
{
	static uint32_t lines[MW_EXPORT_MAX_DEPTH];
	mw_json_open_array(writer, "samples");
	for (const struct mw_weight *weight = part->first; weight < part->end; weight++) {
		if (mw_weights_of(weight, part->options) == 0)
			continue;
		size_t n = mw_weights_stack(
			part->profile, weight->site_idx, lines, MW_EXPORT_MAX_DEPTH);
		if (n == 0)
			lines[n++] = (uint32_t)part->profile->lines.n;
		mw_json_open_array(writer, NULL);
		for (size_t i = 0; i < n; i++)
			mw_json_put_int(writer, NULL, lines[i]);
		mw_json_close(writer);
	}
	mw_json_close(writer);
}

static void put_profile(struct mw_json_writer *writer, const struct part *part, const char *name)
{
	bool is_bytes = part->options->value->unit[0] == 'b';
	mw_json_open_object(writer, NULL);
	mw_json_put_text(writer, "type", "sampled");
	mw_json_put_text(writer, "name", name);
	mw_json_put_text(writer, "unit", is_bytes ? "bytes" : "none");
	mw_json_put_int(writer, "startValue", 0);
	put_samples(writer, part);
	int64_t sum = put_weights(writer, part);
	mw_json_put_int(writer, "endValue", sum);
	mw_json_close(writer);
}

static void put_by_value(struct mw_json_writer *writer, struct part part)
{
	const struct mw_export_value *wanted = part.options->value;
	struct mw_export_options options = *part.options;
	part.options = &options;
	put_profile(writer, &part, wanted->help);
	for (size_t i = 0; i < mw_export_n_values; i++) {
		options.value = &mw_export_values[i];
		if (options.value != wanted)
			put_profile(writer, &part, options.value->help);
	}
}

static void put_by_process(struct mw_json_writer *writer, struct part part)
{
	const struct mw_weight *end = part.end;
	char name[MW_EXPORT_NAME_BYTES];
	for (; part.first < end; part.first = part.end) {
		for (part.end = part.first; part.end < end; part.end++)
			if (part.end->group != part.first->group)
				break;
		mw_weights_group_name(part.profile, part.first->group, true, name);
		put_profile(writer, &part, name);
	}
}

int mw_export_speedscope(
	FILE *out, const struct mw_view *view, const struct mw_export_options *options)
{
	const struct mw_profile *profile = &view->profile;
	struct mw_json_writer writer = { .out = out };
	struct mw_weights weights;
	int error = mw_weights_collect(&weights, profile, options->is_per_process);
	const struct mw_weight *items = weights.items.items;
	/* Adding to NULL is undefined, even 0. */
	const struct mw_weight *end = weights.items.n ? items + weights.items.n : items;
	struct part part = { profile, items, end, options };
	const char *command = profile->runs.n ? profile->runs.items[0].info.command : NULL;
	mw_json_open_object(&writer, NULL);
	mw_json_put_text(&writer, "$schema", "https://www.speedscope.app/file-format-schema.json");
	mw_json_put_text(&writer, "exporter", "memwatch-preload " MEMWATCH_VERSION);
	mw_json_put_text(&writer, "name", command ? command : "memwatch-preload");
	put_frames(&writer, profile);
	mw_json_open_array(&writer, "profiles");
	if (!error && options->is_per_process)
		put_by_process(&writer, part);
	else if (!error)
		put_by_value(&writer, part);
	mw_json_close(&writer);
	mw_json_close(&writer);
	putc('\n', out);
	mw_weights_deinit(&weights);
	return error || !writer.has_failed ? error : ferror(out) ? -EIO : -ENOMEM;
}
