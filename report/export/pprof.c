/* SPDX: no licence chosen yet, see README */
/*
 * pprof.c - profile.proto of pprof, gzipped: all values of --value as sample types, the wanted one
 * the default. Locations are lines of code (addresses were merged over processes), mappings the
 * modules with their build IDs. By process, samples carry the labels "process" and "pid".
 *
 * Encoded message by message, as protobuf allows: a Profile is the concatenation of Profiles that
 * have one field each, so memory does not grow with the number of samples.
 */
#include "report/export/weights.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <profile.pb-c.h>
#include "report/model/pids.h"
#include "report/util/index.h"

#define N_VALUES 4

struct writer {
	const struct mw_profile *profile;
	gzFile file;
	struct mw_strings strings; /* id = index in the string table */
	uint64_t unattributed_id;  /* function and location after all lines */
	bool has_failed;
};

static int64_t intern(struct writer *writer, const char *text)
{
	uint32_t id = 0;
	if (text && *text && mw_strings_intern(&writer->strings, text, strlen(text), &id))
		writer->has_failed = true;
	return id;
}

static void emit(struct writer *writer, const Memwatch__Pprof__Profile *piece)
{
	size_t n_bytes = memwatch__pprof__profile__get_packed_size(piece);
	uint8_t *bytes = malloc(n_bytes + 1);
	if (!bytes) {
		writer->has_failed = true;
		return;
	}
	memwatch__pprof__profile__pack(piece, bytes);
	if (n_bytes && gzwrite(writer->file, bytes, (unsigned)n_bytes) <= 0)
		writer->has_failed = true;
	free(bytes);
}

static void put_mapping(struct writer *writer, size_t module_idx)
{
	const struct mw_module *module = &writer->profile->modules.items[module_idx];
	Memwatch__Pprof__Mapping mapping = MEMWATCH__PPROF__MAPPING__INIT;
	Memwatch__Pprof__Mapping *mappings[] = { &mapping };
	Memwatch__Pprof__Profile piece = MEMWATCH__PPROF__PROFILE__INIT;
	char build_id[2 * sizeof(module->build_id) + 1] = "";
	for (size_t i = 0; i < module->build_id_bytes; i++)
		snprintf(build_id + 2 * i, 3, "%02x", module->build_id[i]);
	mapping.id = module_idx + 1;
	mapping.filename = intern(writer, mw_profile_text(writer->profile, module->path));
	mapping.build_id = intern(writer, build_id);
	/* Symbolized already: pprof must not look for addresses that we do not give. */
	mapping.has_functions = mapping.has_filenames = true;
	mapping.has_line_numbers = mapping.has_inline_frames = true;
	piece.n_mapping = 1;
	piece.mapping = mappings;
	emit(writer, &piece);
}

/* A line is a location with a function of its own: names of code without symbols differ by line. */
static void put_location(struct writer *writer, uint64_t id, uint64_t mapping_id, const char *name,
	const char *file, uint32_t number)
{
	Memwatch__Pprof__Function function = MEMWATCH__PPROF__FUNCTION__INIT;
	Memwatch__Pprof__Line line = MEMWATCH__PPROF__LINE__INIT;
	Memwatch__Pprof__Location location = MEMWATCH__PPROF__LOCATION__INIT;
	Memwatch__Pprof__Profile piece = MEMWATCH__PPROF__PROFILE__INIT;
	Memwatch__Pprof__Function *functions[] = { &function };
	Memwatch__Pprof__Line *lines[] = { &line };
	Memwatch__Pprof__Location *locations[] = { &location };
	function.id = line.function_id = location.id = id;
	function.name = function.system_name = intern(writer, name);
	function.filename = intern(writer, file);
	line.line = number;
	location.mapping_id = mapping_id;
	location.n_line = 1;
	location.line = lines;
	piece.n_function = 1;
	piece.function = functions;
	piece.n_location = 1;
	piece.location = locations;
	emit(writer, &piece);
}

static void put_locations(struct writer *writer)
{
	const struct mw_profile *profile = writer->profile;
	char name[MW_EXPORT_NAME_BYTES];
	for (uint32_t i = 0; i < profile->lines.n; i++) {
		const struct mw_line *line = &profile->lines.items[i];
		const struct mw_function *function = &profile->functions.items[line->function_idx];
		put_location(writer, i + 1u,
			function->module_idx == MW_NONE ? 0 : function->module_idx + 1u,
			mw_weights_frame_name(profile, i, name),
			mw_profile_text(profile, function->file), line->line);
	}
	writer->unattributed_id = profile->lines.n + 1;
	put_location(writer, writer->unattributed_id, 0, MW_EXPORT_UNATTRIBUTED, NULL, 0);
}

static void put_value_types(struct writer *writer, const struct mw_export_options *options)
{
	Memwatch__Pprof__ValueType types[N_VALUES];
	Memwatch__Pprof__ValueType *pointers[N_VALUES];
	Memwatch__Pprof__Profile piece = MEMWATCH__PPROF__PROFILE__INIT;
	for (size_t i = 0; i < N_VALUES; i++) {
		memwatch__pprof__value_type__init(&types[i]);
		types[i].type = intern(writer, mw_export_values[i].name);
		types[i].unit = intern(writer, mw_export_values[i].unit);
		pointers[i] = &types[i];
	}
	piece.n_sample_type = N_VALUES;
	piece.sample_type = pointers;
	piece.default_sample_type = intern(writer, options->value->name);
	emit(writer, &piece);
}

static size_t fill_labels(struct writer *writer, const struct mw_weight *weight,
	Memwatch__Pprof__Label labels[static 2])
{
	const struct mw_image *image = &writer->profile->images.items[weight->group];
	memwatch__pprof__label__init(&labels[0]);
	memwatch__pprof__label__init(&labels[1]);
	labels[0].key = intern(writer, "process");
	labels[0].str = intern(writer, mw_profile_text(writer->profile, image->program));
	labels[1].key = intern(writer, "pid");
	labels[1].num = (int64_t)mw_pids_shown(image->pid);
	return 2;
}

static void put_sample(struct writer *writer, const struct mw_weight *weight,
	const struct mw_export_options *options)
{
	static uint32_t lines[MW_EXPORT_MAX_DEPTH];
	static uint64_t ids[MW_EXPORT_MAX_DEPTH];
	Memwatch__Pprof__Sample sample = MEMWATCH__PPROF__SAMPLE__INIT;
	Memwatch__Pprof__Sample *samples[] = { &sample };
	Memwatch__Pprof__Label labels[2];
	Memwatch__Pprof__Label *label_pointers[] = { &labels[0], &labels[1] };
	Memwatch__Pprof__Profile piece = MEMWATCH__PPROF__PROFILE__INIT;
	int64_t values[N_VALUES];
	size_t n = mw_weights_stack(writer->profile, weight->site_idx, lines, MW_EXPORT_MAX_DEPTH);
	for (size_t i = 0; i < n; i++)
		ids[i] = lines[n - 1 - i] + 1u;
	if (n == 0)
		ids[n++] = writer->unattributed_id;
	for (size_t i = 0; i < N_VALUES; i++) {
		int64_t value = mw_columns[mw_export_values[i].column].get(&weight->sums);
		values[i] = value > 0 ? value : 0;
	}
	sample.n_location_id = n;
	sample.location_id = ids;
	sample.n_value = N_VALUES;
	sample.value = values;
	if (options->is_per_process) {
		sample.n_label = fill_labels(writer, weight, labels);
		sample.label = label_pointers;
	}
	piece.n_sample = 1;
	piece.sample = samples;
	emit(writer, &piece);
}

static void put_strings(struct writer *writer)
{
	char *empty[] = { (char *)"" };
	Memwatch__Pprof__Profile piece = MEMWATCH__PPROF__PROFILE__INIT;
	piece.n_string_table = 1;
	piece.string_table = empty;
	emit(writer, &piece);
	for (size_t i = 0; i < writer->strings.texts.n; i++) {
		piece.string_table = &writer->strings.texts.items[i];
		emit(writer, &piece);
	}
}

static void put_all(struct writer *writer, const struct mw_weights *weights,
	const struct mw_export_options *options)
{
	put_value_types(writer, options);
	for (size_t i = 0; i < writer->profile->modules.n; i++)
		put_mapping(writer, i);
	put_locations(writer);
	for (size_t i = 0; i < weights->items.n; i++)
		put_sample(writer, &weights->items.items[i], options);
	put_strings(writer);
}

int mw_export_pprof(FILE *out, const struct mw_view *view, const struct mw_export_options *options)
{
	struct writer writer = { .profile = &view->profile };
	struct mw_weights weights;
	int error = mw_weights_collect(&weights, &view->profile, options->is_per_process);
	int fd = fflush(out) ? -1 : dup(fileno(out));
	writer.file = fd < 0 ? NULL : gzdopen(fd, "wb");
	if (!writer.file && fd >= 0)
		close(fd);
	if (!error && writer.file)
		put_all(&writer, &weights, options);
	if (!writer.file || gzclose(writer.file) != Z_OK || writer.has_failed)
		error = error ? error : -EIO;
	mw_strings_deinit(&writer.strings);
	mw_weights_deinit(&weights);
	return error;
}
