/* SPDX: no licence chosen yet, see README */
/*
 * fixture.c - compile, strip and look up (fixture.h).
 */
#include "tests/unit/symbolize/fixture.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[64];

static void remove_directory(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	if (system(command) != 0)
		fprintf(stderr, "%s is left over\n", directory);
}

const char *fixture_directory(void)
{
	if (directory[0] == '\0') {
		strcpy(directory, "/tmp/symbolize-test-XXXXXX");
		if (!mkdtemp(directory))
			abort();
		atexit(remove_directory);
	}
	return directory;
}

bool fixture_run(const char *format, ...)
{
	char command[4096], line[4200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	snprintf(line, sizeof(line), "cd '%s' && %s", fixture_directory(), command);
	return system(line) == 0;
}

bool fixture_has(const char *program)
{
	return fixture_run("%s --version >/dev/null 2>&1", program);
}

const char *fixture_path(const char *name)
{
	static char paths[8][256];
	static unsigned next_idx;
	char *path = paths[next_idx++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", fixture_directory(), name);
	return path;
}

uint64_t fixture_symbol(const char *name, const char *symbol, uint64_t *size_out)
{
	char command[512], line[1024], found[512];
	uint64_t address = 0, candidate, size_bytes;
	FILE *pipe;

	snprintf(command, sizeof(command), "nm -fposix '%s'", fixture_path(name));
	pipe = popen(command, "r");
	while (pipe && fgets(line, sizeof(line), pipe)) {
		size_bytes = 0;
		if (sscanf(line, "%511s %*c %" SCNx64 " %" SCNx64, found, &candidate, &size_bytes) <
				2 ||
			strcmp(found, symbol) != 0)
			continue;
		address = candidate;
		if (size_out)
			*size_out = size_bytes;
	}
	if (pipe)
		pclose(pipe);
	return address;
}

uint32_t fixture_line(const char *source, const char *tag)
{
	char path[512], wanted[128], line[512];
	uint32_t line_number = 0, found = 0;
	size_t wanted_bytes = (size_t)snprintf(wanted, sizeof(wanted), "LINE: %s", tag);
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", FIXTURE_SOURCES, source);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		const char *hit = strstr(line, wanted);

		line_number++;
		if (hit && (hit[wanted_bytes] == ' ' || hit[wanted_bytes] == '\n'))
			found = line_number;
	}
	if (file)
		fclose(file);
	return found;
}

struct lookup lookup(const char *path, uint64_t address, const struct lookup_options *options)
{
	struct lookup_options none = { 0 };
	struct mw_symbolizer_options symbolizer_options = { .n_threads = 1 };
	struct lookup result = { 0 };
	unsigned module;
	size_t id;

	options = options ? options : &none;
	symbolizer_options.debug_path = options->debug_path;
	result.symbolizer = mw_symbolizer_create(&symbolizer_options);
	if (!result.symbolizer ||
		mw_symbolizer_add_module(result.symbolizer, path, options->build_id,
			options->build_id_bytes, &module) != 0 ||
		mw_symbolizer_want(
			result.symbolizer, module, address, options->is_return_address, &id) != 0 ||
		mw_symbolizer_resolve(result.symbolizer, NULL, NULL) != 0)
		abort();
	result.symbol = mw_symbolizer_get(result.symbolizer, id);
	result.source = mw_symbolizer_module_source(result.symbolizer, module, &result.reason);
	return result;
}

void lookup_end(struct lookup *lookup)
{
	lookup->symbolizer = mw_symbolizer_destroy(lookup->symbolizer);
}

const char *lookup_function(const struct lookup *lookup, size_t frame_idx)
{
	return frame_idx < lookup->symbol.n_frames ? lookup->symbol.frames[frame_idx].function
						   : NULL;
}

const char *lookup_file(const struct lookup *lookup, size_t frame_idx)
{
	const char *file;

	if (frame_idx >= lookup->symbol.n_frames)
		return NULL;
	file = lookup->symbol.frames[frame_idx].file;
	return file && strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
}

uint32_t lookup_line(const struct lookup *lookup, size_t frame_idx)
{
	return frame_idx < lookup->symbol.n_frames ? lookup->symbol.frames[frame_idx].line : 0;
}
